"""Every address the publication answers."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView
from wagtail.admin import urls as wagtailadmin_urls

urlpatterns = [
    path("accounts/", include("broadsheet.readers.urls")),
    path("account/security/", include("broadsheet.readers.security_urls")),
    path(
        "desk/login/",
        RedirectView.as_view(pattern_name="accounts:login", query_string=True),
    ),
    path("desk/", include(wagtailadmin_urls)),
]
