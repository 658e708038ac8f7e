"""
The gate's decisions over HTTP, for caches in front of us: docs/operating/edge.md.

An edge asks about a reader's request before it answers it, and the gate goes through it
as if she had come herself: the same decision, counted once, whoever asks how often. The
answer names a variant, which the edge fetches once and keeps. Nobody without the edge's
key is answered anything; what stands here then is what stands at any other address.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from broadsheet.gate.core import variants
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.core.vocabulary import Decision
from broadsheet.gate.store import StoreDown

from . import questions
from .doorman import glance
from .memory import Memory
from .questions import BadQuestion, TooLong
from .remembered import Printed, Printer
from .reply import RawHeaders, body_message, start_message
from .request import App, Message, Receive, Scope, Send
from .told import KEY, Told

if TYPE_CHECKING:
    from broadsheet.gate.core.tokens import Issuer

    from . import tokens

ROOT = "/gate/v1/"
PAGES = ROOT + "pages/"
KEPT = 3600  # Seconds that an edge may keep a variant; its name changes when it does.
NOT_AS_DECIDED = 421  # The page has changed since. Ask again, or send the reader on.
_NO_STORE: RawHeaders = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
# Headers of an answer that the edge makes for itself, or is told of in another place.
_OWN = frozenset((b"set-cookie", b"content-length", b"location"))


@dataclass(frozen=True, slots=True)
class Terms:
    """
    `keys`: whoever shows one of them is an edge of ours; without any, nobody is.
    `issuer`: signs tokens; without one there are none.
    """

    keys: tuple[str, ...] = ()
    issuer: Issuer | None = None


@dataclass(frozen=True, slots=True)
class Inside:
    """What of the gate an edge's questions are answered with."""

    gate: App
    memory: Memory
    printer: Printer
    keyring: Keyring
    visitors: tokens.Visitors


@dataclass(frozen=True, slots=True)
class Answered:
    """What the gate would have answered the reader, and what it thought."""

    told: Told
    status: int
    headers: RawHeaders
    variant: str = ""  # The signed name of a page that can be fetched and kept.

    def header(self, name: bytes) -> bytes:
        return next((value for key, value in self.headers if key == name), b"")

    @property
    def cookies(self) -> list[bytes]:
        return [value for name, value in self.headers if name == b"set-cookie"]

    @property
    def word(self) -> str:
        """Return what the edge is to do: one word, which the contract explains."""
        if self.variant:
            return "page"
        if self.status in (301, 302):
            return "redirect"
        # A page that no variant names is for the application to send, decided anew:
        # what has been counted is not counted again.
        return "origin" if self.told.left or self.status == 200 else "refuse"

    @property
    def key(self) -> str:
        """Return the name under which a cache keeps the page. It tells pages apart."""
        tag = self.told.etag.decode().removeprefix('W/"').removesuffix('"')
        return f"{self.told.decision.story_id}.{tag}" if self.told.decision else ""


