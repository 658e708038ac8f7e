"""
Opening an export: what it is not, and the bytes that real exports get wrong.

WordPress writes whatever its database holds, so a file may carry control characters
that XML forbids, bytes that are not UTF-8, bare ampersands and HTML entities outside
CDATA. They are mended on the way to the XML parser, and counted.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import escape

from .records import NotAnExport

CHUNK = 1 << 18
_HELD_BACK = 48  # Longer than any token that a chunk's end may cut in two.

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_TOKEN = re.compile(
    r"<!\[CDATA\[|<!--|&(?:#[0-9]{1,8}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{0,31});|&"
)
_XML_ENTITIES = frozenset({"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"})
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}encoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MISTAKES = (
    (b"\x1f\x8b", "is compressed with gzip; unpack it first (gunzip), then import it"),
    (b"PK\x03\x04", "is a zip archive; unpack it and import the .xml files inside"),
    (b"BZh", "is compressed with bzip2; unpack it first, then import it"),
    (b"\xfd7zXZ", "is compressed with xz; unpack it first, then import it"),
    (b"%PDF", "is a PDF, not a WordPress export"),
    (b"SQLite format 3", "is a database, not a WordPress export"),
)
_MARKUP = re.compile(rb"\s*(?:<\?xml|<!--|<rss|<!DOCTYPE|<[A-Za-z])", re.IGNORECASE)
_HTML = re.compile(rb"\s*(?:<!DOCTYPE\s+html|<html)", re.IGNORECASE)


@dataclass(slots=True)
class Mended:
    """How many characters were mended on the way, by kind."""

    control_characters: int = 0
    ampersands: int = 0
    entities: int = 0
    bad_bytes: int = 0
    windows_bytes: int = 0


def open_export(path: Path) -> tuple[BinaryIO, str]:
    """Return `path` opened past its byte-order mark, and its encoding, or refuse."""
    try:
        file = path.open("rb")
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise NotAnExport(f"{path.name} cannot be opened: {reason}.") from error
    try:
        head = file.read(4096)
        encoding, skip = _encoding(path.name, head)
        file.seek(skip)
    except (NotAnExport, OSError) as error:
        file.close()
        if isinstance(error, NotAnExport):
            raise
        raise NotAnExport(f"{path.name} cannot be read.") from error
    return file, encoding


def _encoding(name: str, head: bytes) -> tuple[str, int]:
    if not head.strip(b"\x00 \t\r\n"):
        raise NotAnExport(f"{name} is empty.")
    for magic, what in _MISTAKES:
        if head.startswith(magic):
            raise NotAnExport(f"{name} {what}.")
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            _check_markup(name, head[len(bom) :].replace(b"\x00", b""))
            return encoding, len(bom)
    _check_markup(name, head)
    # Some sites print blank lines or PHP's warnings before the export begins.
    skip = max(0, head.find(b"<?xml"))
    declared = _DECLARED.match(head, skip)
    return _known(name, declared[1].decode("ascii") if declared else "utf-8"), skip


_ASCII = bytes(range(32, 127)) + rb"\u0041"


def _known(name: str, encoding: str) -> str:
    try:
        # We have read the declaration as ASCII, so the encoding must agree with it;
        # that also keeps out Python's codecs that are no encodings of text.
        if _ASCII.decode(encoding) == _ASCII.decode("ascii"):
            found = codecs.lookup(encoding).name
            return "cp1252" if found == "iso8859-1" else found
    except (LookupError, ValueError) as error:
        raise NotAnExport(
            f"{name} says that it is written in “{encoding}”, which cannot be read."
        ) from error
    if encoding.lower().startswith("utf"):
        return "utf-8"
    raise NotAnExport(
        f"{name} says that it is written in “{encoding}”, which cannot be read."
    )


def _check_markup(name: str, head: bytes) -> None:
    if _HTML.match(head):
        raise NotAnExport(
            f"{name} is a web page (HTML), not a WordPress export; download the export "
            "again from Tools, Export while you are logged in."
        )
    if not _MARKUP.match(head):
        raise NotAnExport(f"{name} is not XML, so it is not a WordPress export.")


class Reader:
    """An export as a stream of clean UTF-8 chunks, with its place in the file."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.size = path.stat().st_size if path.exists() else 0
        self.place = 0
        self.mended = Mended()
        self._file, self._encoding = open_export(path)

    def chunks(self) -> Iterator[bytes]:
        """Yield the file once, mended; the file is closed at the end."""
        mixed = self._encoding == "utf-8"
        errors = "surrogateescape" if mixed else "replace"
        decode = codecs.getincrementaldecoder(self._encoding)(errors).decode
        mender = _Mender(self.mended)
        with self._file as file:
            started = False
            while raw := file.read(CHUNK):
                text = self._windows(decode(raw)) if mixed else decode(raw)
                if not started:
                    text = text.lstrip()
                    started = bool(text)
                # The file's own U+FFFD are counted too; they are as lost as a bad byte.
                self.mended.bad_bytes += text.count("\ufffd")
                self.place += len(raw)
                yield mender.mend(text).encode("utf-8")
            end = self._windows(decode(b"", final=True))
            yield mender.mend(end, last=True).encode("utf-8")

    def _windows(self, text: str) -> str:
        """
        Read bytes that are no UTF-8 as the Windows-1252 that they are on sites which
        changed their database's encoding half-way.
        """
        text, found = _ESCAPED.subn(_from_windows, text)
        self.mended.windows_bytes += found
        return text


