"""The gate without a server: from a request to its answer, one at a time."""

from __future__ import annotations

import time
from typing import Any

from broadsheet.gate.asgi import Gate
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.store.postgres import PostgresStore


async def decisions(
    url: str, secret: str, path: str, cookies: list[str]
) -> list[float]:
    """Return the microseconds that a view of `path` takes with each of the cookies."""
    gate = Gate(
        _nobody,
        store=PostgresStore(url),
        keyring=Keyring.of(secret),
        presser=lambda story_id: None,
        minter=lambda cookies: None,
    )
    spent = []
    for cookie in [cookies[0], *cookies]:
        scope = _scope(path, cookie)
        began = time.perf_counter()
        await gate(scope, _nothing, _heard)
        spent.append(round((time.perf_counter() - began) * 1e6, 1))
    await gate.close()
    return spent[1:]


def _scope(path: str, cookie: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"cookie", cookie.encode())],
    }


async def _nobody(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("The gate passed a pressed story on.")


async def _nothing() -> Any:
    raise AssertionError("The gate read a body.")


async def _heard(message: Any) -> None:
    if message["type"] == "http.response.start":
        assert message["status"] == 200, message
