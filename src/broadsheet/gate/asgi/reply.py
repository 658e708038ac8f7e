"""Answers: the page that a decision stands for, and the few that are not pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from broadsheet.gate.core.pages import Furniture, SplitPage, pool_values
from broadsheet.gate.core.passes import DEVICE_LIFE
from broadsheet.gate.core.vocabulary import Action, CrawlerRule, Decision, Reason
from broadsheet.kit.headers import Headers

from .address import Known
from .request import App, Message, Receive, Request, Scope, Send

RawHeaders = list[tuple[bytes, bytes]]


class Printed(Protocol):
    """A whole answer that is ready to be sent."""

    @property
    def etag(self) -> bytes: ...
    @property
    def headers(self) -> RawHeaders: ...
    @property
    def start(self) -> Message: ...
    @property
    def body(self) -> Message: ...


OUT_OF_REACH = "The story is out of reach for a moment. Please try again."

# Which piece of furniture stands where the story was cut.
_WALL = {
    Reason.SPENT: "wall:metered",
    Reason.DOWN_CLOSED: "wall:metered",
    Reason.COOKIES: "wall:cookies",
    Reason.REGISTER: "wall:register",
    Reason.PREMIUM: "wall:premium",
    Reason.CRAWLER: "wall:premium",
    Reason.UNPROVED: "wall:premium",
}
# Which stands beside a whole story: how to give it, or that it was given.
_GIFT = {Reason.ENTITLED: "gift:give", Reason.GIFT: "gift:received"}
_NUMBERED = frozenset(
    (Reason.SPENT, Reason.DOWN_CLOSED, Reason.COOKIES, Reason.REGISTER)
)


_UNWELCOME = (
    b"Machines of this kind do not read here. See /robots.txt and /license.xml.\n"
)
_OF_GIFTS = {
    b"x-robots-tag": b"noindex, noarchive",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"private, no-store",
}
LICENCE_LINK = (b"link", b'</license.xml>; rel="license"; type="application/rsl+xml"')


def set_cookie(name: str, value: str) -> tuple[bytes, bytes]:
    text = (
        f"{name}={value}; Path=/; Max-Age={DEVICE_LIFE}; Secure; HttpOnly; SameSite=Lax"
    )
    return b"set-cookie", text.encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """
    A decision, with all that its page is made of. `reader`: she is logged in. `owes`: a
    payment of hers did not go through.
    """

    decision: Decision
    known: Known
    page: SplitPage
    reader: bool
    line_from: int = 1  # The count from which a whole page says how many are read.
    variant: str = ""  # Of the wall, if one is met and it is filed.
    owes: bool = False

    def etag(self, furniture: Furniture) -> bytes:
        """
        Return the tag of exactly the page that was decided. It is compared with
        nothing else, so no `If-None-Match` can find out about a page that was not.
        """
        decision, page = self.decision, self.page
        variant = self._gift if decision.full else self._wall(furniture)
        line = f".{decision.count}of{decision.limit}" if self._numbered else ""
        if decision.counts and not decision.remaining:
            line += "!"  # The last one says so, once.
        if decision.pool and line:
            line += f".{decision.pool}"
        marks = ("r" if self.reader else "a") + ("+" if decision.ads else "-")
        marks += "o" if self.owes else ""
        seal = page.full_seal if decision.full else page.cut_seal
        seals = f"{page.revision}.{seal}.{furniture.seal}"
        return f'W/"{variant}{line}.{marks}.{seals}"'.encode()

    def body(self, furniture: Furniture) -> bytes:
        """Return the page: the rendering that was decided, its slots filled."""
        values = self._values()
        account = "account:reader" if self.reader else "account:anonymous"
        filling = {"account": furniture.fill(account, values)}
        if self.owes:
            filling["trouble"] = furniture.fill("trouble", values)
        if self.decision.ads:
            filling["ad:top"] = furniture.fill("ad:top", values)
            filling["ad:mid"] = furniture.fill("ad:mid", values)
        if self.decision.full:
            if self._counts_up:
                filling["meter"] = furniture.fill(self._line(furniture), values)
            filling["gift"] = furniture.fill(self._gift, values)
            return self.page.full.join(filling)
        filling["wall"] = furniture.fill(self._wall(furniture), values)
        return self.page.cut.join(filling)

    def _values(self) -> dict[str, bytes]:
        if not self._numbered:
            return self.known.values
        return {
            **self.known.values,
            "count": b"%d" % self.decision.count,
            "limit": b"%d" % self.decision.limit,
            "remaining": b"%d" % self.decision.remaining,
            **pool_values(self.decision.label),
        }

    def _wall(self, furniture: Furniture) -> str:
        """Return the piece for the cut; "cut", which is none, where there is no wall."""
        wall = _WALL.get(self.decision.reason, "cut")
        varied = f"{wall}@{self.variant}"
        return varied if varied in furniture.pieces else wall

    @property
    def _gift(self) -> str:
        """Return the piece about gifts; "full", which is none, where there is no word."""
        reason = self.decision.reason
        if reason is Reason.FREE and not self.decision.ads:  # A subscriber's, again.
            reason = Reason.ENTITLED
        return _GIFT.get(reason, "full")

    @property
    def _numbered(self) -> bool:
        """Test if the page holds numbers of the meter."""
        return self._counts_up or self.decision.reason in _NUMBERED

    @property
    def _counts_up(self) -> bool:
        """Test if the page says how many are read; the last is always announced."""
        decision = self.decision
        early = decision.count < self.line_from and decision.remaining > 0
        return decision.metered and not early

    def _line(self, furniture: Furniture) -> str:
        """Return the piece that counts up: another for the last, and after it."""
        if self.decision.remaining:
            return "meter"
        piece = "meter:last" if self.decision.counts else "meter:spent"
        return piece if piece in furniture.pieces else "meter"


def for_machines(decision: Decision, headers: RawHeaders) -> RawHeaders:
    """Return the headers, and that nobody may show a copy of what we do not give away."""
    headers = [*headers, LICENCE_LINK]
    if decision.full and decision.reason is not Reason.FREE:
        headers.append((b"x-robots-tag", b"noarchive"))
    return headers


def as_gift(send: Send) -> Send:
    """
    Return `send` for answers to a gift's address: in no index and no cache, and telling
    no other site the address, which is all the key there is.
    """

    async def send_so(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [each for each in message["headers"] if each[0] not in _OF_GIFTS]
            message = {**message, "headers": [*kept, *_OF_GIFTS.items()]}
        await send(message)

    return send_so


class Replies:
    """Answers with the security headers, which are put into bytes once."""

    def __init__(self, headers: Headers, apology: str = OUT_OF_REACH) -> None:
        self._apology = apology.encode() + b"\n"
        security = [(name.encode(), value.encode()) for name, value in headers]
        html = [(b"content-type", b"text/html; charset=utf-8"), (b"vary", b"cookie")]
        self._security = security
        self._gated = [*security, *html, (b"cache-control", b"private, no-store")]
        self._free = [*security, *html, (b"cache-control", b"private, no-cache")]

    @property
    def open_headers(self) -> RawHeaders:
        """Return the headers of a page that withholds nothing."""
        return self._free

    def page_headers(self, decision: Decision) -> RawHeaders:
        return self._free if decision.reason is Reason.FREE else self._gated

    async def moved(self, send: Send, location: bytes) -> None:
        headers = [(b"location", location), (b"cache-control", b"max-age=300")]
        await _answer(send, 301, self._bare(headers), b"")

    async def round_trip(
        self, send: Send, location: bytes, cookies: RawHeaders
    ) -> None:
        """Ask the browser to come back, so that we see whether it keeps a cookie."""
        headers = [(b"location", location), (b"cache-control", b"private, no-store")]
        await _answer(send, 302, self._bare([*headers, *cookies]), b"")

    async def elsewhere(self, send: Send, location: bytes, cookies: RawHeaders) -> None:
        """Send her where she reads without the gift, this time."""
        headers = [(b"location", location), (b"cache-control", b"no-store")]
        await _answer(send, 302, self._bare([*headers, *cookies]), b"")

    async def not_ahead(self, send: Send) -> None:
        """Refuse to be fetched ahead; the browser asks again when the reader does."""
        headers = [(b"cache-control", b"no-store"), (b"vary", b"sec-purpose, cookie")]
        await _answer(send, 503, self._bare(headers), b"")

    async def out_of_reach(self, send: Send, *, head: bool) -> None:
        headers = [
            *self._security,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"retry-after", b"5"),
            (b"content-length", b"%d" % len(self._apology)),
        ]
        await _answer(send, 503, headers, b"" if head else self._apology)

    async def closed_to_machines(
        self, send: Send, rule: CrawlerRule, *, head: bool
    ) -> None:
        """Answer 402 with the price, if the rule has one, else 403."""
        status, kind, body = 403, b"text/plain; charset=utf-8", _UNWELCOME
        headers = [*self._security, LICENCE_LINK, (b"cache-control", b"no-store")]
        if rule.action is Action.LICENCE:
            status, kind, body = 402, b"application/json", _offer(rule)
            price = f"{rule.currency} {rule.price}"
            headers.append((b"crawler-price", price.encode()))
        headers.append((b"content-type", kind))
        headers.append((b"content-length", b"%d" % len(body)))
        await _answer(send, status, headers, b"" if head else body)

    def _bare(self, headers: RawHeaders) -> RawHeaders:
        return [*self._security, *headers, (b"content-length", b"0")]


def _offer(rule: CrawlerRule) -> bytes:
    """Return the price for a program to read; an amount is text, as money should be."""
    offer = {
        "error": "licence-required",
        "crawler": rule.name or rule.kind.value,
        "price": {"amount": str(rule.price), "currency": rule.currency},
        "buys": "one story, once",
        "licence": "/license.xml",
    }
    return json.dumps(offer).encode() + b"\n"


async def show(
    send: Send, printed: Printed, cookies: RawHeaders, request: Request, *, again: bool
) -> None:
    """Send the page; or 304 to a client that holds it, unless it must have it `again`."""
    if request.has(printed.etag) and not again:
        await _answer(send, 304, [*printed.headers, *cookies], b"")
        return
    start = printed.start
    if cookies:
        start = start_message(200, [*start["headers"], *cookies])
    await send(start)
    await send(NO_BODY if request.head else printed.body)


async def gone(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Let `app` answer with its own page; where it does not find, say 410: gone."""

    async def send_gone(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 404:
            message = {**message, "status": 410}
        await send(message)

    await app(scope, receive, send_gone)


def start_message(status: int, headers: RawHeaders) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body_message(html: bytes) -> Message:
    return {"type": "http.response.body", "body": html}


NO_BODY = body_message(b"")


async def _answer(send: Send, status: int, headers: RawHeaders, html: bytes) -> None:
    await send(start_message(status, headers))
    await send(body_message(html))
