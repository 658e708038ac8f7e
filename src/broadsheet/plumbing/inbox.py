"""
The embedded inbox: a mail host that keeps what it is given in a Maildir, so that a
newcomer can log in without one of her own. The desk shows it at /desk/outbox/.

It relays nothing and forwards nothing. It keeps at most `MOST` mails, the newest, of
at most `LARGEST` bytes each. Run it with `python -m broadsheet.plumbing.inbox`; it
listens where BROADSHEET_SMTP_URL points. No Django here.
"""

from __future__ import annotations

import asyncio
import mailbox
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiosmtpd.smtp import SMTP

from .settings import BadSetting, Settings, read

MOST = 1000
LARGEST = 5 * 1024 * 1024
MOST_RECIPIENTS = 50
_KEY = re.compile(r"[A-Za-z0-9._=-]{1,200}")
_HEADERS_SHOWN = 64 * 1024


class NoSuchMail(Exception):
    """The mail is not, or no longer, in the inbox."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the list. `at` is when the mail came in."""

    key: str
    to: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Mail:
    summary: Summary
    sender: str
    text: str
    html: str
    raw: bytes


class Inbox:
    """The Maildir in `folder`, made when first written to."""

    def __init__(self, folder: Path, *, most: int = MOST) -> None:
        self.folder = folder
        self.most = most

    def keep(self, raw: bytes) -> str:
        """Store a mail, drop the oldest above `most`, and return its key."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        box = mailbox.Maildir(self.folder, create=True)
        key = box.add(raw)
        for name in self._newest_first()[self.most :]:
            (self.folder / "new" / name).unlink(missing_ok=True)
        return key

    def count(self) -> int:
        return len(self._newest_first())

    def page(self, *, start: int = 0, limit: int = 50) -> Sequence[Summary]:
        """Return `limit` summaries, the newest first. Reads only their headers."""
        names = self._newest_first()[start : start + limit]
        return [self._summary(name, self._head(name)) for name in names]

    def open(self, key: str) -> Mail:
        """Raise `NoSuchMail`."""
        # The key comes from an address bar: only a plain file name may reach the disk.
        if not _KEY.fullmatch(key) or key.startswith("."):
            raise NoSuchMail(key)
        try:
            raw = (self.folder / "new" / key).read_bytes()
        except OSError:
            raise NoSuchMail(key) from None
        message = _parse(raw)
        return Mail(
            summary=self._summary(key, message),
            sender=_header(message, "From"),
            text=_body(message, "plain"),
            html=_body(message, "html"),
            raw=raw,
        )

    def _newest_first(self) -> list[str]:
        """Names in arrival order: a Maildir name starts with its second and count."""
        try:
            names = [path.name for path in (self.folder / "new").iterdir()]
        except FileNotFoundError:
            return []
        return sorted(names, key=_arrival, reverse=True)

    def _head(self, name: str) -> EmailMessage:
        try:
            with (self.folder / "new" / name).open("rb") as file:
                return _parse(file.read(_HEADERS_SHOWN))
        except OSError:  # Dropped since it was listed.
            return EmailMessage()

    def _summary(self, name: str, message: EmailMessage) -> Summary:
        return Summary(
            key=name,
            to=_header(message, "To"),
            subject=_header(message, "Subject"),
            at=datetime.fromtimestamp(_arrival(name)[0], UTC),
        )


def _arrival(name: str) -> tuple[int, int, str]:
    """Read `1785731400.M123P45Q6.host`: seconds, then microseconds."""
    seconds, _, rest = name.partition(".")
    micros = re.match(r"M(\d+)", rest)
    return (
        int(seconds) if seconds.isdigit() else 0,
        int(micros[1]) if micros else 0,
        name,
    )


def _parse(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except (MessageError, ValueError, IndexError):  # A stranger may have written it.
        return ""


def _body(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body(preferencelist=(kind,))
        text = str(part.get_content()) if part is not None else ""
        return text.replace("\r\n", "\n")
    except (MessageError, LookupError, ValueError, AttributeError):
        return ""


class Clerk:
    """What the mail host does with each mail."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        try:
            self.inbox.keep(envelope.content)
        except OSError as error:
            print(f"inbox: cannot keep a mail ({error.strerror}).", file=sys.stderr)
            return "452 No room; try again later"
        return "250 Kept"


def host(inbox: Inbox) -> SMTP:
    """Return the SMTP side of one connection. Needs a running event loop."""
    return SMTP(
        Clerk(inbox),
        data_size_limit=LARGEST,
        hostname="inbox.localhost",
        ident="Broadsheet inbox",
        timeout=60,
    )


async def serve(inbox: Inbox, address: str, port: int) -> None:
    """Keep mail until cancelled. Raise `OSError` if the port is in use."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: host(inbox), address, port)
    async with server:
        await server.serve_forever()


def of(settings: Settings) -> Inbox:
    return Inbox(settings.var / "inbox")


async def _until_told(inbox: Inbox, address: str, port: int) -> None:
    task = asyncio.ensure_future(serve(inbox, address, port))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    print(f"inbox: keeping mail for {address}:{port} in {inbox.folder}", flush=True)
    try:
        await task
    except asyncio.CancelledError:
        pass


def main() -> int:
    """Run the inbox until Ctrl-C. Return 1, with one line, if it cannot."""
    try:
        settings = read()
    except BadSetting as error:
        print(error, file=sys.stderr)
        return 1
    parts = urlsplit(settings.smtp_url)
    address, port = parts.hostname or "127.0.0.1", parts.port or 25
    try:
        asyncio.run(_until_told(of(settings), address, port))
    except OSError as error:
        print(
            f"inbox: cannot listen on {address}:{port} ({error.strerror}); free the "
            f"port, or name another in BROADSHEET_SMTP_URL.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
