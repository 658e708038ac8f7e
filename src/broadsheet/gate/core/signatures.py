"""
HTTP Message Signatures (RFC 9421) over requests, with Ed25519, as Web Bot Auth uses
them: an agent signs what it asks for with the key that its operator publishes.

Nothing is fetched here. The keys are the ones that an engineer has filed; a header
that we do not understand to the letter proves nothing.
"""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from json import JSONDecodeError, loads
from urllib.parse import urlsplit

TAG = "web-bot-auth"
LONGEST = 4096  # Bytes of any header that is looked at.
MOST_KEYS = 64
SKEW = 60  # Seconds that an agent's clock may be ahead of ours.
LONGEST_LIFE = 24 * 3600  # Seconds; a signature that lives for ever is a password.

_KEY = r"[a-z*][a-z0-9_\-.*]*"
_STRING = r'"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"'
_BARE = rf"(?:{_STRING}|-?[0-9]{{1,15}}|\?[01]|:[A-Za-z0-9+/=]*:|[A-Za-z*][\w!#$%&'*+\-.^`|~:/]*)"
_PARAMETERS = rf"(?:;\x20*{_KEY}(?:={_BARE})?)*"
_ITEM = rf"{_STRING}{_PARAMETERS}"
_INPUT = re.compile(
    rf"({_KEY})=(\(\x20*(?:{_ITEM}(?:\x20+{_ITEM})*)?\x20*\){_PARAMETERS})"
)
_SIGNATURE = re.compile(rf"({_KEY})=:([A-Za-z0-9+/=]*):{_PARAMETERS}")
_COMMA = re.compile(r"[ \t]*,[ \t]*")
_ITEMS = re.compile(rf"({_STRING})({_PARAMETERS})")
_PARAMETER = re.compile(rf";\x20*({_KEY})(?:=({_BARE}))?")
_AGENT = re.compile(rf"({_STRING})|({_KEY})=({_STRING}){_PARAMETERS}")


class BadKeys(Exception):
    """A file is not a directory of Ed25519 keys. The message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request as it is signed. Header names are in lower case."""

    method: str
    authority: str
    path: str
    query: str = ""
    scheme: str = "https"
    headers: Sequence[tuple[str, str]] = ()

    def header(self, name: str) -> str | None:
        """Return the header's lines joined as RFC 9421, 2.1 wants it; None without."""
        lines = [value.strip() for key, value in self.headers if key == name]
        return ", ".join(lines) if lines else None

    def derived(self, name: str) -> str | None:
        query = f"?{self.query}"
        target = self.path + (query if self.query else "")
        return {
            "@method": self.method,
            "@authority": self.authority.lower(),
            "@scheme": self.scheme,
            "@path": self.path or "/",
            "@query": query,
            "@request-target": target,
            "@target-uri": f"{self.scheme}://{self.authority.lower()}{target}",
        }.get(name)


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature of a request, with what it says it covers."""

    label: str
    inner: str  # The inner list with its parameters, as it was sent: it is signed too.
    covered: tuple[tuple[str, str], ...]  # Component names, and their parameters.
    parameters: Mapping[str, str]
    signature: bytes

    def covers(self, name: str) -> bool:
        return any(component == name for component, _ in self.covered)


def read(message: Message) -> tuple[Signed, ...]:
    """Return the signatures of the request; none, if anything in them is amiss."""
    inputs = _dictionary(_INPUT, message.header("signature-input"))
    values = _dictionary(_SIGNATURE, message.header("signature"))
    if not inputs or inputs.keys() != values.keys():
        return ()
    found = [_signed(label, inputs[label], values[label]) for label in inputs]
    return tuple(one for one in found if one is not None)


def base(message: Message, signed: Signed) -> bytes | None:
    """Return the bytes that were signed; None if the request does not have them all."""
    lines: list[str] = []
    for name, parameters in signed.covered:
        value = _component(message, name, parameters)
        if value is None or not value.isascii():
            return None
        lines.append(f'"{name}"{parameters}: {value}')
    if len(set(lines)) != len(lines):
        return None
    return "\n".join([*lines, f'"@signature-params": {signed.inner}']).encode()


def verify(message: Message, signed: Signed, key: bytes) -> bool:
    """Test if the owner of the Ed25519 key `key` has signed this very request."""
    # Six megabytes of each gate's memory, for those who have filed an agent's keys.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    text = base(message, signed)
    if text is None or signed.parameters.get("alg", '"ed25519"') != '"ed25519"':
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed.signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


# --- Web Bot Auth -----------------------------------------------------------------

Directory = Mapping[str, Mapping[str, bytes]]  # By the agent's host, by key id.


def agent_of(message: Message, directory: Directory, now: int) -> str | None:
    """
    Return the host of the agent that has signed the request, by the keys that are filed
    for that host; None if none has. `now` is in Unix seconds.
    """
    agents = _agents(message.header("signature-agent"))
    for signed in read(message):
        host = agents.get(signed.label) or agents.get("")
        if host is None or not _fit(signed, now):
            continue
        key = directory.get(host, {}).get(_text(signed.parameters.get("keyid", "")))
        if key is not None and verify(message, signed, key):
            return host
    return None


def _fit(signed: Signed, now: int) -> bool:
    """Test if it is meant for us, for now, and for this agent's name."""
    said = signed.parameters
    created, expires = _seconds(said.get("created")), _seconds(said.get("expires"))
    return (
        said.get("tag") == f'"{TAG}"'
        and (signed.covers("@authority") or signed.covers("@target-uri"))
        and signed.covers("signature-agent")
        and created - SKEW <= now < expires <= created + LONGEST_LIFE
    )


