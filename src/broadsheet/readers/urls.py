"""Addresses under `/accounts/`: coming in and going out."""

from __future__ import annotations

from django.urls import path

from .views import entrance, security

app_name = "accounts"

urlpatterns = [
    path("login/", entrance.login, name="login"),
    path("signup/", entrance.signup, name="signup"),
    path("code/", entrance.code, name="code"),
    path("code/again/", entrance.send_again, name="again"),
    path("link/<str:token>/", entrance.link, name="link"),
    path("password/", entrance.password, name="password"),
    path("password/reset/", entrance.reset, name="reset"),
    path("welcome/", security.welcome, name="welcome"),
    path("logout/", entrance.logout, name="logout"),
    path("signed-out/", entrance.signed_out, name="signed-out"),
]
