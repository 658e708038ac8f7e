"""
Where the meter is kept when it is not in PostgreSQL: one Valkey or Redis server, or a
cluster of them. Valkey and Redis are spoken to alike; the two names are one scheme.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

PORT = 6379
CLUSTER = "+cluster"
TLS = {"redis": False, "valkey": False, "rediss": True, "valkeys": True}

Node = tuple[str, int]  # A host and its port.


class BadAddress(ValueError):
    """The address cannot be used. The message says why, and holds no password."""


@dataclass(frozen=True, slots=True)
class MeterAddress:
    """`nodes` is the one server, or those of a cluster that are asked for the rest."""

    nodes: tuple[Node, ...]
    cluster: bool = False
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int = 0

    @property
    def shown(self) -> str:
        """Return the address for people to read: never the password."""
        return ", ".join(f"{host}:{port}" for host, port in self.nodes)


def parse(text: str) -> MeterAddress:
    """
    Return the address in `text`: `valkey://user:password@host:6379/0`, or
    `valkey+cluster://host:6379,host:6379`; `valkeys` for TLS. Raise `BadAddress`.
    """
    parts = _split(text)
    scheme = parts.scheme.removesuffix(CLUSTER)
    if scheme not in TLS:
        raise BadAddress(f"the scheme is {parts.scheme!r}")
    if parts.query or parts.fragment:
        raise BadAddress("nothing may follow the address")
    cluster = parts.scheme.endswith(CLUSTER)
    userinfo, _, hosts = parts.netloc.rpartition("@")
    username, _, password = userinfo.partition(":")
    nodes = tuple(_node(host) for host in hosts.split(","))
    if len(nodes) > 1 and not cluster:
        raise BadAddress("it names several servers but no cluster")
    return MeterAddress(
        nodes=nodes,
        cluster=cluster,
        tls=TLS[scheme],
        username=unquote(username) or None,
        password=unquote(password) or None,
        database=_database(parts.path.strip("/"), cluster),
    )


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError as error:  # Its own message would print the password.
        raise BadAddress("a bracket in it is not closed") from error


def _node(text: str) -> Node:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadAddress(f"{text!r} is not a host and a port") from error
    if not host:
        raise BadAddress("a host is missing")
    return host, PORT if port is None else port


def _database(text: str, cluster: bool) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise BadAddress(f"{text!r} is not the number of a database")
    if cluster and int(text):
        raise BadAddress("a cluster has no database but 0")
    return int(text)
