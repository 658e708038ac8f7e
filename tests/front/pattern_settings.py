"""Django's settings for the pattern book alone: its addresses at the root."""

from broadsheet.main.settings import *  # noqa: F403  all of them, and four of our own

ROOT_URLCONF = "broadsheet.front.theme.patterns.urls"
DEBUG = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
