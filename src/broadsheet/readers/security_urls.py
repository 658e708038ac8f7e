"""Addresses under `/account/security/`: the reader's own pages."""

from __future__ import annotations

from django.urls import path

from .views import security

app_name = "security"

urlpatterns = [
    path("", security.index, name="index"),
    path("password/", security.password, name="password"),
    path("email/", security.email, name="email"),
    path("name/", security.rename, name="name"),
    path("prove/", security.prove, name="prove"),
    path("devices/<int:session_id>/end/", security.end_device, name="end-device"),
    path("log-out-everywhere/", security.log_out_everywhere, name="everywhere"),
    path("data.json", security.own_data, name="data"),
]
