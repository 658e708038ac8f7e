"""
The gate as this publication has it, made in one place for both arrangements: in front
of Django in one process, and alone in front of a proxy. No Django here.
"""

from __future__ import annotations

from broadsheet.gate.alone import Errands
from broadsheet.gate.asgi import App, Doorman, Gate, Recorder, SystemDns, Terms, Walls
from broadsheet.gate.asgi.reply import OUT_OF_REACH
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.store import Store
from broadsheet.gate.store.crawlers import PostgresBook
from broadsheet.gate.store.postgres import PostgresStore
from broadsheet.gate.store.records import PostgresArchive
from broadsheet.gate.store.walls import PostgresWallBook
from broadsheet.kit.headers import Headers, security
from broadsheet.main import gate_counts
from broadsheet.plumbing.settings import Settings


def build(
    app: App,
    given: Settings,
    *,
    database: str,
    errands: Errands,
    keyring: Keyring,
    apology: str = OUT_OF_REACH,
) -> Gate:
    """Return the gate in front of `app`, its counts among the metrics."""
    gate = Gate(
        app,
        store=store(given, database),
        keyring=keyring,
        presser=errands.press,
        lister=errands.press_listing,
        minter=errands.mint,
        claimed=errands.claimed,
        doorman=Doorman(
            PostgresBook(database),
            resolver=SystemDns(),
            trusted=given.trusted_proxies,
            origin=given.origin,
        ),
        recorder=Recorder(PostgresArchive(database)),
        walls=Walls(PostgresWallBook(database)),
        apology=apology,
        headers=headers(given),
        edge=terms(given),
    )
    gate_counts.watch(gate.tally)
    return gate


def store(given: Settings, database: str) -> Store:
    """Return where this gate keeps and counts, by the settings."""
    if given.meter_url is None:
        return PostgresStore(database)
    # Six megabytes of a client that most gates have no use for.
    from broadsheet.gate.store.valkey import ValkeyStore  # noqa: PLC0415

    return ValkeyStore(database, given.meter_url)


def terms(given: Settings) -> Terms:
    """Return who may ask for decisions, and whom readers may have tokens for."""
    if not given.token_audiences:
        return Terms(given.edge_keys)
    # Ten megabytes of cryptography, which a paper without partners has no use for.
    from broadsheet.gate.core.tokens import Issuer  # noqa: PLC0415

    issuer = Issuer(given.secret, given.origin, given.token_audiences)
    return Terms(given.edge_keys, issuer)


def headers(given: Settings) -> Headers:
    return security((given.gateway_url,), https=given.origin.startswith("https://"))