class Handler(Protocol):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class Edge:
    """Stands behind the gate, before `app`: it gets what is not a story's address."""

    def __init__(self, app: App, terms: Terms | None, inside: Inside) -> None:
        self._app, self._inside = app, inside
        terms = terms or Terms()
        self._keys = [key.encode() for key in terms.keys]
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", ROOT + "authorise"): self._authorise,
            ("POST", ROOT + "decide"): self._decide,
        }
        self._public: dict[tuple[str, str], Handler] = {}
        if terms.issuer is not None:
            # Ten megabytes of cryptography, for those who have partners.
            from . import tokens  # noqa: PLC0415

            self._tokens = tokens.Tokens(terms.issuer, inside.memory, inside.visitors)
            self._routes["POST", ROOT + "introspect"] = self._introspect
            self._public["GET", tokens.KEYS] = self._list_keys
            self._public["GET", tokens.TOKEN] = self._token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told: Told | None = scope.get(KEY)
        if told is not None:
            told.left = True  # A question of ours has fallen through the gate.
            return
        handler = self._handler(scope)
        if handler is None:
            await self._app(scope, receive, send)
            return
        try:
            await handler(scope, receive, send)
        except BadQuestion as error:
            status = 413 if isinstance(error, TooLong) else 400
            await _json(send, {"error": str(error)}, status)
        except StoreDown:
            error_text = "The gate's store is out of reach; send the reader on."
            await _json(send, {"error": error_text}, 503)

    def _handler(self, scope: Scope) -> Handler | None:
        path, method = scope["path"], scope["method"]
        public = self._public.get((method, path))
        if public is not None:
            return public
        if not path.startswith(ROOT) or not self._knows(scope):
            return None
        if path.startswith(PAGES) and method in ("GET", "HEAD"):
            return self._page
        return self._routes.get((method, path))

    def _knows(self, scope: Scope) -> bool:
        """Test if who asks is an edge: one key header, and one of our keys in it."""
        shown = [value for name, value in scope["headers"] if name == b"x-gate-key"]
        if len(shown) != 1:
            return False
        # Each is compared, and to its end, so that time tells nothing.
        same = [hmac.compare_digest(shown[0], key) for key in self._keys]
        return any(same)

    # --- What was asked ---------------------------------------------------------------

    async def _authorise(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in headers, as nginx's auth_request reads them; the status is 200."""
        asked = questions.in_headers(scope)
        if glance(asked["headers"]):
            # Machines are for the gate itself: it writes down who came.
            await _say(send, 200, [(b"x-gate-answer", b"origin")], b"")
            return
        answered = await self._ask(asked)
        await _say(send, 200, _as_headers(answered), b"")

    async def _decide(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = questions.fields_of(await questions.body_of(receive))
        address = await self._address(asked)
        answered = await self._ask(questions.in_json(asked, address))
        await _json(send, _as_json(answered))

    async def _address(self, asked: Any) -> str:
        number = questions.story_of(asked)
        if number is None:
            address = asked["address"]
            if not isinstance(address, str):
                raise BadQuestion("The address is a text.")
            return address
        await self._inside.memory.ready()
        known = await self._inside.memory.known(number)
        # An address that is no story's: the application says what it says to that.
        return quote(known.facts.path) if known else "/gate/"

    async def _ask(self, asked: Scope) -> Answered:
        """Go through the gate with a reader's request, and return what came of it."""
        told = Told()
        asked[KEY] = told
        starts: list[Message] = []

        async def hear(message: Message) -> None:
            if message["type"] == "http.response.start":
                starts.append(message)

        await self._inside.gate(asked, _nothing, hear)
        if not starts:
            return Answered(told, 0, [])
        status, headers = starts[0]["status"], list(starts[0]["headers"])
        named = status == 200 and not told.left
        return Answered(told, status, headers, await self._named(told) if named else "")

    # --- Tokens -----------------------------------------------------------------------

    async def _list_keys(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _said(send, self._tokens.keys())

    async def _token(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _said(send, await self._tokens.token(scope))

    async def _introspect(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await questions.body_of(receive)
        text = body.decode("latin-1").strip()
        await _said(send, await self._tokens.introspect(text))

    # --- Variants ---------------------------------------------------------------------

    async def _named(self, told: Told) -> str:
        """
        Return a name for the page that was decided; empty if none leads back to it.
        That is tried out, so a page that rests on what a name does not hold (a crawler's
        rule, say) is never kept by an edge, rather than kept wrongly.
        """
        if told.reading is None:
            return ""
        variant = variants.variant_of(told.reading, told.etag, reader=told.reader)
        if await self._printed(variant) is None:
            return ""
        return variants.name(self._inside.keyring, variant)

    async def _printed(self, variant: variants.Variant) -> Printed | None:
        """Return the variant's page, if it is still what was decided, to the byte."""
        memory = self._inside.memory
        await memory.ready()
        known = await memory.known(variant.story_id)
        page = await memory.page(known) if known and not known.refused else None
        if known is None or page is None:
            return None
        policy = memory.orders.policy
        printed = self._inside.printer.print(
            variants.reading_of(variant, known.facts, policy),
            known,
            page,
            memory.furniture,
            reader=variant.reader,
        )
        return printed if variants.digest(printed.etag) == variant.digest else None

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the page of a variant. This counts nothing: the decision has."""
        text = scope["path"].removeprefix(PAGES)
        variant = variants.read(self._inside.keyring, text)
        printed = await self._printed(variant) if variant else None
        if printed is None:
            await _say(send, NOT_AS_DECIDED, [(b"x-accel-expires", b"0")], b"")
            return
        kept = (b"x-accel-expires", b"%d" % KEPT)
        length = (b"content-length", b"%d" % printed.size)
        await send(start_message(200, [*printed.headers, kept, length]))
        body = printed.body if scope["method"] == "GET" else body_message(b"")
        await send(body)


# --- Answers --------------------------------------------------------------------------


def _as_headers(answered: Answered) -> RawHeaders:
    told = {"answer": answered.word, "status": str(answered.status)}
    if answered.told.decision is not None:
        told |= {
            name: str(value).lower()
            for name, value in _decision(answered.told.decision).items()
        }
    if answered.variant:
        told |= {
            "variant": answered.key,
            "page": PAGES + answered.variant,
            "etag": answered.told.etag.decode(),
            "cache": answered.header(b"cache-control").decode(),
        }
    headers = [(f"x-gate-{n}".encode(), v.encode()) for n, v in told.items()]
    if answered.header(b"location"):
        headers.append((b"x-gate-location", answered.header(b"location")))
    return [*headers, *((b"set-cookie", value) for value in answered.cookies)]


def _as_json(answered: Answered) -> dict[str, Any]:
    decision = answered.told.decision
    page = PAGES + answered.variant if answered.variant else None
    others = [(n, v) for n, v in answered.headers if n not in _OWN]
    return {
        "version": 1,
        "answer": answered.word,
        "status": answered.status or None,
        "location": answered.header(b"location").decode("latin-1") or None,
        "decision": _decision(decision) if decision else None,
        "variant": answered.key if page else None,
        "page": page,
        "cookies": [value.decode("latin-1") for value in answered.cookies],
        "headers": {n.decode(): v.decode("latin-1") for n, v in others},
    }


def _decision(decision: Decision) -> dict[str, str | int | bool]:
    return {
        "story": decision.story_id,
        "verdict": decision.verdict.value,
        "reason": decision.reason.value,
        "count": decision.count,
        "limit": decision.limit,
        "remaining": decision.remaining,
        "counts": decision.counts,
        "ads": decision.ads,
    }


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _json(send: Send, told: dict[str, Any], status: int = 200) -> None:
    kind = (b"content-type", b"application/json")
    await _say(send, status, [kind], json.dumps(told).encode())


async def _said(send: Send, said: tokens.Said) -> None:
    kind = (b"content-type", b"application/json")
    await _say(send, said.status, [kind, *said.headers], json.dumps(said.told).encode())


async def _say(
    send: Send, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes
) -> None:
    length = (b"content-length", b"%d" % len(body))
    named = {name for name, _ in headers}
    rest = [pair for pair in _NO_STORE if pair[0] not in named]
    await send(start_message(status, [*headers, *rest, length]))
    await send(body_message(body))
