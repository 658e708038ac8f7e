"""
From rows to what readers are shown.

The desk's preview needs this of a story that is not stored, so it takes instances, not
ids; `queries` fetches them. Whatever is shown of many stories at once is fetched for
all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext
from wagtail.images.models import SourceImageIOError
from wagtail.rich_text import expand_db_html

from ..rules import (
    Block,
    Byline,
    Correction,
    Picture,
    Standing,
    StoryPage,
    Teaser,
    reading_minutes,
)
from ..rules.clean import clean_inline, paragraphs, provider
from .pictures import STORY_WIDTHS, TEASER_WIDTHS
from .pictures import Picture as PictureRow

if TYPE_CHECKING:
    from .story import Story

# --- Bodies ---------------------------------------------------------------------------


def stored_blocks(body: Any) -> tuple[Block, ...]:
    """Return a body's blocks as they are filed: pictures and stories by their ids."""
    raws = ((raw["type"], raw["value"]) for raw in body.raw_data)
    return tuple(
        Block(kind, data) for kind, value in raws for data in _UNPACK[kind](value)
    )


def _items(value: Any) -> list[Any]:
    """Return the values of a stored ListBlock."""
    return [
        item["value"] if isinstance(item, dict) and "type" in item else item
        for item in value
    ]


def _table(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [[str(cell or "") for cell in row] for row in value.get("data") or []]
    return [
        {
            "rows": rows,
            "header": bool(value.get("first_row_is_table_header")),
            "caption": value.get("table_caption") or "",
        }
    ]


_UNPACK: Mapping[str, Callable[[Any], list[dict[str, Any]]]] = {
    "paragraph": lambda value: [{"html": part} for part in paragraphs(value)],
    "heading": lambda value: [{"text": value["text"], "level": int(value["level"])}],
    "quote": lambda value: [dict(value)],
    "list": lambda value: [{"html": value}],
    "image": lambda value: [dict(value)],
    "gallery": lambda value: [{"pictures": _items(value["pictures"])}],
    "table": _table,
    "embed": lambda value: [dict(value) | {"provider": provider(value["url"])}],
    "related": lambda value: [{"stories": _items(value["stories"])}],
    "html": lambda value: [{"html": value}],
}


def blocks_of(body: Any) -> tuple[Block, ...]:
    """
    Return a body's blocks as they are shown. Costs at most six queries, however many
    pictures and related stories it has; what no longer exists is left out.
    """
    blocks = stored_blocks(body)
    pictures = _pictures(blocks)
    teasers = _related(blocks)
    shown = (_show(block, pictures, teasers) for block in blocks)
    return tuple(block for block in shown if block is not None)


def _pictures(blocks: Iterable[Block]) -> dict[int, PictureRow]:
    wanted = {used["picture"] for block in blocks for used in _used(block)}
    if not wanted:
        return {}
    rows = PictureRow.objects.filter(pk__in=wanted).prefetch_renditions(*STORY_WIDTHS)
    return {row.pk: row for row in rows}


def _used(block: Block) -> Sequence[Mapping[str, Any]]:
    if block.kind == "image":
        return [block.data]
    pictures: Sequence[Mapping[str, Any]] = block.data.get("pictures", ())
    return pictures


def _related(blocks: Iterable[Block]) -> dict[int, Teaser]:
    wanted = {pk for block in blocks for pk in block.data.get("stories", ())}
    if not wanted:
        return {}
    return {teaser.story_id: teaser for teaser in teasers(live().filter(pk__in=wanted))}


def _show(
    block: Block, pictures: Mapping[int, PictureRow], related: Mapping[int, Teaser]
) -> Block | None:
    if block.kind in ("image", "gallery"):
        rows = [(pictures.get(used["picture"]), used) for used in _used(block)]
        placed = [_placed(row, used) for row, used in rows if row is not None]
        return _pictured(block.kind, tuple(each for each in placed if each is not None))
    if block.kind == "related":
        found = tuple(related[pk] for pk in block.data["stories"] if pk in related)
        return Block("related", {"teasers": found}) if found else None
    markup = block.data.get("html", "")
    if 'linktype="' in markup:
        return Block(block.kind, {**block.data, "html": _resolved(block.kind, markup)})
    return block


def _pictured(kind: str, shown: tuple[Picture, ...]) -> Block | None:
    if not shown:
        return None
    return Block(
        kind, {"picture": shown[0]} if kind == "image" else {"pictures": shown}
    )


def _placed(row: PictureRow, used: Mapping[str, Any]) -> Picture | None:
    return picture(
        row,
        STORY_WIDTHS,
        alt=used.get("alt") or "",
        caption=used.get("caption") or "",
        credit=used.get("credit") or "",
    )


def _resolved(kind: str, markup: str) -> str:
    """Return `markup` with its links to Wagtail's pages turned into addresses."""
    # A page that no site serves has no address; Wagtail writes it as None.
    expanded = expand_db_html(markup).replace(' href="None"', "")
    return clean_inline(expanded) if kind == "paragraph" else expanded


# --- Pictures ---------------------------------------------------------------------------


def picture(
    row: PictureRow,
    widths: Sequence[str],
    *,
    alt: str = "",
    caption: str = "",
    credit: str = "",
) -> Picture | None:
    """
    Return `row` in `widths`, or None if its file is lost: a story without its picture
    is better than no story. Costs nothing if the renditions were prefetched; the first
    time ever that a size is asked for, this function will make it.
    """
    try:
        renditions = row.get_renditions(*widths).values()
    except (SourceImageIOError, OSError):
        return None
    made = sorted(renditions, key=lambda each: each.width)
    by_width = {each.width: each for each in made}
    largest = made[-1]
    return Picture(
        src=largest.url,
        srcset=", ".join(f"{each.url} {width}w" for width, each in by_width.items()),
        width=largest.width,
        height=largest.height,
        alt=alt or row.description,
        caption=caption,
        credit=credit or row.credit,
    )


# --- Stories ----------------------------------------------------------------------------


def live() -> QuerySet[Story]:
    """Return live stories, with their bodies left in the database."""
    stories: QuerySet[Story] = apps.get_model("newsroom.Story").objects.all()
    return stories.filter(live=True).defer("body")


def with_furniture(stories: QuerySet[Story]) -> QuerySet[Story]:
    """Fetch what a teaser shows: four queries more, however many stories."""
    byline = apps.get_model("newsroom.Byline")
    return stories.select_related("section").prefetch_related(
        Prefetch(
            "bylines", byline.objects.select_related("author").order_by("sort_order")
        ),
        Prefetch(
            "picture",
            PictureRow.objects.prefetch_renditions(*TEASER_WIDTHS, *STORY_WIDTHS),
        ),
    )


def teasers(stories: QuerySet[Story]) -> tuple[Teaser, ...]:
    return tuple(teaser(story) for story in with_furniture(stories))


def teaser(story: Story) -> Teaser:
    row = story.picture
    assert story.first_published_at is not None  # noqa: S101  A constraint of the table.
    return Teaser(
        story_id=story.pk,
        path=story.path,
        headline=story.headline,
        standfirst=story.standfirst,
        section_name=story.section.name,
        section_path=story.section.path,
        byline=_names([byline.author.name for byline in story.bylines.all()])
        or story.agency,
        published_at=story.first_published_at,
        access=story.access,
        picture=picture(row, TEASER_WIDTHS, caption=story.caption) if row else None,
        reading_minutes=reading_minutes(story.word_count),
    )


def _names(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return gettext("%(names)s and %(last)s") % {
        "names": ", ".join(names[:-1]),
        "last": names[-1],
    }


def standing(story: Story) -> Standing:
    published_at, updated_at = story.first_published_at, story.updated_at
    assert published_at and updated_at  # noqa: S101  A constraint of the table.
    return Standing(
        story_id=story.pk,
        revision=story.live_revision_id or 0,
        path=story.path,
        section=story.section.slug,
        access=story.access,
        published_at=published_at,
        updated_at=updated_at,
    )


def story_page(
    story: Story, *, at: datetime, related: tuple[Teaser, ...] = ()
) -> StoryPage:
    """Return the page of `story`; one that was never published is dated `at`."""
    row = story.picture
    published_at = story.first_published_at or at
    corrections = story.corrections.order_by("at", "pk") if story.pk else ()
    return StoryPage(
        story_id=story.pk or 0,
        revision=story.live_revision_id or story.latest_revision_id or 0,
        path=story.path,
        headline=story.headline,
        standfirst=story.standfirst,
        section_name=story.section.name,
        section_path=story.section.path,
        bylines=tuple(
            Byline(byline.author.name, byline.author.path)
            for byline in story.bylines.all()
        ),
        agency=story.agency,
        dateline=story.dateline,
        published_at=published_at,
        updated_at=story.updated_at or published_at,
        access=story.access,
        picture=picture(row, STORY_WIDTHS, caption=story.caption) if row else None,
        tags=tuple(
            (tag.name, f"/topics/{tag.slug}/")
            for tag in sorted(story.tags.all(), key=lambda tag: str(tag.name))
        ),
        word_count=story.word_count,
        reading_minutes=reading_minutes(story.word_count),
        corrections=tuple(Correction(each.at, each.text) for each in corrections),
        related=related,
    )
