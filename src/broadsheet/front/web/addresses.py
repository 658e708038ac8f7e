"""Where a reader may be sent back to: addresses of this site, and no others."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

LONGEST = 600


def local_path(given: str, otherwise: str) -> str:
    """Return `given` if it is a path on this site (a fragment may follow)."""
    fits = given.startswith("/") and len(given) <= LONGEST and given.isprintable()
    if fits and url_has_allowed_host_and_scheme(given, allowed_hosts=None):
        return given
    return otherwise


def see_other(address: str) -> HttpResponse:
    """Send the browser on with a GET, whatever it came with."""
    return HttpResponseRedirect(address, status=303)
