"""
What need not be worked out twice: a browser's cookies, and the page of a decision.

Both are bounded, and neither can make an answer older than it would be without them.
A wallet says only which signatures hold; whether its passes still count is asked at each
view. A printed page is keyed by the whole reading that it was decided on, and is good
only with the very page and furniture that it was made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from broadsheet.gate.core.decide import decide
from broadsheet.gate.core.pages import Furniture, SplitPage
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.core.visitor import Wallet, open_wallet, read_cookies
from broadsheet.gate.core.vocabulary import TROUBLE, Decision, Reading

from .address import Known
from .reply import Answer, RawHeaders, Replies, body_message, start_message
from .request import Message
from .shelf import Shelf

WALLETS = 4096  # Cookie headers remembered, and
LONGEST_WALLET = 1024  # of how many bytes at most.


class Wallets:
    """Opens the wallets of browsers, whose signatures cost more than all the rest."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._opened = lru_cache(maxsize=WALLETS)(self.open)

    def of(self, cookies: bytes) -> Wallet:
        if len(cookies) > LONGEST_WALLET:
            return self.open(cookies)
        return self._opened(cookies)

    def open(self, cookies: bytes) -> Wallet:
        return open_wallet(read_cookies((cookies,)), self._keyring)


@dataclass(frozen=True, slots=True)
class Printed:
    """A whole answer, ready to be sent to everybody whose view is decided alike."""

    decision: Decision
    page: SplitPage
    furniture: Furniture
    etag: bytes
    headers: RawHeaders
    start: Message
    body: Message

    @property
    def size(self) -> int:
        return len(self.body["body"])


class Printer:
    """Decides readings and makes their pages, remembering as many as fit in `room`."""

    def __init__(self, replies: Replies, room: int) -> None:
        self._replies = replies
        self._shelf: Shelf[tuple[Reading, bool, str], Printed] = Shelf(
            room, lambda printed: printed.size
        )

    def print(
        self,
        reading: Reading,
        known: Known,
        page: SplitPage,
        furniture: Furniture,
        *,
        reader: bool,
        variant: str = "",
    ) -> Printed:
        """
        Return the answer to `reading`. `reader`: she is logged in. `variant`: of the
        wall, if she meets one.
        """
        held = self._shelf.get((reading, reader, variant))
        if held and held.page is page and held.furniture is furniture:
            return held
        line_from = reading.policy.line_from
        decision = decide(reading)
        owes = TROUBLE in reading.features
        answer = Answer(decision, known, page, reader, line_from, variant, owes)
        printed = self._printed(answer, furniture)
        self._shelf.put((reading, reader, variant), printed)
        return printed

    def _printed(self, answer: Answer, furniture: Furniture) -> Printed:
        etag, html = answer.etag(furniture), answer.body(furniture)
        headers = [*self._replies.page_headers(answer.decision), (b"etag", etag)]
        length = (b"content-length", b"%d" % len(html))
        return Printed(
            answer.decision,
            answer.page,
            furniture,
            etag,
            headers,
            start_message(200, [*headers, length]),
            body_message(html),
        )
