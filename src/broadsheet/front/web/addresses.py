"""Sending a browser on."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect


def see_other(address: str) -> HttpResponse:
    """Send the browser on with a GET, whatever it came with."""
    return HttpResponseRedirect(address, status=303)