_ESCAPED = re.compile("[\udc80-\udcff]")


def _from_windows(match: re.Match[str]) -> str:
    return bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace")


class _Mender:
    """Mends text chunk by chunk; knows whether it stands in CDATA or a comment."""

    def __init__(self, mended: Mended) -> None:
        self._mended = mended
        self._held = ""
        self._until = ""  # The end of the CDATA section or comment that we are in.

    def mend(self, text: str, *, last: bool = False) -> str:
        text, dropped = _FORBIDDEN.subn("", text)
        self._mended.control_characters += dropped
        text = self._held + text
        safe = len(text) if last else max(0, len(text) - _HELD_BACK)
        out: list[str] = []
        place = 0
        while place < safe:
            step = self._skip if self._until else self._outside
            place = step(text, place, safe, out)
        self._held = text[place:]
        return "".join(out)

    def _skip(self, text: str, place: int, safe: int, out: list[str]) -> int:
        end = text.find(self._until, place)
        keep = self._until == "]]>"
        if end < 0:
            end = max(place, min(safe, len(text)))
            out.append(text[place:end] if keep else "")
            return end
        end += len(self._until)
        out.append(text[place:end] if keep else "")
        self._until = ""
        return end

    def _outside(self, text: str, place: int, safe: int, out: list[str]) -> int:
        found = _TOKEN.search(text, place)
        if found is None or found.start() >= safe:
            out.append(text[place:safe])
            return safe
        out.append(text[place : found.start()])
        token = found[0]
        if token == "<!--":  # noqa: S105  a comment's beginning, not a password
            self._until = "-->"
        elif token[0] == "<":
            self._until = "]]>"
            out.append(token)
        else:
            out.append(self._entity(token))
        return found.end()

    def _entity(self, token: str) -> str:
        if token in _XML_ENTITIES:
            return token
        if token == "&":  # noqa: S105  a character
            self._mended.ampersands += 1
            return "&amp;"
        if token.startswith("&#"):
            return self._number(token)
        self._mended.entities += 1
        return escape(html5.get(token[1:], token))

    def _number(self, token: str) -> str:
        digits = token[2:-1]
        code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        allowed = code in (9, 10, 13) or 0x20 <= code <= 0x10FFFD
        if not allowed or 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF):
            self._mended.control_characters += 1
            return ""
        return token
