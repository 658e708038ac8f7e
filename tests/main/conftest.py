from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def plain_static(settings):
    """Let pages be rendered without collecting static files first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
