"""The patterns by name: which template, and what it is shown with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from broadsheet.plumbing import publication

from ..structured import news_article
from . import gifts, sample, story

ORIGIN = "https://paper.example"
ANONYMOUS = SimpleNamespace(is_authenticated=False)
READER = SimpleNamespace(is_authenticated=True, email="asha@reader.example")


@dataclass(frozen=True, slots=True)
class Pattern:
    kind: str  # atom, molecule, page or letter
    template: str
    context: Callable[[], dict[str, Any]]


def _page(**extra: Any) -> dict[str, Any]:
    base = {
        "nav_sections": sample.SECTIONS,
        "origin": ORIGIN,
        "user": ANONYMOUS,
        "now": sample.NOW,
    }
    return base | extra


def _story(cut: bool, access: str, **extra: Any) -> dict[str, Any]:
    page = story.page(access)
    ld = news_article(page, paper=publication.current(), origin=ORIGIN, cut=cut)
    blocks = story.lead() if cut else story.blocks()
    return _page(
        story=page, blocks=blocks, cut=cut, lead_paragraphs=2, jsonld=ld, **extra
    )


def _shown(template: str, **context: Any) -> str:
    return mark_safe(render_to_string(template, context))  # noqa: S308  our templates


def _meter(count: int = 1, kind: str = "") -> str:
    told = {"count": count, "limit": 3, "path": "/", "by_month": True}
    return _shown("furniture/meter.html", kind=kind, **told)


def _ad(place: str) -> str:
    return _shown("furniture/ad.html", place=place)


def _wall() -> str:
    return _shown(
        "furniture/wall.html",
        headline="You’ve read your 3 free stories this month",
        message="Subscribe to read the full story, and every other one.",
        offers=sample.offers(),
        path="/economy/a-port-that-waited-1000/",
    )


def _read() -> dict[str, Any]:
    ads = {"sample_ad_top": _ad("top"), "sample_ad_mid": _ad("mid")}
    return _story(False, "metered", sample_meter=_meter(), **ads)


def _last() -> dict[str, Any]:
    return _story(False, "metered", sample_meter=_meter(3, "last"))


def _entitled() -> dict[str, Any]:
    give = _shown("furniture/gift_give.html", story=1000)
    return _story(False, "premium", sample_gift=give)


def _received() -> dict[str, Any]:
    gift = _shown("furniture/gift_received.html", path="/economy/a-port-1000/")
    return _story(False, "premium", sample_gift=gift, sample_ad_top=_ad("top"))


def _give(giving: str) -> Callable[[], dict[str, Any]]:
    return lambda: _page(user=READER, **gifts.give(giving))


def _teaser(index: int, **extra: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {"teaser": sample.teaser(index), "now": sample.NOW, **extra}


def _checkout_return(status: str) -> Callable[[], dict[str, Any]]:
    path = "/economy/a-port-that-waited-1000/#p2"
    state = SimpleNamespace(status=status, return_path=path)
    retry = SimpleNamespace(action="/subscribe/", fields={"next": path}, price="₹900")
    return lambda: _page(state=state, hers=True, back=path, retry=retry, user=READER)


def _cancel(step: str, **extra: Any) -> Callable[[], dict[str, Any]]:
    reasons = (
        ("price", "It costs too much"),
        ("time", "I do not read it often enough"),
        ("content", "I miss something in the paper"),
        ("other", "Something else"),
    )
    return lambda: _page(
        step=step,
        reasons=reasons,
        user=READER,
        subscription=sample.subscription(cancelled=step == "done"),
        **extra,
    )


def _answer(kind: str, **more: Any) -> Callable[[], dict[str, Any]]:
    return _cancel("answer", reason="price", answer=SimpleNamespace(kind=kind, **more))


def _account(**extra: Any) -> Callable[[], dict[str, Any]]:
    return lambda: _page(
        user=READER,
        reader=READER,
        future=["Your next charge is ₹900 on 3 November 2026."],
        invoices=sample.invoices(),
        asks_place=True,
        places=sample.places("29"),
        **extra,
    )


def _section() -> dict[str, Any]:
    words = "Trade, work, money and the people who count them."
    return _page(
        listing=sample.listing("Economy", words),
        here="/economy/",
        older="?before=1000",
        ads=True,
    )


SNIPPET = "… the <mark>port</mark> had been quiet since the strike of 2019 …"


def _search(query: str, *found: int) -> Callable[[], dict[str, Any]]:
    return lambda: _page(
        query=query,
        hits=[{"teaser": sample.teaser(i), "snippet": SNIPPET} for i in found],
        total=len(found),
        older="?q=port&before=9" if found else "",
    )


def _author() -> dict[str, Any]:
    bio = "Meera writes about trade and transport from Mumbai, and once drove a train."
    return _page(listing=sample.listing("Meera Kulkarni", bio, "/authors/meera/"))


PATTERNS: dict[str, Pattern] = {
    "teaser": Pattern("molecule", "parts/teaser.html", _teaser(0)),
    "teaser-premium": Pattern("molecule", "parts/teaser.html", _teaser(2, shape="row")),
    "teaser-line": Pattern("molecule", "parts/teaser_line.html", _teaser(5, level=2)),
    "meter": Pattern(
        "molecule",
        "furniture/meter.html",
        lambda: {"count": 1, "limit": 3, "path": "/", "by_month": True},
    ),
    "advertisement": Pattern("atom", "furniture/ad.html", lambda: {"place": "top"}),
    "wall-cookies": Pattern(
        "molecule",
        "furniture/wall_cookies.html",
        lambda: {"headline": "Please let us set one cookie", "message": "To count."},
    ),
    "wall-register": Pattern(
        "molecule",
        "furniture/wall_register.html",
        lambda: {"headline": "Sign up to read your free stories", "path": "/"},
    ),
    "front": Pattern(
        "page", "pages/front.html", lambda: _page(front=sample.front(), ads=True)
    ),
    "front-empty": Pattern(
        "page",
        "pages/front.html",
        lambda: _page(front=SimpleNamespace(lead=None)),
    ),
    "section": Pattern("page", "pages/section.html", _section),
    "topic": Pattern(
        "page",
        "pages/topic.html",
        lambda: _page(listing=sample.listing("Ports", path="/topics/ports/")),
    ),
    "author": Pattern("page", "pages/author.html", _author),
    "story": Pattern("page", "pages/story.html", _read),
    "story-last": Pattern("page", "pages/story.html", _last),
    "story-subscriber": Pattern("page", "pages/story.html", _entitled),
    "story-wall": Pattern(
        "page",
        "pages/story.html",
        lambda: _story(True, "premium", sample_wall=_wall(), sample_ad_top=_ad("top")),
    ),
    "subscribe": Pattern(
        "page",
        "pages/subscribe.html",
        lambda: _page(offers=sample.offers(), next="/economy/#p2", request_key="k"),
    ),
    "checkout": Pattern(
        "page",
        "pages/checkout.html",
        lambda: _page(
            offer=sample.offers()[0],
            due=sample.due(),
            renews="On 3 November 2026 for ₹900, and automatically after that.",
            user=READER,
            request_key="k",
            asks_place=True,
            places=sample.places("29"),
        ),
    ),
    "checkout-no-place": Pattern(
        "page",
        "pages/checkout.html",
        lambda: _page(
            offer=sample.offers()[0],
            due=sample.due(),
            user=READER,
            request_key="k",
            asks_place=True,
            places=sample.places(),
            place_error=True,
            error="Choose where you live: the tax on your invoice depends on it.",
        ),
    ),
    "checkout-active": Pattern(
        "page", "pages/checkout_return.html", _checkout_return("active")
    ),
    "checkout-pending": Pattern(
        "page", "pages/checkout_return.html", _checkout_return("pending")
    ),
    "checkout-declined": Pattern(
        "page", "pages/checkout_return.html", _checkout_return("declined")
    ),
    "checkout-abandoned": Pattern(
        "page", "pages/checkout_return.html", _checkout_return("abandoned")
    ),
    "account": Pattern(
        "page", "pages/account.html", _account(subscription=sample.subscription())
    ),
    "account-cancelled": Pattern(
        "page",
        "pages/account.html",
        _account(subscription=sample.subscription(cancelled=True)),
    ),
    "account-late": Pattern(
        "page",
        "pages/account.html",
        _account(subscription=sample.subscription(late=True), trouble=sample.NOW),
    ),
    "account-none": Pattern("page", "pages/account.html", _account(subscription=None)),
    "account-gifts": Pattern(
        "page",
        "pages/account.html",
        _account(subscription=sample.subscription(), gifts=gifts.listed()),
    ),
    **{
        f"give-{giving}": Pattern("page", "pages/give.html", _give(giving))
        for giving in ("open", "given", "spent", "free", "closed")
    },
    "story-gift": Pattern("page", "pages/story.html", _received),
    "invoice": Pattern(
        "page", "pages/invoice.html", lambda: _page(user=READER, **sample.invoice())
    ),
    "cancel-reason": Pattern("page", "pages/cancel.html", _cancel("reason")),
    "cancel-offer": Pattern(
        "page",
        "pages/cancel.html",
        _answer("offer", future="₹450 for the next 3 months, then ₹900 every 3 months"),
    ),
    "cancel-plan": Pattern(
        "page",
        "pages/cancel.html",
        lambda: _answer("plan", plan=sample.offers()[1])(),
    ),
    **{
        f"cancel-{kind}": Pattern("page", "pages/cancel.html", _answer(kind))
        for kind in ("pause", "picks", "content", "trouble")
    },
    "cancel-confirm": Pattern(
        "page",
        "pages/cancel.html",
        _cancel(
            "confirm",
            reason="price",
            refund=SimpleNamespace(back=sample.quote().moves, days=61, of=92),
        ),
    ),
    "switch": Pattern(
        "page",
        "pages/switch.html",
        lambda: _page(
            user=READER,
            subscription=sample.subscription(),
            offers=sample.offers()[1:],
        ),
    ),
    "switch-now": Pattern(
        "page",
        "pages/switch_quote.html",
        lambda: _page(
            user=READER, subscription=sample.subscription(), quote=sample.quote()
        ),
    ),
    "switch-later": Pattern(
        "page",
        "pages/switch_quote.html",
        lambda: _page(
            user=READER,
            subscription=sample.subscription(),
            quote=sample.quote(later=True),
        ),
    ),
    "pause": Pattern(
        "page",
        "pages/pause.html",
        lambda: _page(
            user=READER,
            subscription=sample.subscription(),
            longest=90,
            starts="2026-08-04",
            resumes="2026-09-03",
        ),
    ),
    "cancel-done": Pattern("page", "pages/cancel.html", _cancel("done")),
    "search": Pattern("page", "pages/search.html", _search("port", 0, 5, 10)),
    "search-empty": Pattern("page", "pages/search.html", _search("xylophone")),
    "feeds": Pattern(
        "page",
        "pages/feeds.html",
        lambda: _page(
            feeds=[SimpleNamespace(name="Front page", path="/feeds/front.rss")]
        ),
    ),
    "error": Pattern(
        "page",
        "pages/error.html",
        lambda: _page(
            status=404,
            headline="This page is not in the paper",
            sentence="The address may be mistyped, or the story may have been moved.",
            way_on="/",
            way_on_words="To the front page",
        ),
    ),
    "form": Pattern("page", "patterns/form.html", _page),
    "letter": Pattern("letter", "patterns/letter.html", dict),
}
