"""The desk's pages name their files without the hashes that `collectstatic` gives."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def plain_static_files(settings):
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": plain}}
