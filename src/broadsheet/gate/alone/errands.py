"""
What a gate cannot do by itself and asks Django for: in its own process, where they are
plain calls, or from a web process over its socket. They block; the gate calls them in
threads.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from broadsheet.gate.core.pages import PressedPage

from .hop import ERRAND, Hop

PATIENCE = 10.0  # Seconds that Django may take to press a story.


class ErrandFailed(Exception):
    """The web process is away, or could not do it. The next one may fare better."""


@dataclass(frozen=True, slots=True)
class Errands:
    """
    `press` a story, press and file what lists stories, `mint` a pass for a session, say
    if an address was `claimed` by another system.
    """

    press: Callable[[int], PressedPage | None]
    press_listing: Callable[[str], None]
    mint: Callable[[Mapping[str, str]], str | None]
    claimed: Callable[[str], bool]

    def run(self, name: str, question: Any) -> Any:
        """Do the errand `name`, asked and answered as `remote` sends and reads it."""
        match name:
            case "press":
                return _written(self.press(int(question)))
            case "press_listing":
                return self.press_listing(question)
            case "mint":
                return self.mint(question)
            case "claimed":
                return self.claimed(question)
        raise ErrandFailed(f"There is no errand {name}.")


def remote(address: str, token: bytes) -> Errands:
    """Return the errands that the web process at the socket `address` runs."""

    def ask(name: str, question: Any) -> Any:
        line = _Line(address)
        key, value = Hop(ERRAND).header(token)
        headers = {key.decode(): value.decode(), "Content-Type": "application/json"}
        try:
            line.request("POST", f"/{name}", json.dumps(question), headers)
            answer = line.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ErrandFailed(f"{name}: {type(error).__name__}") from error
        finally:
            line.close()
        if answer.status != 200:
            raise ErrandFailed(f"{name}: the web process says {answer.status}")
        return json.loads(text)

    return Errands(
        press=lambda story_id: _read(ask("press", story_id)),
        press_listing=lambda path: ask("press_listing", path),
        mint=lambda cookies: ask("mint", dict(cookies)),
        claimed=lambda path: bool(ask("claimed", path)),
    )


class _Line(http.client.HTTPConnection):
    """A connection to a socket in the file system."""

    def __init__(self, address: str) -> None:
        super().__init__("gate", timeout=PATIENCE)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._address)


def _written(page: PressedPage | None) -> dict[str, Any] | None:
    if page is None:
        return None
    return {
        "story_id": page.story_id,
        "revision": page.revision,
        "full": bytes(page.full).decode(),
        "cut": bytes(page.cut).decode(),
    }


def _read(told: dict[str, Any] | None) -> PressedPage | None:
    if told is None:
        return None
    return PressedPage(
        told["story_id"], told["revision"], told["full"].encode(), told["cut"].encode()
    )
