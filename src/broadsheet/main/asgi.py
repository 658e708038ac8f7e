"""
The one application: Django, and the gate in front of it.

The gate has its own connections to PostgreSQL and never asks Django, but for two things
it cannot do itself: to press a story that is not pressed yet, and to mint a pass for a
session. Both are handed to it here.
"""

from __future__ import annotations

import gc
import os
from typing import cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.main.settings")
django = get_asgi_application()

from django.conf import settings  # noqa: E402  Django must be set up before its models.
from django.utils.translation import gettext  # noqa: E402

from broadsheet.front.web import moved, pressing  # noqa: E402
from broadsheet.gate.asgi import App, Doorman, Gate, SystemDns, Terms  # noqa: E402
from broadsheet.gate.core.tokens import Issuer  # noqa: E402
from broadsheet.gate.house import minting  # noqa: E402
from broadsheet.gate.house.threads import in_gate_thread  # noqa: E402
from broadsheet.gate.store import Store  # noqa: E402
from broadsheet.gate.store.crawlers import PostgresBook  # noqa: E402
from broadsheet.gate.store.postgres import PostgresStore  # noqa: E402
from broadsheet.gate.store.valkey import ValkeyStore  # noqa: E402
from broadsheet.kit.headers import security  # noqa: E402
from broadsheet.main import operating  # noqa: E402
from broadsheet.plumbing import database  # noqa: E402
from broadsheet.plumbing.settings import Settings  # noqa: E402


def store(given: Settings) -> Store:
    """Return where this gate keeps and counts, by the settings."""
    address = database.address(given)
    if given.meter_url is None:
        return PostgresStore(address)
    return ValkeyStore(address, given.meter_url)


def terms(given: Settings) -> Terms:
    """Return who may ask for decisions, and whom readers may have tokens for."""
    issuer = Issuer(given.secret, given.origin, given.token_audiences)
    return Terms(given.edge_keys, issuer)


application = Gate(
    cast(App, django),
    store=store(settings.BROADSHEET),
    keyring=minting.keyring(),
    presser=in_gate_thread(pressing.press_for_gate),
    minter=in_gate_thread(minting.mint),
    claimed=in_gate_thread(moved.claimed),
    doorman=Doorman(
        PostgresBook(database.address(settings.BROADSHEET)),
        resolver=SystemDns(),
        trusted=settings.BROADSHEET.trusted_proxies,
        origin=settings.BROADSHEET.origin,
    ),
    edge=terms(settings.BROADSHEET),
    # In the language of the settings: the publication's own is in the database, and this
    # is said when that is out of reach.
    apology=gettext("The story is out of reach for a moment. Please try again."),
    session_cookie=settings.SESSION_COOKIE_NAME,
    headers=security(
        (settings.BROADSHEET.gateway_url,),
        https=settings.BROADSHEET.origin.startswith("https://"),
    ),
)
operating.watch(application.tally)

# What is loaded by now stays for ever. The collector need not look through all of Django
# again and again, a pause of tens of milliseconds in which no reader is answered.
gc.collect()
gc.freeze()
