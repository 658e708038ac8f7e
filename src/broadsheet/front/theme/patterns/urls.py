from django.urls import path

from . import views

urlpatterns = [
    path("", views.index, name="patterns"),
    path("<slug:name>/", views.show, name="pattern"),
]
