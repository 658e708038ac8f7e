"""What may stand in an address, and what an access class may be called."""

from __future__ import annotations

import re

# First parts of addresses that belong to something else than a section.
RESERVED = frozenset(
    "about account accounts ads api archive author authors clip contact desk documents "
    "e epaper favicon.ico feeds gift healthz help info livez manifest.webmanifest media "
    "metrics news-sitemap.xml newsletter newsletters offline partners payments privacy "
    "readyz robots.txt search section sections service-worker.js sitemap.xml static "
    "story subscribe subscriptions terms topic topics webhooks".split()
)
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
ACCESS = re.compile(r"free|metered|premium|vertical:[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_SLUG = 80


def bad_slug(slug: str) -> str | None:
    """Return why a section cannot live at `/slug/`, or None if it can."""
    if slug in RESERVED:
        return f"The address /{slug}/ is taken by the site itself; choose another."
    if len(slug) > LONGEST_SLUG or not SLUG.fullmatch(slug):
        return "An address has small letters a to z, digits and single hyphens only."
    return None


def bad_access(access: str) -> str | None:
    """Return why `access` is not an access class, or None if it is one."""
    if ACCESS.fullmatch(access):
        return None
    return (
        f"{access!r} is not an access class; "
        "give free, metered, premium or vertical:name."
    )


def story_path(section_slug: str, slug: str, story_id: int) -> str:
    return f"/{section_slug}/{slug}-{story_id}/"
