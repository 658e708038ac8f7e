"""Django's settings, derived from the few that an engineer gives (plumbing.settings)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from broadsheet.plumbing import database, logs
from broadsheet.plumbing.settings import read

BROADSHEET = read()
PACKAGE = Path(__file__).resolve().parents[1]

SECRET_KEY = BROADSHEET.secret
DEBUG = BROADSHEET.debug
ALLOWED_HOSTS = [BROADSHEET.host]
CSRF_TRUSTED_ORIGINS = [BROADSHEET.origin]
ROOT_URLCONF = "broadsheet.main.urls"
ASGI_APPLICATION = "broadsheet.main.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": database.django_database(database.address(BROADSHEET))}

INSTALLED_APPS = [
    "broadsheet.main",
    "broadsheet.front.theme",
    "broadsheet.front.web",
    "broadsheet.front.api",
    "broadsheet.front.desk",
    "broadsheet.news.archive",
    "broadsheet.news.newsroom",
    "broadsheet.business.subscriptions",
    "broadsheet.business.payments",
    "broadsheet.business.ledger",
    "broadsheet.business.catalogue",
    "broadsheet.readers",
    "broadsheet.gate.house",
    "broadsheet.plumbing",
    "procrastinate.contrib.django",
    "ninja",  # Its pages and scripts come from us, not from a network of others.
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "wagtail.contrib.settings",
    "wagtail.contrib.table_block",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "broadsheet.main.requests.RequestMiddleware",
    "broadsheet.main.requests.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "broadsheet.front.web.language.PublicationLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "broadsheet.gate.house.middleware.PassMiddleware",
    # After those whose work an error page shows: who reads, and in which language.
    "broadsheet.main.requests.NulMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "broadsheet.readers.middleware.LastSeenMiddleware",
    "broadsheet.front.web.moved.OldAddressMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "broadsheet.front.desk.zone.DeskTimeMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "broadsheet.front.theme.context.paper",
                "broadsheet.front.web.context.furniture",
            ],
        },
    }
]

# --- Readers and their sessions -------------------------------------------------

AUTH_USER_MODEL = "readers.Reader"
# One backend: allauth's own would look an address up without its index, and hash the
# password a second time.
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/account/"
WAGTAILADMIN_LOGIN_URL = LOGIN_URL
WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
# Browsers take a Secure cookie from a loopback address, so development runs with
# the same cookies as production.
SESSION_COOKIE_NAME = "__Host-broadsheet-session"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_AGE = 90 * 24 * 3600
CSRF_COOKIE_NAME = "__Host-broadsheet-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "broadsheet.front.web.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# The security headers are kit/headers.py's, one table for Django and the gate.
SECURE_REFERRER_POLICY = None
SECURE_CROSS_ORIGIN_OPENER_POLICY = None

# --- Language, time, files --------------------------------------------------------

LANGUAGE_CODE = "en-in"
LANGUAGES = [
    ("en-in", "English"),
    ("hi", "हिन्दी"),
    ("bn", "বাংলা"),
    ("te", "తెలుగు"),
    ("mr", "मराठी"),
    ("ta", "தமிழ்"),
    ("gu", "ગુજરાતી"),
    ("kn", "ಕನ್ನಡ"),
    ("ml", "മലയാളം"),
]
LOCALE_PATHS = [PACKAGE / "front" / "theme" / "locale"]
FORMAT_MODULE_PATH = "broadsheet.front.theme.formats"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
STATIC_ROOT = BROADSHEET.var / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = BROADSHEET.var / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Logs -------------------------------------------------------------------------

LOGGING = logs.LOGGING
logs.configure()

# --- Mail, jobs, Wagtail ----------------------------------------------------------

_SMTP = urlsplit(BROADSHEET.smtp_url)
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _SMTP.hostname
EMAIL_PORT = _SMTP.port or (465 if _SMTP.scheme == "smtps" else 25)
EMAIL_HOST_USER = _SMTP.username or ""
EMAIL_HOST_PASSWORD = _SMTP.password or ""
EMAIL_USE_SSL = _SMTP.scheme == "smtps"
EMAIL_TIMEOUT = 10

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

WAGTAIL_SITE_NAME = "Broadsheet"
WAGTAILADMIN_BASE_URL = BROADSHEET.origin
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None  # Nobody else learns who works here.
TAGGIT_CASE_INSENSITIVE = True  # “RBI” and “rbi” are one topic.
WAGTAILIMAGES_IMAGE_MODEL = "newsroom.Picture"
WAGTAILSEARCH_BACKENDS = {
    "default": {"BACKEND": "wagtail.search.backends.database", "AUTO_UPDATE": False}
}
