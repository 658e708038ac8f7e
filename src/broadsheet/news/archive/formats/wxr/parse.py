"""
An export as a stream of records. Memory does not grow with the file: an item is built
from the parser's events, handed out, and forgotten; no text is kept past its limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.parsers import expat

from .build import Builder
from .records import NotAnExport, Record
from .source import Reader

TOKEN_LIMIT = 4 << 20  # Bytes of one tag. A longer one is an attack or a broken file.
DEPTH_LIMIT = 64
_EXPORT = re.compile(r"https?://(?:www\.)?wordpress\.org/export/[^/\s]+/(\w*)/?")
_PREFIXES = {
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
}


def records(reader: Reader) -> Iterator[Record]:
    """
    Yield the site, then authors, terms and items in the order of the file.
    Raise `NotAnExport` in one sentence where the file stops being one.
    """
    parsing = _Parsing(reader.name)
    for chunk in reader.chunks():
        parsing.feed(chunk)
        yield from parsing.take()
    parsing.feed(b"", last=True)
    yield from parsing.take()
    parsing.check_complete()


class _Parsing:
    def __init__(self, name: str) -> None:
        self._name = name
        self._builder = Builder()
        self._path: list[str] = []
        self._prefixes: dict[str, str] = {}
        self._wordpress = False
        self._fed = 0
        # The reader hands us UTF-8, whatever the file's own declaration says.
        parser = self._parser = expat.ParserCreate(encoding="utf-8")
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.EntityDeclHandler = self._refuse_doctype
        parser.ExternalEntityRefHandler = self._refuse_doctype
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._builder.text

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            raise NotAnExport(self._broken(error)) from error
        self._fed += len(chunk)
        # Whatever expat has not yet reported it keeps in memory: one endless tag.
        if self._fed - max(0, self._parser.CurrentByteIndex) > TOKEN_LIMIT:
            raise NotAnExport(
                f"{self._name} has a tag of more than {TOKEN_LIMIT >> 20} MB at line "
                f"{self._parser.CurrentLineNumber:,}; it is damaged or hostile."
            )

    def take(self) -> list[Record]:
        return self._builder.take()

    def check_complete(self) -> None:
        if not self._wordpress:
            raise NotAnExport(self._a_feed())

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._path:
            self._check_root(tag)
        if len(self._path) < 2:
            self._declare(attributes)
        if len(self._path) >= DEPTH_LIMIT:
            raise NotAnExport(
                f"{self._name} nests elements more than {DEPTH_LIMIT} deep at line "
                f"{self._parser.CurrentLineNumber:,}; it is damaged or hostile."
            )
        tag = self._canonical(tag)
        if tag.startswith("wp:"):
            self._wordpress = True
        self._path.append(tag)
        self._builder.start(self._path, attributes)

    def _end(self, _tag: str) -> None:
        tag = self._path[-1]
        if tag == "item" and len(self._path) == 3 and not self._wordpress:
            raise NotAnExport(self._a_feed())
        self._builder.end(self._path)
        self._path.pop()

    def _declare(self, attributes: dict[str, str]) -> None:
        for name, address in attributes.items():
            if not name.startswith("xmlns:"):
                continue
            export = _EXPORT.fullmatch(address)
            if export:
                self._prefixes[name[6:]] = export[1] or "wp"
                self._wordpress = True
            elif address in _PREFIXES:
                self._prefixes[name[6:]] = _PREFIXES[address]

    def _canonical(self, tag: str) -> str:
        # A prefix that nobody declared is taken at its word: plugins forget to.
        prefix, colon, name = tag.partition(":")
        return f"{self._prefixes.get(prefix, prefix)}:{name}" if colon else tag

    def _check_root(self, tag: str) -> None:
        if tag.lower() == "html":
            raise NotAnExport(
                f"{self._name} is a web page (HTML), not a WordPress export."
            )
        if tag != "rss":
            raise NotAnExport(
                f"{self._name} is XML of another kind (its root is <{tag[:40]}>), "
                "not a WordPress export."
            )

    def _a_feed(self) -> str:
        return (
            f"{self._name} is an RSS feed, not a WordPress export: "
            "it holds none of WordPress's own fields."
        )

    def _refuse_doctype(self, *_: object) -> int:
        raise NotAnExport(
            f"{self._name} declares a document type or entities, which a WordPress "
            "export never does; it is refused for safety."
        )

    def _broken(self, error: expat.ExpatError) -> str:
        where = f"line {error.lineno:,}, after {self._builder.items:,} items"
        unfinished = {
            expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
            expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
            expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
            expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR],
        }
        if error.code in unfinished:
            return f"{self._name} ends too early ({where}); export it again."
        reason = expat.ErrorString(error.code)
        return f"{self._name} is not well-formed XML ({reason} at {where})."
