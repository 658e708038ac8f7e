"""
Pictures and documents, for a publication on one machine. Where there is a proxy, it
serves them from storage with the same headers (docs/operating/security.md).

What staff upload is shown on our own origin, so nothing of it may run: a picture is a
picture, everything else is a file to be saved.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from django.views.static import serve

SHOWN = ("image/avif", "image/gif", "image/jpeg", "image/png", "image/webp")
# A picture's name changes with its content; a document may be replaced in its place.
A_YEAR, AN_HOUR = 31_536_000, 3600


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Serve one file of MEDIA_ROOT; 404 for a folder or for what is not there."""
    response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if response.headers.get("Content-Type") in SHOWN:
        patch_cache_control(response, public=True, max_age=A_YEAR, immutable=True)
    else:
        response.headers["Content-Disposition"] = "attachment"
        patch_cache_control(response, public=True, max_age=AN_HOUR)
    return response
