"""What goes over the wire, named as the newsroom names it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema


class PictureOut(Schema):
    src: str
    srcset: str
    width: int
    height: int
    alt: str
    caption: str
    credit: str


class TeaserOut(Schema):
    story_id: int
    path: str
    headline: str
    standfirst: str
    section_name: str
    section_path: str
    byline: str
    published_at: datetime
    access: str
    picture: PictureOut | None
    reading_minutes: int


class PageOut(Schema):
    """A page of a listing. Ask again with `before=next_cursor` for older stories."""

    stories: list[TeaserOut]
    next_cursor: str | None


class BylineOut(Schema):
    name: str
    path: str


class CorrectionOut(Schema):
    at: datetime
    text: str


class BlockOut(Schema):
    kind: str
    data: dict[str, Any]


class DecisionOut(Schema):
    """
    `count` of the `limit` free stories of `pool` are read in this period; the shared
    pool's name is empty. `verdict` says the rest.
    """

    story_id: int
    verdict: str
    reason: str
    count: int
    limit: int
    remaining: int
    counts: bool
    ads: bool
    pool: str


class StoryOut(Schema):
    """`blocks` is the whole body if the decision is full, else its lead-in."""

    story_id: int
    revision: int
    path: str
    headline: str
    standfirst: str
    section_name: str
    section_path: str
    bylines: list[BylineOut]
    agency: str
    dateline: str
    published_at: datetime
    updated_at: datetime | None
    access: str
    picture: PictureOut | None
    word_count: int
    reading_minutes: int
    corrections: list[CorrectionOut]
    blocks: list[BlockOut]
    decision: DecisionOut


class SectionOut(Schema):
    name: str
    slug: str
    path: str


class MoneyOut(Schema):
    """`minor` counts the currency's smallest unit: 90000 INR is nine hundred rupees."""

    minor: int
    currency: str
    text: str


class PlanOut(Schema):
    code: str
    name: str
    price: MoneyOut
    per_month: MoneyOut | None
    term_count: int
    term_unit: str
    blurb: str
    benefits: list[str]
    features: list[str]


class Problem(Schema):
    detail: str
