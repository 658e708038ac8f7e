"""Every address the publication answers."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView
from wagtail.admin import urls as wagtailadmin_urls

handler400 = "broadsheet.front.web.errors.bad_request"
handler403 = "broadsheet.front.web.errors.forbidden"
handler404 = "broadsheet.front.web.errors.not_found"
handler500 = "broadsheet.front.web.errors.server_error"

urlpatterns = [
    path("accounts/", include("broadsheet.readers.urls")),
    path("account/security/", include("broadsheet.readers.security_urls")),
    path(
        "desk/login/",
        RedirectView.as_view(pattern_name="accounts:login", query_string=True),
    ),
    path("desk/patterns/", include("broadsheet.front.theme.patterns.urls")),
    path("desk/", include(wagtailadmin_urls)),
    path("", include("broadsheet.front.web.urls")),  # It takes any word: last of all.
]
