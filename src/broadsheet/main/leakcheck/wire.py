"""
HTTP as an attacker speaks it: the address goes out as it is spelled, with no client in
between that tidies dots, slashes and percent signs away.
"""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

PATIENCE = 30.0  # Seconds for one answer.
LARGEST = 20_000_000  # Bytes of a body that are read.


class Unreachable(Exception):
    """The site does not answer. Try again when it does."""


@dataclass(frozen=True, slots=True)
class Request:
    """`group` is the row of the table that this way of asking belongs to."""

    group: str
    target: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        said = " ".join(f"[{name}: {value[:60]}]" for name, value in self.headers)
        return f"{self.method} {self.target} {said}".rstrip()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes  # Decoded.

    def header(self, name: str) -> str:
        found = [value for key, value in self.headers if key.lower() == name]
        return found[0] if found else ""

    @property
    def everything(self) -> bytes:
        """Return all that was sent, in small letters: headers first."""
        lines = "\n".join(f"{name}: {value}" for name, value in self.headers)
        return lines.encode("utf-8", "replace").lower() + b"\n\n" + self.body.lower()


class Wire:
    """Asks one site. Each thread keeps a connection of its own."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unreachable(f"{base!r} is no address of a site, such as https://…")
        self.base = f"{parts.scheme}://{parts.netloc}"
        self._secure, self._host, self._port = (
            parts.scheme == "https",
            parts.hostname,
            parts.port,
        )
        self._own = threading.local()

    def ask(self, request: Request, cookies: Sequence[str] = ()) -> Answer:
        """Return the answer. Raise `Unreachable` if there is none, asked twice."""
        try:
            return self._once(request, cookies)
        except (OSError, HTTPException):
            self._drop()  # The server may have closed it while it was idle.
        try:
            return self._once(request, cookies)
        except (OSError, HTTPException) as error:
            self._drop()
            raise Unreachable(
                f"{self.base} gives no answer to {request}: {type(error).__name__}."
            ) from error

    def _once(self, request: Request, cookies: Sequence[str]) -> Answer:
        connection = self._connection()
        named = {name.lower() for name, _ in request.headers}
        connection.putrequest(
            request.method,
            request.target,
            skip_host="host" in named,
            skip_accept_encoding=True,
        )
        for name, value in request.headers:
            connection.putheader(name, value.encode("latin-1"))
        for line in cookies:
            connection.putheader("Cookie", line.encode("latin-1"))
        if request.method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", "0")
        connection.endheaders()
        response = connection.getresponse()
        body = response.read(LARGEST)
        if response.will_close:
            self._drop()
        headers = tuple(response.getheaders())
        coding = (response.getheader("Content-Encoding") or "").lower()
        return Answer(response.status, headers, decoded(body, coding))

    def _connection(self) -> HTTPConnection:
        held: HTTPConnection | None = getattr(self._own, "connection", None)
        if held is None:
            kind = HTTPSConnection if self._secure else HTTPConnection
            held = kind(self._host, self._port, timeout=PATIENCE)
            self._own.connection = held
        return held

    def _drop(self) -> None:
        held: HTTPConnection | None = getattr(self._own, "connection", None)
        if held is not None:
            held.close()
        self._own.connection = None


class Unreadable(Exception):
    """An answer is encoded in a way that we did not ask for and cannot look into."""


def decoded(body: bytes, coding: str) -> bytes:
    """Return what `body` says under its Content-Encoding. Raise `Unreadable`."""
    if not body or coding in ("", "identity"):
        return body
    try:
        if coding in ("gzip", "x-gzip"):
            return gzip.decompress(body)
        if coding == "deflate":
            return zlib.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"A body that says it is {coding} is not.") from error
    raise Unreadable(f"A body is encoded as {coding}, which was not asked for.")