def read_keys(document: bytes | str) -> dict[str, bytes]:
    """
    Return the Ed25519 keys of a directory (`{"keys": [JWK, …]}`) by their thumbprints
    (RFC 7638), whatever ids they have been given. Raise `BadKeys`.
    """
    try:
        keys = [
            urlsafe_b64decode(key["x"] + "=" * (-len(key["x"]) % 4))
            for key in loads(document)["keys"]
            if (key.get("kty"), key.get("crv")) == ("OKP", "Ed25519")
        ]
    except (
        JSONDecodeError,
        UnicodeDecodeError,
        BadBase64,
        RecursionError,
        *(ValueError, TypeError, KeyError, AttributeError),
    ) as error:
        raise BadKeys(f"This is no directory of keys: {error!r}") from error
    if not keys or len(keys) > MOST_KEYS or any(len(key) != 32 for key in keys):
        raise BadKeys(f"It needs 1 to {MOST_KEYS} Ed25519 keys of 32 bytes.")
    return {thumbprint(key): key for key in keys}


def thumbprint(key: bytes) -> str:
    x = urlsafe_b64encode(key).rstrip(b"=").decode()
    text = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()


# --- Reading structured fields (RFC 8941), no more than is needed ------------------


def _dictionary(member: re.Pattern[str], text: str | None) -> dict[str, str]:
    """Return the members by their labels; nothing if a byte of it is not understood."""
    if text is None or len(text) > LONGEST:
        return {}
    found: dict[str, str] = {}
    place = 0
    while match := member.match(text, place):
        if match[1] in found:  # Which of the two is meant is the attacker's choice.
            return {}
        found[match[1]] = match[2]
        place = match.end()
        comma = _COMMA.match(text, place)
        if comma is None:
            break
        place = comma.end()
    else:
        return {}
    return found if place == len(text) else {}


def _signed(label: str, inner: str, value: str) -> Signed | None:
    listed, _, rest = inner[1:].rpartition(")")
    covered = tuple(
        (_text(found[1]), found[2].replace(" ", ""))
        for found in _ITEMS.finditer(listed)
    )
    parameters = [(found[1], found[2] or "?1") for found in _PARAMETER.finditer(rest)]
    try:
        signature = b64decode(value, validate=True)
    except (BadBase64, ValueError):
        return None
    if len(dict(parameters)) != len(parameters):
        return None
    return Signed(label, inner, covered, dict(parameters), signature)


def _component(message: Message, name: str, parameters: str) -> str | None:
    if name.startswith("@"):
        return message.derived(name) if not parameters else None
    value = message.header(name)
    if not parameters or value is None:
        return value
    key = re.fullmatch(rf';key="({_KEY})"', parameters)
    if key is None:
        return None  # `sf`, `bs`, `req`, `tr`: nothing that an agent's request needs.
    for found in _AGENT.finditer(value):
        if found[2] == key[1]:
            return found[0].partition("=")[2]
    return None


def _agents(text: str | None) -> dict[str, str]:
    """Return the hosts in Signature-Agent by label; "" for the older, bare form."""
    if text is None or len(text) > LONGEST:
        return {}
    found: dict[str, str] = {}
    for part in _COMMA.split(text):
        match = _AGENT.fullmatch(part)
        host = match and _host(_text(match[1] or match[3]))
        label = (match[2] or "") if match else ""
        if not host or label in found:
            return {}
        found[label] = host
    return found


def _host(address: str) -> str | None:
    """Return the host of an agent's https address, which may be spelled without it."""
    try:
        parts = urlsplit(address if "//" in address else f"https://{address}")
        return parts.hostname if parts.scheme == "https" else None
    except ValueError:
        return None


def _text(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1])


def _seconds(text: str | None) -> int:
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,12}", text) else 0
