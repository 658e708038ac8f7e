"""Addresses of the API, below /api/v1/. What is not there is said in the API's shape."""

from __future__ import annotations

from django.urls import re_path

from . import problems
from .v1 import api

app_name = api.urls_namespace  # By which the documents find openapi.json.
urlpatterns = [
    *problems.in_one_shape(api, api.urls[0]),
    re_path("", problems.nothing_here(api)),
]
