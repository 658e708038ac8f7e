"""Sample data: an invented day's paper, in the shapes that the rooms hand out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.templatetags.static import static

from broadsheet.kit.money import Money

NOW = datetime(2026, 8, 3, 4, 30, tzinfo=UTC)


SECTIONS = tuple(
    SimpleNamespace(name=name, slug=slug, path=f"/{slug}/")
    for name, slug in (
        ("India", "india"),
        ("World", "world"),
        ("Economy", "economy"),
        ("Markets", "markets"),
        ("Companies", "companies"),
        ("Technology", "technology"),
        ("Opinion", "opinion"),
        ("Science", "science"),
        ("Books & Arts", "arts"),
        ("Sport", "sport"),
    )
)


def picture(name: str, alt: str, caption: str = "", credit: str = "") -> Any:
    return SimpleNamespace(
        src=static(f"theme/patterns/{name}.svg"),
        srcset="",
        width=1200,
        height=800,
        alt=alt,
        caption=caption,
        credit=credit,
    )


_HARBOUR = ("harbour", "Tower blocks beside a harbour at sunrise")
_MONSOON = ("monsoon", "Rain clouds over green hills")
_DUNES = ("dunes", "Dunes under a low sun")
_NIGHT = ("night", "A city's towers at night")

# section, headline, standfirst, byline, minutes ago, access, picture
_STORIES: tuple[tuple[str, str, str, str, int, str, Any], ...] = (
    (
        "economy",
        "A port that waited twenty years opens to its first ship",
        "Vadhavan was drawn, fought over and drawn again. On Monday a dredger’s horn "
        "said that the argument was over.",
        "Meera Kulkarni",
        42,
        "metered",
        _HARBOUR,
    ),
    (
        "india",
        "Reservoirs fill a month early, and engineers worry about September",
        "Eleven of the country’s large dams are above nine-tenths.",
        "Arvind Rao",
        75,
        "metered",
        _MONSOON,
    ),
    (
        "markets",
        "The quiet bond trade behind a record month for banks",
        "Treasury desks made more than loan officers did.",
        "Farah Siddiqui",
        96,
        "premium",
        _NIGHT,
    ),
    (
        "companies",
        "Family that makes half the nation’s pressure cookers goes to court",
        "Three brothers, one brand and a will found in a tin.",
        "Joseph Thomas",
        130,
        "metered",
        None,
    ),
    (
        "science",
        "Salt water, light and patience: a lab in Pune splits hydrogen for less",
        "",
        "Ishita Banerjee",
        150,
        "free",
        _DUNES,
    ),
    (
        "world",
        "Grain ships wait off Port Said as fog closes the canal",
        "",
        "Reuters",
        171,
        "metered",
        None,
    ),
    (
        "technology",
        "Chip plant at Dholera hires its thousandth engineer before its first wafer",
        "",
        "Nikhil Desai",
        188,
        "metered",
        _NIGHT,
    ),
    (
        "opinion",
        "What a fair price for onions would cost the rest of us",
        "",
        "Lakshmi Menon",
        240,
        "premium",
        None,
    ),
    (
        "sport",
        "Two wickets, eleven runs, and the longest over of the summer",
        "",
        "Imran Qureshi",
        260,
        "metered",
        _MONSOON,
    ),
    (
        "arts",
        "The last letterpress in Kolkata sets one more wedding card",
        "",
        "Sudeshna Pal",
        1700,
        "metered",
        _DUNES,
    ),
    (
        "economy",
        "Why the taxman now likes small shops more than large ones",
        "Receipts from the smallest traders rose by a fifth.",
        "Meera Kulkarni",
        1800,
        "premium",
        _HARBOUR,
    ),
    (
        "markets",
        "Rupee steadies at 84.10 as oil slips for a third day",
        "",
        "PTI",
        1930,
        "metered",
        None,
    ),
)


def teaser(index: int) -> Any:
    section, headline, standfirst, byline, ago, access, image = _STORIES[
        index % len(_STORIES)
    ]
    name = next(link.name for link in SECTIONS if link.slug == section)
    return SimpleNamespace(
        story_id=1000 + index,
        path=f"/{section}/sample-{1000 + index}/",
        headline=headline,
        standfirst=standfirst,
        section_name=name,
        section_path=f"/{section}/",
        byline=byline,
        published_at=NOW - timedelta(minutes=ago),
        access=access,
        picture=picture(*image) if image else None,
        reading_minutes=2 + index % 6,
    )


def front() -> Any:
    strips = (
        (SECTIONS[2], (10, 0, 3, 7, 5)),
        (SECTIONS[5], (6, 4, 8, 9, 11)),
    )
    return SimpleNamespace(
        lead=teaser(0),
        seconds=tuple(teaser(i) for i in (1, 3, 4)),
        picks=tuple(teaser(i) for i in (2, 7, 10)),
        river=tuple(teaser(i) for i in (5, 6, 7, 8, 11, 9)),
        until=None,
        sections=tuple((link, tuple(teaser(i) for i in nos)) for link, nos in strips),
    )


def listing(title: str, description: str = "", path: str = "/economy/") -> Any:
    return SimpleNamespace(
        title=title,
        description=description,
        path=path,
        teasers=tuple(teaser(i) for i in (0, 10, 1, 6, 3, 4, 5, 8, 11)),
        next_cursor="1000",
    )


def offers() -> tuple[Any, ...]:
    rows = (
        ("quarterly", "Smart Quarterly", 90_000, 3, "month", 30_000),
        ("essential", "Smart Essential", 270_000, 1, "year", 22_500),
        ("saver", "Super Saver", 390_000, 2, "year", 16_200),
    )
    return tuple(
        SimpleNamespace(
            code=code,
            name=name,
            price=Money(minor, "INR"),
            term_count=count,
            term_unit=unit,
            per_month=Money(monthly, "INR"),
            blurb="",
            benefits=(
                "Every story, premium reports included",
                "No advertisements",
                "The archive since 1997",
                "The e-paper as printed",
            ),
        )
        for code, name, minor, count, unit, monthly in rows
    )


def subscription(*, cancelled: bool = False, late: bool = False, **more: Any) -> Any:
    end = datetime(2026, 11, 3, 4, 30, tzinfo=UTC)
    facts = {
        "id": "0192f0c4",
        "plan_code": "smart-quarterly",
        "plan_name": "Smart Quarterly",
        "status": "active",
        "price": Money(90_000, "INR"),
        "term_count": 3,
        "term_unit": "month",
        "period_start": NOW,
        "paid_through": end,
        "renews_on": None if cancelled else end,
        "ends_on": end if cancelled else None,
        "cancel_at_period_end": cancelled,
        "grace_until": end if late else None,
        "next_charge": Money(90_000, "INR"),
        "renews": True,
        "method": SimpleNamespace(
            network="visa", last4="4242", expires=date(2034, 12, 31)
        ),
    }
    return SimpleNamespace(**{**facts, **more})


def quote(*, later: bool = False) -> Any:
    """What a change of plan costs: at once, or when the paid time is over."""
    essential = offers()[1]
    lines = (
        SimpleNamespace(text="Smart Essential, 365 days", amount=essential.price),
        SimpleNamespace(
            text="Smart Quarterly, 61 days not used", amount=Money(-59_674, "INR")
        ),
    )
    says = "You pay ₹2,103.26 today, and Smart Essential begins at once."
    return SimpleNamespace(
        plan=essential,
        when="later" if later else "now",
        lines=() if later else lines,
        moves=Money(0 if later else 210_326, "INR"),
        sentence="You pay nothing today." if later else says,
    )


def due() -> Any:
    return SimpleNamespace(
        offer=offers()[0], price=Money(90_000, "INR"), discount=None, trial_days=0
    )


def invoices() -> tuple[Any, ...]:
    return (
        SimpleNamespace(
            number="BS/26-27/000117",
            issued_at=NOW,
            description="Smart Quarterly",
            total=Money(90_000, "INR"),
            path="/account/invoices/0192f0c4/",
        ),
    )


def invoice() -> dict[str, Any]:
    facts = SimpleNamespace(
        number="BS/26-27/000117",
        issued_at=NOW,
        paid_at=NOW,
        seller_name="The Broadsheet Company Private Limited",
        seller_address="12 Ballard Estate\nMumbai 400001",
        seller_gstin="27AAPFU0939F1ZV",
        total=Money(90_000, "INR"),
    )
    line = {
        "description": "Smart Quarterly",
        "tax_code": "998431",
        "since": NOW,
        "until": datetime(2026, 11, 2, tzinfo=UTC),
        "taxable": Money(76_272, "INR"),
    }
    return {
        "invoice": facts,
        "recipient": "Asha Rao",
        "email": "asha@example.com",
        "place": "27 Maharashtra",
        "lines": [line],
        "taxes": [
            ("CGST at 9%", Money(6_864, "INR")),
            ("SGST at 9%", Money(6_864, "INR")),
        ],
    }


def places(chosen: str = "") -> Any:
    groups = (
        ("States and union territories", (("29", "Karnataka"), ("27", "Maharashtra"))),
        ("Outside India", (("GB", "United Kingdom"), ("US", "United States"))),
    )
    return SimpleNamespace(
        chosen=chosen,
        groups=[SimpleNamespace(name=name, places=some) for name, some in groups],
    )
