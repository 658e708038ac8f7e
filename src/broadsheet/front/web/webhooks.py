"""Where payment gateways tell us what happened. The raw body goes in untouched."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from broadsheet.business.payments import actions as payments
from broadsheet.plumbing import publication

LARGEST = 256 * 1024


@csrf_exempt  # Signed instead: a gateway has no session.
@require_POST
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    if int(request.headers.get("Content-Length") or 0) > LARGEST:
        return HttpResponse("The body is too large.", status=413)
    try:
        payments.receive(
            provider,
            body=request.body,
            headers=request.headers,
            at=publication.now(),
        )
    except payments.NoSuchProvider:
        return HttpResponse("There is no such provider.", status=404)
    except payments.Forged:
        return HttpResponse("The signature does not match.", status=400)
    return HttpResponse(status=204)
