"""Version 1 of the API. Each answer is one question to a room, and its shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from ninja import NinjaAPI, Status
from pydantic import Field

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.gate.core.vocabulary import Decision
from broadsheet.gate.house import queries as gate
from broadsheet.kit.money import Money
from broadsheet.news.newsroom import queries as newsroom
from broadsheet.plumbing import publication

from . import problems
from .shapes import (
    DecisionOut,
    MoneyOut,
    PageOut,
    PlanOut,
    Problem,
    SectionOut,
    StoryOut,
    TeaserOut,
)

View = Callable[..., Any]

LONGEST_PAGE = 50
NO_STORY = {"detail": "There is no story of that number."}
NO_SECTION = {"detail": "There is no section at that address."}

api = NinjaAPI(
    title="Broadsheet",
    version="1",
    description="Stories, the reader's own decisions, and plans.",
    urls_namespace="api-v1",
)
problems.handle(api)


def read(path: str, **how: Any) -> Callable[[View], View]:
    """Answer GET; and HEAD likewise, which the document need not repeat."""

    def register(view: View) -> View:
        api.api_operation(["HEAD"], path, include_in_schema=False, **how)(view)
        return api.get(path, operation_id=view.__name__, **how)(view)

    return register


@read("/sections", response=list[SectionOut], summary="The paper's sections")
def sections(request: HttpRequest) -> Any:
    # A list: Ninja takes a pair for a status and its answer.
    return list(newsroom.sections())


@read(
    "/stories",
    response={200: PageOut, 404: Problem, 422: Problem},
    summary="The newest stories, of the paper or of a section",
)
def stories(
    request: HttpRequest,
    section: Annotated[str | None, Field(max_length=80, pattern=r"^[\w-]+$")] = None,
    before: Annotated[str | None, Field(max_length=200)] = None,
    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = 20,
) -> Any:
    listing = (
        newsroom.river(before=before, limit=limit)
        if section is None
        else newsroom.section(section, before=before, limit=limit)
    )
    if listing is None:
        return Status(404, NO_SECTION)
    return {
        "stories": [TeaserOut.from_orm(teaser) for teaser in listing.teasers],
        "next_cursor": listing.next_cursor,
    }


@read(
    "/stories/{int:story_id}",
    response={200: StoryOut, 404: Problem},
    summary="A story, whole or cut as the caller may read it",
)
def story(request: HttpRequest, response: HttpResponse, story_id: int) -> Any:
    """
    A whole metered story counts, as it does on the page; read again it costs nothing.
    Send the cookies of the reader or of her device; without any, it comes cut.
    """
    _for_nobody_else(response)
    page = newsroom.page(story_id)
    if page is None:
        return Status(404, NO_STORY)
    decision = _decide(request, story_id, count=request.method == "GET")
    blocks = newsroom.body(story_id, decision)
    return {
        **{name: getattr(page, name) for name in _OF_THE_PAGE},
        "blocks": [
            {"kind": block.kind, "data": _plain(block.data)} for block in blocks
        ],
        "decision": _decision_out(decision),
    }


_OF_THE_PAGE = tuple(
    name for name in StoryOut.model_fields if name not in ("blocks", "decision")
)


@read(
    "/stories/{int:story_id}/decision",
    response={200: DecisionOut, 404: Problem},
    summary="What the caller would get, without counting",
)
def decision(request: HttpRequest, response: HttpResponse, story_id: int) -> Any:
    _for_nobody_else(response)
    if newsroom.canonical(story_id) is None:
        return Status(404, NO_STORY)
    return _decision_out(_decide(request, story_id, count=False))


@read("/plans", response=list[PlanOut], summary="What is on sale")
def plans(request: HttpRequest) -> Any:
    locale = publication.current().locale
    return [
        {
            **{name: getattr(plan, name) for name in _OF_THE_PLAN},
            "price": _money_out(plan.price, locale),
            "per_month": plan.per_month and _money_out(plan.per_month, locale),
        }
        for plan in catalogue.plans(publication.now())
    ]


_OF_THE_PLAN = tuple(
    name for name in PlanOut.model_fields if name not in ("price", "per_month")
)


def _for_nobody_else(response: HttpResponse) -> None:
    """Keep shared caches from giving what this caller may read to the next one."""
    response["Cache-Control"] = "private, no-store"
    patch_vary_headers(response, ["Cookie"])


def _decide(request: HttpRequest, story_id: int, *, count: bool) -> Decision:
    return gate.decide(
        story_id, cookies=request.COOKIES, at=publication.now(), count=count
    )


def _decision_out(decision: Decision) -> DecisionOut:
    return DecisionOut(
        story_id=decision.story_id,
        verdict=decision.verdict.value,
        reason=decision.reason.value,
        count=decision.count,
        limit=decision.limit,
        remaining=decision.remaining,
        counts=decision.counts,
        ads=decision.ads,
        pool=decision.pool,
    )


def _money_out(money: Money, locale: str) -> MoneyOut:
    return MoneyOut(
        minor=money.minor, currency=money.currency, text=money.format(locale)
    )


def _plain(value: Any) -> Any:
    """Return a block's data with its dataclasses (pictures, teasers) as plain objects."""
    if hasattr(value, "__dataclass_fields__"):
        return asdict(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
