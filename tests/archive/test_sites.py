"""Exports in the shapes that real sites produce come in whole and read well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve
from taggit.models import Tag
from wagtail.models import ModelLogEntry, ReferenceIndex

from broadsheet.front.web import moved
from broadsheet.gate.house.models import StoryFact
from broadsheet.news.archive import actions, queries
from broadsheet.news.newsroom import actions as newsroom
from broadsheet.news.newsroom import queries as stories
from broadsheet.news.newsroom.models import Byline, Placing, Section, Story, StoryTag
from broadsheet.plumbing.models import Announcement, Delivery

from .conftest import EXPORTS, item, meta

pytestmark = pytest.mark.usefixtures("house")
SITES = EXPORTS / "sites"
NO_PICTURES = actions.Options(fetch_pictures=False)


def bring(name: str, at: datetime) -> actions.Report:
    return actions.bring_in([SITES / f"{name}.xml"], NO_PICTURES, at=at)


def story(number: int) -> Story:
    return Story.objects.get(origin_id=str(number))


def stored(number: int) -> list[tuple[str, Any]]:
    blocks = story(number).body.get_prep_value()
    return [(block["type"], block["value"]) for block in blocks]


def reasons(report: actions.Report, number: int) -> list[str]:
    return [note.reason for note in report.notes() if note.id == number]


@pytest.mark.parametrize(
    "path", sorted(SITES.glob("*.xml")), ids=lambda path: path.stem
)
def test_no_word_is_lost_and_a_second_run_changes_nothing(
    path: Path, at: datetime
) -> None:
    first = actions.bring_in([path], NO_PICTURES, at=at)
    assert first.came["words"] == first.went["words"] > 0
    assert first.outcomes["refused"] == 0
    before = list(Story.objects.order_by("pk").values())
    again = actions.bring_in([path], NO_PICTURES, at=at + timedelta(hours=1))
    assert again.nothing_changed
    assert list(Story.objects.order_by("pk").values()) == before
    assert all(len(line) <= 80 or "https://" in line for line in first.as_text())


def test_page_builders_leave_words_pictures_and_links(at: datetime) -> None:
    report = bring("builders", at)
    assert stored(901) == [
        ("paragraph", "<p>The tram will run again, the council said on Monday.</p>"),
        ("paragraph", "<p>Work begins in June.</p>"),
        ("heading", {"text": "What it will cost", "level": "3"}),
        (
            "paragraph",
            '<p><a href="https://builders.example.in/plan" rel="noopener">'
            "Read the plan</a></p>",
        ),
        ("paragraph", "<p><strong>hi</strong></p>"),
    ]
    assert [kind for kind, _ in stored(902)] == ["heading", "paragraph", "paragraph"]
    assert reasons(report, 902) == [
        "took a page builder's layout apart; its words were kept (8 times)",
        "without the picture https://builders.example.in/wp-content/uploads/2022/03/"
        "hills.jpg: pictures were not asked for",
    ]
    assert [kind for kind, _ in stored(903)] == ["heading", "paragraph", "paragraph"]


def test_every_block_has_its_place(at: datetime) -> None:
    bring("every-block", at)
    assert [kind for kind, _ in stored(11)] == [
        *("heading", "heading", "paragraph", "paragraph", "paragraph", "paragraph"),
        *("paragraph", "quote", "html", "html", "list", "table", "paragraph", "html"),
        *("paragraph", "embed", "embed", "paragraph", "paragraph", "html"),
    ]
    assert dict(stored(11))["table"]["table_caption"] == "Catch"
    assert story(11).headline == "Every block & more"
    order = "https://units.example.org/wp-content/uploads/order.pdf"
    link = f'<p><a href="{order}" rel="noopener">The order</a></p>'
    assert ("paragraph", link) in stored(11)


def test_titles_that_are_none_or_too_long(at: datetime) -> None:
    bring("every-block", at)
    assert story(12).headline == "No title at all, but words enough to make one"
    assert story(13).headline.startswith("🚨 Very long title Very long")
    assert (len(story(13).headline) <= 240, story(13).headline[-1]) == (True, "…")


def test_other_scripts_get_addresses_that_can_be_read(at: datetime) -> None:
    bring("every-block", at)
    assert [story(n).path for n in (14, 15)] == [
        f"/riben/dongjing-{story(14).pk}/",
        f"/khbr/khbr-{story(15).pk}/",
    ]
    # “😀” has no letter that an address could be made of.
    assert sorted(Tag.objects.values_list("name", "slug")) == [
        ("مصر", "مصر"),
        ("海", "海"),
    ]


def test_a_topic_in_its_own_script_has_a_page(at: datetime) -> None:
    bring("every-block", at)
    assert resolve("/topics/海/").kwargs == {"slug": "海"}
    found = stories.topic("海")
    assert found is not None
    assert [teaser.story_id for teaser in found.teasers] == [story(14).pk]
    assert resolve("/topics/भारतीय-बैंक/").url_name == "topic"
    with pytest.raises(Resolver404):
        resolve("/topics/\x00/")


def test_states_of_posts(at: datetime) -> None:
    report = bring("states", at)
    shown = {s.origin_id: (s.live, s.is_lead) for s in Story.objects.all()}
    assert shown == {
        "1": (True, True),  # Sticky, and of this week.
        "2": (True, False),
        "3": (False, False),
        **dict.fromkeys(("4", "5", "7", "9", "10"), (False, False)),
        "8": (True, False),
    }
    assert reasons(report, 2) == [
        "it was sticky there; it does not lead the front page"
    ]
    assert story(8).updated_at == datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert story(1).updated_at == story(1).first_published_at


def test_a_planned_story_goes_live_by_itself_at_its_hour(at: datetime) -> None:
    bring("states", at)
    hour = at + timedelta(days=1)
    assert newsroom.publish_due(at=hour - timedelta(minutes=1)) == (0, 0)
    assert newsroom.publish_due(at=hour) == (1, 0)
    assert (story(3).live, story(3).first_published_at) == (True, hour)
    assert bring("states", hour + timedelta(hours=1)).nothing_changed


def test_dates_of_a_zone_with_summer_time(at: datetime) -> None:
    bring("dates", at)
    assert [story(n).first_published_at for n in (3, 4, 5, 6, 7)] == [
        datetime(2021, 7, 11, 11, tzinfo=UTC),
        datetime(2021, 1, 11, 12, tzinfo=UTC),
        datetime(1947, 8, 15, tzinfo=UTC),
        datetime(1997, 6, 1, 8, tzinfo=UTC),
        None,
    ]


def test_every_old_address_leads_on(at: datetime) -> None:
    bring("addresses", at)
    old = {
        "/?p=501": 501,
        "/2020/05/06/by-date/": 502,
        "/2020/05/06/by-the-date/": 502,
        "/archives/503": 503,
        "/news/title-1/": 504,
        "/a/same/": 505,
        "/b/same/": 506,
        "/तीन/": 507,
        "/index.php/2001/01/old.html": 508,
    }
    assert {path: queries.redirect(path) for path in old} == {
        path: story(number).pk for path, number in old.items()
    }


def test_links_lead_to_the_new_addresses_whichever_story_came_first(
    at: datetime,
) -> None:
    bring("addresses", at)
    (_, html), *_ = stored(501)
    assert html == (
        f'<p>See <a href="{story(502).path}" rel="noopener">the other</a> and '
        f'<a href="{story(503).path}" rel="noopener">the third</a>.</p>'
    )
    # The next publishing, from the newest revision, must not undo it.
    newest = story(501).get_latest_revision_as_object()
    assert newest.body.get_prep_value()[0]["value"] == html


def test_an_old_address_wins_over_a_misspelling_of_another_story(
    at: datetime,
) -> None:
    bring("addresses", at)
    assert moved.claimed("/news/title-1/")
    assert not moved.claimed("/news/title-2/")


def test_sections_whose_address_is_the_sites_own(at: datetime) -> None:
    report = bring("addresses", at)
    assert sorted(Section.objects.values_list("slug", flat=True)) == [
        *("account-news", "e-news", "search-news")
    ]
    assert [note.reason for note in report.notes() if note.kind == "category"] == [
        "/search/ belongs to the site itself: the section is at /search-news/",
        "/account/ belongs to the site itself: the section is at /account-news/",
        "/e/ belongs to the site itself: the section is at /e-news/",
    ]


def test_bylines_of_co_authors_guests_and_logins(at: datetime) -> None:
    bring("people", at)
    names = {
        s.origin_id: [one.author.name for one in s.bylines.all()]
        for s in Story.objects.all()
    }
    assert names == {
        "1": ["Asha Rao", "Meera Nair"],
        "2": ["desk"],
        "3": ["stringer_7"],
        "4": [],
        "6": ["Ravi Kumar", "Kavya Iyer"],
        "7": ["Asha Rao"],
    }


def test_an_export_of_wordpress_com(at: datetime) -> None:
    bring("wordpress-com", at)
    assert story(21).section.name == "Boats & Ships"
    assert stored(21) == [
        (
            "embed",
            {"url": "https://videopress.com/v/AbCdEf", "title": "videopress.com"},
        ),
        ("paragraph", "<p>The <strong>boats</strong> came in.</p>"),
        (
            "embed",
            {"url": "https://www.youtube.com/watch?v=abcdefghijk", "title": "YouTube"},
        ),
    ]


def test_bytes_that_a_site_got_wrong(at: datetime) -> None:
    bring("bytes", at)
    assert [stored(n)[0][1] for n in (1, 2, 4)] == [
        "<p>An array a[b[0]]&gt; and so on.</p>",
        "<p>Smart “ quotes ”.</p>",
        "<p>Café ’s and R&amp;D</p>",
    ]


def test_a_very_long_story_is_brought_in_whole(
    export: Callable[..., Path], at: datetime
) -> None:
    words = "<p>" + "word " * 200 + "</p>\n"
    path = export(item(1, content=words * 5000), item(2))  # Five megabytes.
    report = actions.bring_in([path], NO_PICTURES, at=at)
    assert (report.came["words"], report.went["words"]) == (1_000_005, 1_000_005)
    assert len(story(1).body) == 5000


def test_one_story_that_the_newsroom_refuses_holds_up_no_other(
    export: Callable[..., Path], at: datetime
) -> None:
    long = "x" * 300
    path = export(item(1), item(2, more=meta("dateline", "Delhi")), item(3))
    arrival = newsroom.Arrival(
        origin="o", origin_id="1", headline=long, blocks=(), section_slug="news"
    )
    newsroom.open_section(name="News", slug="news")
    (taken,) = newsroom.take_in([arrival], at=at)
    assert taken.story_id is None
    assert isinstance(taken.refusal, newsroom.BadStory)
    actions.bring_in([path], NO_PICTURES, at=at)
    assert story(2).dateline == "Delhi"


def test_files_of_two_sites_in_one_command_are_refused(at: datetime) -> None:
    files = [SITES / "dates.xml", SITES / "people.xml"]
    with pytest.raises(actions.NotAnExport) as refused:
        actions.bring_in(files, NO_PICTURES, at=at)
    assert str(refused.value) == (
        "One file comes from dates.example.co.uk and another from people.example.in; "
        "bring each site in by itself."
    )
    assert Story.objects.count() == 0


# --- The batch verb against the verbs that it stands for ------------------------------

PARTS = {
    "headline": "Rates hold",
    "blocks": (stories.Block("paragraph", {"html": "<p>The bank <b>held</b>.</p>"}),),
    "section_slug": "business",
    "authors": ("asha-rao",),
    "tags": ("RBI", "rbi", "Banks"),
    "standfirst": "As expected.",
}


def rows_of(pk: int) -> dict[str, Any]:
    """Return all that the newsroom, the gate and the outbox hold of a story."""
    row = Story.objects.filter(pk=pk).values().get()
    passing = ("id", "origin_id", "latest_revision_id", "live_revision_id")
    announced = Announcement.objects.filter(payload__story_id=pk).order_by("at", "id")
    facts = StoryFact.objects.filter(story_id=pk)
    return {
        "story": {name: row[name] for name in row if name not in passing},
        "bylines": list(Byline.objects.filter(story=pk).values("author", "sort_order")),
        "tags": sorted(
            story_tag.tag.name
            for story_tag in StoryTag.objects.filter(content_object=pk)
        ),
        "placings": sorted(
            Placing.objects.filter(story=pk).values_list(
                "author", "tag", "published_at"
            ),
            key=str,
        ),
        "uses": sorted(
            ReferenceIndex.objects.filter(
                object_id=str(pk), base_content_type__model="story"
            ).values_list("model_path", "to_object_id")
        ),
        "log": sorted(
            ModelLogEntry.objects.filter(
                object_id=str(pk), content_type__model="story"
            ).values_list("action", flat=True)
        ),
        "gate": list(facts.values("access", "section", "published_at", "withdrawn_at")),
        "topics": [one.topic for one in announced],
        "deliveries": Delivery.objects.filter(announcement__in=announced).count(),
    }


@pytest.mark.parametrize("live", [True, False])
def test_taking_in_leaves_what_filing_and_publishing_leave(
    at: datetime, live: bool
) -> None:
    newsroom.open_section(name="Business", slug="business")
    newsroom.open_author(name="Asha Rao", slug="asha-rao")
    first = at - timedelta(days=9000)
    parts = PARTS | {"first_published_at": first}
    one = newsroom.file(**parts, origin="o", origin_id="1", at=at)
    if live:
        newsroom.publish(
            story_id=one.pk, first_published_at=first, updated_at=at, at=at
        )
    arrival = newsroom.Arrival(
        **parts, origin="o", origin_id="2", live=live, updated_at=at
    )
    (taken,) = newsroom.take_in([arrival], at=at)
    assert taken.story_id is not None
    ours, theirs = rows_of(one.pk), rows_of(taken.story_id)
    assert theirs == ours
    assert ours["log"] == ["wagtail.edit", *(["wagtail.publish"] if live else [])]
    assert ours["deliveries"] == (2 if live else 0)
    both = [Story.objects.get(pk=pk) for pk in (one.pk, taken.story_id)]
    contents = [story.get_latest_revision().content for story in both]
    assert contents[0]["body"] == contents[1]["body"]
    assert contents[0].keys() == contents[1].keys()


def test_taking_in_again_changes_in_place(at: datetime) -> None:
    newsroom.open_section(name="Business", slug="business")
    newsroom.open_author(name="Asha Rao", slug="asha-rao")
    arrival = newsroom.Arrival(**PARTS, origin="o", origin_id="1", live=True)
    (taken,) = newsroom.take_in([arrival], at=at)
    better = newsroom.Arrival(
        **(PARTS | {"headline": "Rates rise"}), origin="o", origin_id="1", live=True
    )
    assert newsroom.take_in([better], at=at) == [taken]
    assert [story.headline for story in Story.objects.all()] == ["Rates rise"]
    newsroom.withdraw(story_id=taken.story_id, reason="Wrong.", at=at)
    (refused,) = newsroom.take_in([arrival], at=at)
    assert isinstance(refused.refusal, newsroom.Withdrawn)
    assert Story.objects.get().live is False


def test_a_hundred_more_stories_cost_no_more_statements(at: datetime) -> None:
    newsroom.open_section(name="Business", slug="business")
    newsroom.open_author(name="Asha Rao", slug="asha-rao")

    def arrivals(start: int, count: int) -> list[newsroom.Arrival]:
        return [
            newsroom.Arrival(**PARTS, origin="o", origin_id=str(n), live=True)
            for n in range(start, start + count)
        ]

    newsroom.take_in(arrivals(0, 1), at=at)
    with CaptureQueriesContext(connection) as one:
        newsroom.take_in(arrivals(1, 1), at=at)
    with CaptureQueriesContext(connection) as many:
        newsroom.take_in(arrivals(2, 100), at=at)
    assert len(many) == len(one)
