"""Addresses of the API, below /api/v1/."""

from __future__ import annotations

from .v1 import api

urlpatterns = api.urls[0]
