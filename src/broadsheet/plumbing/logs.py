"""
Structured logs: one JSON object a line on stderr, with the request's id.

Logs hold no personal data: `scrub` drops what must never be written down, whoever
asks for it, and masks addresses that slip into a sentence.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.types import Processor

FORBIDDEN = frozenset(
    {
        "email",
        "mail",
        "cookie",
        "cookies",
        "query",
        "ip",
        "address",
        "password",
        "token",
    }
)
MAIL_LIKE = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def scrub(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop forbidden keys, and mask what looks like a mail address in any sentence."""
    for key in FORBIDDEN & event.keys():
        del event[key]
    if event.get("logger") == "django.request":
        # "Internal Server Error: /accounts/link/…/": a path may hold a login's key.
        event["event"] = str(event["event"]).partition(":")[0]
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = MAIL_LIKE.sub("(mail address)", value)
    return event


SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    scrub,
)

# For Django's LOGGING: everything that is said anywhere goes out as one JSON line.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": list(SHARED),
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Our own line a request says as much, without query strings.
        "django.request": {"level": "ERROR"},
        "django.server": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
    },
}


def configure() -> None:
    """Send structlog's events the same way as the standard library's."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
