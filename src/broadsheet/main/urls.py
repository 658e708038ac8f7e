"""Every address the publication answers. The readers' own come last: `/<section>/`."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from broadsheet.front.theme.patterns import urls as patterns
from broadsheet.front.web import (
    account,
    cancelling,
    gifts,
    invoices,
    media,
    pausing,
    returning,
    search,
    subscribe,
    switching,
    webhooks,
)

urlpatterns = [
    path("accounts/", include("broadsheet.readers.urls")),
    path("account/security/", include("broadsheet.readers.security_urls")),
    path("account/", account.overview, name="account"),
    path("account/pay/", account.pay, name="pay"),
    path("account/place/", account.move, name="move"),
    path("account/invoices/<uuid:invoice_id>/", invoices.invoice, name="invoice"),
    path("account/invoices/<uuid:invoice_id>/invoice.pdf", invoices.drawn),
    path("account/credit-notes/<uuid:note_id>/note.pdf", invoices.credit_note),
    path("account/plan/", switching.plans, name="switch"),
    path("account/plan/keep/", switching.keep, name="keep-plan"),
    path("account/pause/", pausing.pause, name="pause"),
    path("account/resume/", pausing.resume, name="resume"),
    path("account/cancel/", cancelling.cancel, name="cancel"),
    path("account/cancel/now/", cancelling.cancel_now, name="cancel-now"),
    path("account/cancel/stay/", cancelling.stay, name="stay"),
    path("account/cancel/undo/", cancelling.undo, name="undo-cancel"),
    path("account/gifts/take-back/", gifts.take_back, name="take-back"),
    path("gift/give/<int:story_id>/", gifts.give, name="give"),
    path("subscribe/", subscribe.plans, name="subscribe"),
    path("subscribe/return/<uuid:checkout_id>/", returning.come_back, name="come-back"),
    path("payments/<slug:provider>/webhook/", webhooks.receive, name="webhook"),
    path("search/", search.search, name="search"),
    path("api/v1/", include("broadsheet.front.api.urls")),
    path(
        "desk/login/",
        RedirectView.as_view(pattern_name="accounts:login", query_string=True),
    ),
    path("desk/patterns/", include(patterns)),
    path("desk/documents/", include(wagtaildocs_urls)),
    path("desk/", include(wagtailadmin_urls)),
    path("media/<path:path>", media.media, name="media"),
    path("", include("broadsheet.front.web.urls")),
]

handler400 = "broadsheet.front.web.errors.bad_request"
handler403 = "broadsheet.front.web.errors.forbidden"
handler404 = "broadsheet.front.web.errors.not_found"
handler500 = "broadsheet.front.web.errors.server_error"
