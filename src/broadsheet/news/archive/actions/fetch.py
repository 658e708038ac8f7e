"""
Getting one picture: from a copy of the uploads on this machine, or over HTTP.

An export is somebody else's text, so an address in it must not make this machine knock
at a private door. The name is resolved once, every address it has must be public, and
the connection goes to that very address; each redirect is checked the same way.
"""

from __future__ import annotations

import ipaddress
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from broadsheet.kit import clock

LARGEST = 30 << 20
PATIENCE = 30.0  # Seconds for one picture, all redirects included.
TIMEOUT = httpx.Timeout(10.0, connect=5.0)
REDIRECTS = 4
GIVEN_UP_AFTER = 3  # Failures to connect, after which a host is left alone.


class NoPicture(Exception):
    """The picture cannot be had; the text says why, as a part of a sentence."""


@dataclass(frozen=True, slots=True)
class Found:
    content: bytes
    name: str


class Folder:
    """A local copy of wp-content/uploads."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def find(self, url: str, path: str) -> Found:
        """Return the picture that an upload's address or relative path names."""
        for name in _uploads_paths(url, path):
            place = (self._root / name).resolve()
            # A path of an export may climb out of the folder; we do not.
            if place.is_relative_to(self._root) and place.is_file():
                if place.stat().st_size > LARGEST:
                    raise NoPicture(_too_large())
                return Found(place.read_bytes(), place.name)
        raise NoPicture("it is not in the folder of pictures")


def _uploads_paths(url: str, path: str) -> Iterable[str]:
    if path:
        yield path.lstrip("/")
    address = unquote(urlsplit(url).path)
    for mark in ("/wp-content/uploads/", "/uploads/", "/files/"):
        if mark in address:
            yield address.split(mark, 1)[1]
    yield address.lstrip("/")


class Web:
    """Pictures over HTTP. May be asked by several threads."""

    def __init__(self, *, allowed_hosts: frozenset[str]) -> None:
        self._allowed = allowed_hosts
        self._failures: Counter[str] = Counter()
        self._client = httpx.Client(
            timeout=TIMEOUT,
            trust_env=False,
            follow_redirects=False,
            headers={"User-Agent": "Broadsheet import", "Accept": "image/*"},
        )

    def find(self, url: str) -> Found:
        until = clock.steady() + PATIENCE
        for _ in range(REDIRECTS + 1):
            parts = urlsplit(url)
            host = parts.hostname or ""
            if parts.scheme not in ("http", "https") or not host:
                raise NoPicture("its address is no web address")
            if self._failures[host] >= GIVEN_UP_AFTER:
                raise NoPicture(f"{host} did not answer before")
            try:
                found, onward = self._get(url, host, until)
            except (httpx.HTTPError, OSError) as error:
                self._failures[host] += 1
                raise NoPicture(f"{host} cannot be reached") from error
            if found is not None:
                return Found(found, Path(unquote(parts.path)).name or "picture")
            url = urljoin(url, onward)
        raise NoPicture("its address leads in circles")

    def _get(self, url: str, host: str, until: float) -> tuple[bytes | None, str]:
        request = self._request(url, host)
        response = self._client.send(request, stream=True)
        try:
            if response.is_redirect:
                return None, response.headers["Location"]
            if response.status_code != 200:
                raise NoPicture(f"the server answered {response.status_code}")
            kind = response.headers.get("Content-Type", "image/unknown")
            if not kind.startswith(("image/", "application/octet-stream")):
                raise NoPicture("the server answered with something else")
            return _bounded(response.iter_bytes(1 << 16), until), ""
        finally:
            response.close()

    def _request(self, url: str, host: str) -> httpx.Request:
        address = httpx.URL(url)
        headers = {"Host": address.netloc.decode("ascii")}
        # The name is kept for TLS, so that the certificate is checked against it.
        return self._client.build_request(
            "GET",
            address.copy_with(host=self._public_address(host, address.port)),
            headers=headers,
            extensions={"sni_hostname": host},
        )

    def _public_address(self, host: str, port: int | None) -> str:
        """Return an address of `host`, all of whose addresses are public."""
        found = socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        if host in self._allowed:
            return addresses[0]
        for address in addresses:
            if not ipaddress.ip_address(address.partition("%")[0]).is_global:
                raise NoPicture(f"{host} is a private address")
        return addresses[0]


def _bounded(chunks: Iterable[bytes], until: float) -> bytes:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > LARGEST:
            raise NoPicture(_too_large())
        if clock.steady() > until:
            raise NoPicture("it came too slowly")
    return bytes(content)


def _too_large() -> str:
    return f"it is larger than {LARGEST >> 20} MB"


Find = Callable[[str, str], Found]


def finder(*, folder: Path | None, allowed_hosts: frozenset[str]) -> Find:
    """Return what finds a picture by its address and its path below the uploads."""
    web = Web(allowed_hosts=allowed_hosts)
    if folder is None:
        return lambda url, _path: web.find(url)
    local = Folder(folder)
    return local.find
