"""A site of five views, for the middleware to stand before."""

from __future__ import annotations

from django.contrib import auth
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from broadsheet.readers.models import Reader


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<p>a page</p>")


def data(request: HttpRequest) -> HttpResponse:
    return JsonResponse({})


def feed(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<rss/>", headers={"Cache-Control": "public, max-age=300"})


def log_in(request: HttpRequest, email: str) -> HttpResponse:
    reader = Reader.objects.get(email=email)
    auth.login(request, reader, "django.contrib.auth.backends.ModelBackend")
    return HttpResponse("<p>in</p>")


def log_out(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return HttpResponse("<p>out</p>")


urlpatterns = [
    path("page/", page),
    path("data/", data),
    path("feed/", feed),
    path("in/<email>/", log_in),
    path("out/", log_out),
]
