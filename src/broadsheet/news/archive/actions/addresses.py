"""Where an item was, where it is now, and how links follow it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import urlsplit

from broadsheet.news.newsroom import queries
from broadsheet.news.newsroom.queries import Block

from ..formats.wxr.records import Item
from ..models import OldAddress
from ..rules import address_digest, address_key


def old_addresses(item: Item) -> Iterator[str]:
    """Yield the keys of every address that an item had."""
    link = address_key(item.link)
    if link:
        yield link
    if item.id:
        yield f"/?{'page_id' if item.kind == 'page' else 'p'}={item.id}"
    if urlsplit(item.guid).query:
        yield from filter(None, [address_key(item.guid)])
    folder, _, last = link.rpartition("/")
    if not last or "?" in link:
        return
    for slug in item.meta.get("_wp_old_slug", "").split("\n")[:50]:
        old = address_key(f"{folder}/{slug.strip()}") if slug.strip() else ""
        if old:
            yield old


def remember(stories: Sequence[tuple[int, Iterable[str]]]) -> dict[int, list[str]]:
    """
    Let each of these keys lead to its story, unless it leads to another one already;
    return those, by story. Costs two queries.
    """
    keys = {
        address_digest(key): (key, story_id)
        for story_id, found in reversed(stories)  # Of two that ask, the first has it.
        for key in found
    }
    known = OldAddress.objects.filter(digest__in=list(keys))
    taken = dict(known.values_list("digest", "story_id"))
    OldAddress.objects.bulk_create(
        OldAddress(digest=digest, address=key, story_id=story_id)
        for digest, (key, story_id) in keys.items()
        if digest not in taken
    )
    owners = {digest: story_id for digest, (_, story_id) in keys.items()} | taken
    lost: dict[int, list[str]] = {}
    for story_id, found in stories:
        for key in dict.fromkeys(found):
            if owners[address_digest(key)] != story_id:
                lost.setdefault(story_id, []).append(key)
    return lost


def whereabouts(keys: Iterable[str]) -> dict[str, str]:
    """Return the addresses that live stories have now, by keys of their old ones."""
    digests = {address_digest(key): key for key in keys}
    if not digests:
        return {}
    rows = OldAddress.objects.filter(digest__in=list(digests))
    owners = dict(rows.values_list("digest", "story_id"))
    live = queries.standings_of(list(set(owners.values())))
    paths = {standing.story_id: standing.path for standing in live}
    return {
        digests[digest]: paths[story_id]
        for digest, story_id in owners.items()
        if story_id in paths
    }


def redirected(blocks: Sequence[Block], moved: Mapping[str, str]) -> list[Block]:
    """Return `blocks` with the links at the keys of `moved` leading to its values."""
    if not moved:
        return list(blocks)
    return [Block(block.kind, _redirect(block.data, moved)) for block in blocks]


def _redirect(data: Mapping[str, Any], moved: Mapping[str, str]) -> dict[str, Any]:
    html = data.get("html")
    if not isinstance(html, str):
        return dict(data)
    for old, new in moved.items():
        html = html.replace(f'href="{escape(old)}"', f'href="{escape(new)}"')
    return {**data, "html": html}
