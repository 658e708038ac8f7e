"""From plain blocks to what a body stores, and the refusals on the way."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from ..rules import Block, clean_block
from .pictures import Picture

LARGEST_PICTURE = 64_000_000  # Pixels; a decoded one fits in 256 MB.


class BadBlock(Exception):
    """A block is of no known kind, or lacks a part. The message says which."""


def without_nulls(value: Any) -> Any:
    """Return `value` without the NUL characters that PostgreSQL cannot store."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Mapping):
        return {key: without_nulls(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_nulls(each) for each in value]
    return value


def to_stored(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    """
    Return `blocks` in the JSON that a body stores, with all markup sanitised and blocks
    left out that hold nothing. Raise `BadBlock`.
    """
    stored = [_one(number, block) for number, block in enumerate(blocks, start=1)]
    return [each for each in stored if each is not None]


def _one(number: int, block: Block) -> dict[str, Any] | None:
    pack = _PACK.get(block.kind)
    if pack is None:
        raise BadBlock(
            gettext("Block %(number)d is of an unknown kind, %(kind)s.")
            % {"number": number, "kind": block.kind}
        )
    try:
        data = without_nulls(block.data)
        value = pack(clean_block(Block(block.kind, data)).data)
    except (KeyError, TypeError, ValueError) as error:
        raise BadBlock(
            gettext("Block %(number)d, a %(kind)s, lacks a part or has a wrong one.")
            % {"number": number, "kind": block.kind}
        ) from error
    if not value:
        return None
    return {"type": block.kind, "value": value, "id": _place(number)}


def _used(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "picture": int(data["picture"]),
        **{part: str(data.get(part) or "") for part in ("alt", "caption", "credit")},
    }


def _items(values: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {"type": "item", "value": value, "id": _place(number)}
        for number, value in enumerate(values, start=1)
    ]


def _place(number: int) -> str:
    """
    Return the id of a block by its place. Wagtail reads a list's item as one only if it
    has an id; that it is the same each time lets the same story have the same digest.
    """
    return str(UUID(int=number))


def _heading(data: Mapping[str, Any]) -> dict[str, Any] | None:
    level = min(max(int(data.get("level", 2)), 2), 4)
    text = str(data["text"]).strip()
    return {"text": text, "level": str(level)} if text else None


def _quote(data: Mapping[str, Any]) -> dict[str, Any] | None:
    by = str(data.get("attribution") or "")
    return {"html": data["html"], "attribution": by} if data["html"] else None


def _gallery(data: Mapping[str, Any]) -> dict[str, Any] | None:
    used = [_used(each) for each in data["pictures"]]
    return {"pictures": _items(used)} if used else None


def _table(data: Mapping[str, Any]) -> dict[str, Any] | None:
    rows = [[str(cell) for cell in row] for row in data["rows"]]
    if not rows:
        return None
    return {
        "data": rows,
        "first_row_is_table_header": bool(data.get("header")),
        "first_col_is_header": False,
        "table_caption": str(data.get("caption") or ""),
    }


def _embed(data: Mapping[str, Any]) -> dict[str, Any] | None:
    title = str(data.get("title") or "") or data["provider"]
    return {"url": data["url"], "title": title} if data["url"] else None


def _related(data: Mapping[str, Any]) -> dict[str, Any] | None:
    stories = [int(pk) for pk in data["stories"]]
    return {"stories": _items(stories)} if stories else None


_PACK: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "paragraph": lambda data: data["html"],
    "heading": _heading,
    "quote": _quote,
    "list": lambda data: data["html"],
    "image": _used,
    "gallery": _gallery,
    "table": _table,
    "embed": _embed,
    "related": _related,
    "html": lambda data: data["html"],
}


def readable_picture(content: bytes) -> bool:
    """Return whether `content` is a picture of a kind and a size that we can show."""
    try:
        with Pillow.open(io.BytesIO(content)) as image:
            known = image.format in ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
            if not known or image.width * image.height > LARGEST_PICTURE:
                return False
            image.load()  # A file that breaks off half-way has a good beginning.
            return True
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return False
    except Pillow.DecompressionBombError:
        return False


def known_picture(digest: str, words: Mapping[str, str]) -> int | None:
    known = Picture.objects.filter(file_hash=digest, **words).first()
    return known.pk if known else None


def sentence(error: ValidationError) -> str:
    """Return the first complaint of a form's error, with the field it is about."""
    for field, messages in error.message_dict.items():
        return messages[0] if field == "__all__" else f"{field}: {messages[0]}"
    return str(error)
