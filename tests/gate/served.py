"""
A gate of its own for a server process: `granian tests.gate.served:application`.

It has the tests' keys and PostgreSQL (GATE_CONNINFO) and no Django; it says at its end
whether Django was imported after all.
"""

from __future__ import annotations

import json
import os
import sys

from broadsheet.gate.asgi import Gate
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.store.postgres import PostgresStore


async def not_ours(scope, receive, send) -> None:
    """Answer everything but stories: what was imported, and by whom."""
    told = {"django": "django" in sys.modules, "pid": os.getpid()}
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


application = Gate(
    not_ours,
    store=PostgresStore(os.environ["GATE_CONNINFO"]),
    keyring=Keyring.of("a secret of the tests"),
    presser=lambda story_id: None,
    minter=lambda cookies: None,
)
