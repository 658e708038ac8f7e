"""
What an edge asks: one request of a reader's, told in headers or in JSON, and made into
the scope that the gate would have seen had she come herself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from .request import Receive, Scope

MOST_BODY = 32_768  # Bytes of a question in JSON.
LONGEST_ADDRESS = 8192
MOST_HEADERS = 32
PURPOSES = ("read", "glance", "ahead")
FIELDS = frozenset(
    "address story cookies client user_agent method purpose headers".split()
)

# What a reader's own request says, but for what we take from elsewhere or not at all:
# an edge compares tags itself, and whose word on the address counts is settled.
_NOT_HERS = re.compile(rb"x-gate-.*|x-forwarded-.*|forwarded|if-.*|host|content-.*")
_ADDRESS = re.compile(r"/[\x21-\x7e]*")
_METHOD = re.compile(r"[A-Z]{1,20}")
_NAME = re.compile(r"[a-z0-9-]{1,64}")
_VALUE = re.compile(r"[\x20-\x7e\x80-\xff]{0,8192}")


class BadQuestion(Exception):
    """The question cannot be answered. The message is one sentence for its author."""


class TooLong(BadQuestion):
    pass


async def body_of(receive: Receive) -> bytes:
    """Return the request's body. Raise `TooLong` before more of it is held than fits."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BadQuestion("The question ended before it was told.")
        body += message.get("body", b"")
        if len(body) > MOST_BODY:
            raise TooLong(f"A question has at most {MOST_BODY} bytes.")
        if not message.get("more_body", False):
            return body


def in_headers(scope: Scope) -> Scope:
    """Return the reader's request that X-Gate-Uri, -Method and -Client tell of."""
    told: dict[bytes, str] = {}
    hers: list[tuple[bytes, bytes]] = []
    for name, value in scope["headers"]:
        if name.startswith(b"x-gate-"):
            told[name] = value.decode("latin-1")
        if not _NOT_HERS.fullmatch(name):
            hers.append((name, value))
    return _scope(
        told.get(b"x-gate-uri", ""),
        told.get(b"x-gate-method", "GET"),
        told.get(b"x-gate-client", ""),
        hers,
    )


def fields_of(body: bytes) -> Mapping[str, Any]:
    """Return the question's fields. Raise `BadQuestion` if it is none."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadQuestion("A question is an object in JSON.") from error
    if not isinstance(asked, dict):
        raise BadQuestion("A question is an object in JSON.")
    unknown = sorted(asked.keys() - FIELDS)
    if unknown:
        known = ", ".join(sorted(FIELDS))
        raise BadQuestion(f"{unknown[0][:40]!r} is no field of a question: {known}.")
    if ("address" in asked) == ("story" in asked):
        raise BadQuestion("Give either the address or the story's number.")
    return asked


def story_of(asked: Mapping[str, Any]) -> int | None:
    """Return the number of the story that is asked about, if it is by number."""
    number = asked.get("story")
    if number is None:
        return None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 1e18:
        raise BadQuestion("A story's number is a whole number above nought.")
    return number


def in_json(asked: Mapping[str, Any], address: str) -> Scope:
    """Return the reader's request that `asked` tells of, for the page at `address`."""
    purpose = _text(asked, "purpose", "read")
    if purpose not in PURPOSES:
        raise BadQuestion(f"The purpose is one of {', '.join(PURPOSES)}.")
    method = "HEAD" if purpose == "glance" else _text(asked, "method", "GET")
    headers = _headers(asked.get("headers", {}))
    for name, field in ((b"cookie", "cookies"), (b"user-agent", "user_agent")):
        if field in asked:
            headers.append((name, _text(asked, field, "").encode("latin-1")))
    if purpose == "ahead":
        headers.append((b"sec-purpose", b"prefetch"))
    return _scope(address, method, _text(asked, "client", ""), headers)


def _headers(given: Any) -> list[tuple[bytes, bytes]]:
    if not isinstance(given, dict) or len(given) > MOST_HEADERS:
        raise BadQuestion(f"The headers are an object of at most {MOST_HEADERS}.")
    found = []
    for name, value in given.items():
        if not (_NAME.fullmatch(name) and isinstance(value, str)):
            raise BadQuestion("A header has a name in small letters, and a text.")
        raw = name.encode()
        if not _VALUE.fullmatch(value):
            raise BadQuestion(f"The header {name} holds what no header can.")
        if not _NOT_HERS.fullmatch(raw) and raw not in (b"cookie", b"user-agent"):
            found.append((raw, value.encode("latin-1")))
    return found


def _text(asked: Mapping[str, Any], field: str, default: str) -> str:
    value = asked.get(field, default)
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise BadQuestion(f"The field {field} is a text of at most 8192 characters.")
    return value


def _scope(
    address: str, method: str, client: str, headers: list[tuple[bytes, bytes]]
) -> Scope:
    if len(address) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        raise BadQuestion("The address is the path and query as the reader spelled it.")
    if not _METHOD.fullmatch(method):
        raise BadQuestion("The method is a word in capital letters.")
    path, _, query = address.partition("?")
    return {
        "type": "http",
        "method": method,
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "client": (client, 0),
    }
