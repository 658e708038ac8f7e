"""Opening the house: what a command does before it may talk to a room."""

from __future__ import annotations

from broadsheet.plumbing.settings import Settings, read


def ground() -> tuple[Settings, str]:
    """
    Return the settings and the address of a database that answers, embedded server
    started if that is the one. Raise `BadSetting` in one sentence otherwise.
    """
    from broadsheet.plumbing import database  # noqa: PLC0415  --help needs no driver.

    settings = read()
    url = database.address(settings)
    database.ping(url)
    return settings, url


def open_house() -> Settings:
    """Make the rooms importable. This function will take a second or two."""
    import django  # noqa: PLC0415  --help must not start Django.

    settings, _ = ground()
    django.setup()
    return settings
