"""
A gate of its own for a server process: `granian tests.gate.served:application`.

It has the tests' keys, PostgreSQL (GATE_CONNINFO), perhaps a meter apart
(GATE_METER_URL), and no Django; it says at its end whether Django was imported after all.
"""

from __future__ import annotations

import json
import os
import sys

from broadsheet.gate.asgi import Gate, Recorder
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.store.postgres import PostgresStore
from broadsheet.gate.store.records import PostgresArchive
from broadsheet.gate.store.valkey import ValkeyStore
from broadsheet.plumbing import meter_address


async def not_ours(scope, receive, send) -> None:
    """Answer everything but stories: what was imported, and by whom."""
    told = {"django": "django" in sys.modules, "pid": os.getpid()}
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


def store() -> PostgresStore:
    conninfo, url = os.environ["GATE_CONNINFO"], os.environ.get("GATE_METER_URL")
    return (
        ValkeyStore(conninfo, meter_address.parse(url))
        if url
        else PostgresStore(conninfo)
    )


application = Gate(
    not_ours,
    store=store(),
    keyring=Keyring.of("a secret of the tests"),
    presser=lambda story_id: None,
    minter=lambda cookies: None,
    recorder=Recorder(PostgresArchive(os.environ["GATE_CONNINFO"])),
)
