"""A whole export comes in, once, and says exactly what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from broadsheet.news.archive import actions, queries
from broadsheet.news.archive.models import BroughtItem, ImportRun, OldAddress
from broadsheet.news.newsroom import actions as newsroom
from broadsheet.news.newsroom.models import Author, Picture, Section, Story

from .conftest import EXPORTS, item, meta, picture

Export = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("house")
NO_PICTURES = actions.Options(fetch_pictures=False)
BLOCKS = EXPORTS / "blocks-1.2.xml"


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    """A copy of wp-content/uploads, with one picture good and one broken."""
    folder = tmp_path / "uploads" / "2021" / "02"
    folder.mkdir(parents=True)
    (folder / "rbi.jpg").write_bytes(picture())
    (folder / "notes.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    return tmp_path / "uploads"


def counts(report: actions.Report) -> dict[str, tuple[int, int]]:
    return {row["kind"]: (row["in"], row["out"]) for row in report.counts()}


def notes(report: actions.Report) -> list[tuple[int, str, str]]:
    return [(note.id, note.outcome, note.reason) for note in report.notes()]


def story(number: int) -> Story:
    return Story.objects.get(origin_id=str(number))


def stored(number: int) -> list[tuple[str, Any]]:
    return [
        (block["type"], block["value"]) for block in story(number).body.get_prep_value()
    ]


def test_a_block_editors_export_with_its_pictures(uploads: Path, at: datetime) -> None:
    report = actions.bring_in([BLOCKS], actions.Options(pictures_from=uploads), at=at)
    assert counts(report) == {
        "posts": (3, 3),
        "pages": (0, 0),
        "other items": (2, 0),
        "attachments": (2, 1),
        "authors": (3, 3),
        "categories": (4, 3),
        "tags": (2, 1),
        "comments": (0, 0),
        "words": (56, 56),
    }
    assert dict(report.outcomes) == {"new": 3, "skipped": 2}
    broken = "https://dispatch.example.in/wp-content/uploads/2021/02/notes.png"
    assert notes(report) == [
        (
            101,
            "changed",
            "dropped the block “latest-posts”, which WordPress fills by itself",
        ),
        (
            101,
            "changed",
            f"without the picture {broken}: it is no picture, or a broken one",
        ),
        (
            101,
            "changed",
            "it was sticky there; it does not lead the front page",
        ),
        (120, "skipped", "“wp_block” holds no story"),
        (121, "skipped", "“nav_menu_item” holds no story"),
        (0, "skipped", "no story was in it"),
        (
            0,
            "changed",
            "/search/ belongs to the site itself: the section is at /search-news/",
        ),
        (0, "skipped", "no story was in it"),
        (111, "skipped", "it is no picture, or a broken one"),
    ]
    first = story(101)
    assert first.live
    assert first.headline == "Banks wait for the RBI’s word"
    assert first.standfirst == "What to look for on Friday."
    assert first.section.slug == "business"  # Yoast's primary, not the deepest.
    assert [tag.name for tag in first.tags.all()] == ["Banking", "RBI"]
    assert [one.author.name for one in first.bylines.all()] == [
        "Guest Writer",
        "Ravi Shastri Rao",
    ]
    assert first.first_published_at == datetime(2021, 2, 5, 4, 0, tzinfo=UTC)
    (kept,) = Picture.objects.all()
    assert (kept.description, kept.credit) == ("The bank's tower", "Anita D / PTI")
    assert (first.picture_id, first.caption) == (kept.pk, "The tower")
    used = {"picture": kept.pk, "credit": "Anita D / PTI"}
    assert stored(101)[2:5] == [
        ("image", used | {"alt": "The bank's tower", "caption": "The tower in Mumbai"}),
        ("image", used | {"alt": "First", "caption": "First"}),
        (
            "embed",
            {
                "url": "https://www.youtube.com/watch?v=abcDEF12345",
                "title": "The governor speaks",
            },
        ),
    ]
    assert [kind for kind, _ in stored(101)] == [
        *("paragraph", "heading", "image", "image", "embed", "quote", "table"),
        *("list", "paragraph", "html", "paragraph"),
    ]


def test_links_to_our_own_stories_stay_on_this_site(at: datetime) -> None:
    actions.bring_in([BLOCKS], NO_PICTURES, at=at)
    (_, html), *_ = stored(101)
    assert f'href="{story(102).path}"' in html
    assert 'href="https://dispatch.example.in/about-us"' in html


def test_sections_come_from_the_deepest_category(at: datetime) -> None:
    actions.bring_in([BLOCKS], NO_PICTURES, at=at)
    assert story(102).section.slug == "banking"
    # /search/ is the site's own address.
    assert story(130).section.slug == "search-news"
    assert sorted(Section.objects.values_list("slug", "name")) == [
        ("banking", "Banking"),
        ("business", "Business"),
        ("search-news", "Search"),
    ]
    assert sorted(Author.objects.values_list("slug", flat=True)) == [
        *("guest-writer", "kavya-menon", "ravi-shastri-rao")
    ]


def test_a_date_without_gmt_is_read_on_the_sites_own_clock(at: datetime) -> None:
    actions.bring_in([BLOCKS], NO_PICTURES, at=at)
    assert story(102).first_published_at == datetime(2021, 2, 6, 4, 0, tzinfo=UTC)


def test_a_section_map_and_no_category_at_all(export: Export, at: datetime) -> None:
    path = export(item(1), item(2, more=""))
    options = actions.Options(
        fetch_pictures=False, section_map={"markets": "money-matters"}
    )
    actions.bring_in([path], options, at=at)
    assert (story(1).section.slug, story(1).section.name) == (
        "money-matters",
        "Money matters",
    )
    assert (story(2).section.slug, story(2).section.name) == ("news", "News")


def test_a_classic_export(at: datetime) -> None:
    report = actions.bring_in([EXPORTS / "classic-1.0.xml"], NO_PICTURES, at=at)
    assert counts(report)["comments"] == (2, 0)
    assert counts(report)["words"] == (36, 36)
    assert stored(11)[:2] == [
        ("paragraph", "<p>The port trust will dredge the harbour mouth.</p>"),
        (
            "paragraph",
            '<p>"We start in May," said the chairman,<br>who did not name a sum.</p>',
        ),
    ]
    # The picture could not be had; its words stay.
    assert stored(11)[2:] == [
        ("paragraph", "<p>The dredger at anchor</p>"),
        ("paragraph", "<p>The work will take [sic] nine weeks.</p>"),
    ]
    assert story(11).section.slug == "dredging"
    draft = story(13)
    assert (draft.live, draft.first_published_at) == (False, None)
    assert (13, "changed", "its status was “draft”: kept as a draft") in notes(report)
    last = "2 comments were counted; comments are not imported"
    assert notes(report)[-1] == (0, "skipped", last)


def test_hindi(at: datetime) -> None:
    actions.bring_in([EXPORTS / "hindi-1.1.xml"], NO_PICTURES, at=at)
    found = story(7)
    assert found.headline == "भारत ने मैच जीता"
    assert found.section.name == "खेल"
    assert [one.author.name for one in found.bylines.all()] == ["मीनू शर्मा"]
    old = "/%e0%a4%ad%e0%a4%be%e0%a4%b0%e0%a4%a4-%e0%a4%9c%e0%a5%80%e0%a4%a4%e0%a4%be/"
    assert queries.redirect(old) == found.pk
    assert queries.redirect("/भारत-जीता") == found.pk


PASSWORD = "<wp:post_password>secret</wp:post_password>"


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"status": "draft"}, "its status was “draft”: kept as a draft"),
        ({"status": "pending"}, "its status was “pending”: kept as a draft"),
        ({"status": "private"}, "its status was “private”: kept as a draft"),
        ({"status": "pitch"}, "its status was “pitch”: kept as a draft"),
        ({"more": PASSWORD}, "protected by a password: kept as a draft"),
        (
            {"kind": "page"},
            "a page: kept as a draft, to be made one at the desk",
        ),
        (
            {"kind": "recipe"},
            "of the kind “recipe”: kept as a draft; --also recipe makes stories",
        ),
        (
            {"date": "", "gmt": "0000-00-00 00:00:00"},
            "it has no usable date: kept as a draft",
        ),
        (
            {"status": "future", "gmt": "2026-09-01 00:00:00"},
            "planned for 2026-09-01 00:00 UTC: goes live by itself then",
        ),
    ],
)
def test_what_was_not_public_there_is_not_public_here(
    export: Export, at: datetime, parts: dict[str, str], reason: str
) -> None:
    report = actions.bring_in([export(item(1, **parts))], NO_PICTURES, at=at)
    assert notes(report)[:1] == [(1, "changed", reason)]
    assert story(1).live is False
    assert queries.redirect("/?p=1") is None
    assert OldAddress.objects.filter(story=story(1)).count() == 2


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"status": "trash"}, "it lay in the bin"),
        (
            {"status": "auto-draft"},
            "WordPress saved it by itself; nobody wrote it",
        ),
        ({"kind": "revision", "status": "inherit"}, "“revision” holds no story"),
        ({"title": "", "content": " "}, "it is empty"),
    ],
)
def test_what_nobody_wrote_is_skipped(
    export: Export, at: datetime, parts: dict[str, str], reason: str
) -> None:
    report = actions.bring_in([export(item(1, **parts))], NO_PICTURES, at=at)
    assert notes(report)[0] == (1, "skipped", reason)
    assert Story.objects.count() == 0


def test_a_planned_story_whose_day_has_come_is_live(
    export: Export, at: datetime
) -> None:
    path = export(item(1, status="future"), item(2, kind="recipe"))
    options = actions.Options(fetch_pictures=False, also=frozenset({"recipe"}))
    actions.bring_in([path], options, at=at)
    assert (story(1).live, story(2).live) == (True, True)


# --- Again ----------------------------------------------------------------------------


def test_the_second_run_changes_nothing(uploads: Path, at: datetime) -> None:
    options = actions.Options(pictures_from=uploads)
    first = actions.bring_in([BLOCKS], options, at=at)
    before = list(Story.objects.order_by("pk").values())
    revisions = [one.revisions.count() for one in Story.objects.order_by("pk")]
    second = actions.bring_in([BLOCKS], options, at=at + timedelta(days=1))
    assert second.nothing_changed
    assert dict(second.outcomes) == {"unchanged": 3, "skipped": 2}
    assert "Nothing changed." in list(second.as_text())
    assert counts(second) == counts(first)
    assert list(Story.objects.order_by("pk").values()) == before
    assert [one.revisions.count() for one in Story.objects.order_by("pk")] == revisions
    assert Picture.objects.count() == 1


def test_only_what_changed_is_changed(export: Export, at: datetime) -> None:
    actions.bring_in([export(item(1), item(2))], NO_PICTURES, at=at)
    path = export(item(1), item(2, title="Better"), item(3))
    report = actions.bring_in([path], NO_PICTURES, at=at)
    assert dict(report.outcomes) == {"unchanged": 1, "changed": 1, "new": 1}
    assert [story(n).headline for n in (1, 2, 3)] == ["Story 1", "Better", "Story 3"]
    assert story(2).live


def test_what_the_desk_decided_since_stands(export: Export, at: datetime) -> None:
    actions.bring_in([export(item(1), item(2), item(3))], NO_PICTURES, at=at)
    newsroom.withdraw(story_id=story(1).pk, reason="Wrong.", at=at)
    Story.objects.filter(origin_id="2").delete()
    path = export(
        item(1, title="New 1"), item(2, title="New 2"), item(3, status="draft")
    )
    report = actions.bring_in([path], NO_PICTURES, at=at)
    assert report.nothing_changed
    assert notes(report) == [
        (1, "skipped", "withdrawn here since: left as it is"),
        (2, "skipped", "deleted here since: not brought in again"),
        (3, "skipped", "no longer published there: still live here"),
        (3, "changed", "its status was “draft”: kept as a draft"),
    ]
    assert (story(1).live, story(3).live) == (False, True)
    assert Story.objects.count() == 2


def test_a_killed_import_goes_on(export: Export, at: datetime) -> None:
    path = export(*(item(n) for n in range(1, 204)))

    def stop(_bytes: int) -> None:
        if BroughtItem.objects.count() == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        actions.bring_in([path], NO_PICTURES, at=at, progress=stop)
    assert BroughtItem.objects.count() == 100
    assert ImportRun.objects.get().finished_at is None
    report = actions.bring_in([path], NO_PICTURES, at=at)
    assert dict(report.outcomes) == {"unchanged": 100, "new": 103}
    assert Story.objects.count() == 203


def test_pictures_that_come_later_are_put_in(uploads: Path, at: datetime) -> None:
    actions.bring_in([BLOCKS], NO_PICTURES, at=at)
    assert story(101).picture is None
    report = actions.bring_in([BLOCKS], actions.Options(pictures_from=uploads), at=at)
    assert dict(report.outcomes) == {"changed": 1, "unchanged": 2, "skipped": 2}
    assert story(101).picture is not None


def test_an_item_that_comes_twice_is_told(export: Export, at: datetime) -> None:
    files = [export(item(1), name="a.xml"), export(item(1), item(2), name="b.xml")]
    report = actions.bring_in(files, NO_PICTURES, at=at)
    assert dict(report.outcomes) == {"new": 2}
    assert (1, "skipped", "it comes more than once; the first counts") in notes(report)


# --- Dry run, refusals, the report ----------------------------------------------------


def test_a_dry_run_says_what_the_run_does_and_writes_nothing(
    uploads: Path, settings: Any, at: datetime
) -> None:
    options = actions.Options(pictures_from=uploads)
    dry = actions.Options(pictures_from=uploads, dry_run=True)
    rehearsed = actions.bring_in([BLOCKS], dry, at=at)
    for model in (Story, Section, Author, Picture, OldAddress, BroughtItem, ImportRun):
        assert model.objects.count() == 0  # type: ignore[attr-defined]  all have one
    assert [p for p in Path(settings.MEDIA_ROOT).rglob("*") if p.is_file()] == []
    done = actions.bring_in([BLOCKS], options, at=at)
    assert rehearsed.as_json() | {"dry_run": False} == done.as_json()
    again = actions.bring_in([BLOCKS], dry, at=at)
    assert again.nothing_changed
    assert [p.name for p in Path(settings.MEDIA_ROOT).rglob("*.jpg")] != []


def test_a_broken_file_changes_nothing(export: Export, at: datetime) -> None:
    good = export(item(1), name="good.xml")
    bad = export(raw=good.read_bytes()[:-30], name="bad.xml")
    with pytest.raises(actions.NotAnExport, match=r"bad\.xml ends too early"):
        actions.bring_in([good, bad], NO_PICTURES, at=at)
    assert (Story.objects.count(), ImportRun.objects.count()) == (0, 0)


def test_one_bad_item_stops_no_other(
    export: Export, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = "broadsheet.news.archive.formats.wxr.build.TEXT_LIMIT"
    monkeypatch.setattr(limit, 50)
    path = export(item(1, content="x" * 60), item(2, content="short"))
    report = actions.bring_in([path], NO_PICTURES, at=at)
    assert dict(report.outcomes) == {"refused": 1, "new": 1}
    assert notes(report) == [
        (1, "refused", "a field of it is longer than 16 million characters")
    ]


def test_odd_titles(export: Export, at: datetime) -> None:
    long = "word " * 60
    path = export(
        item(1, title="", content="One two three four five six seven eight nine ten."),
        item(2, title=long),
        item(
            3,
            title="<![CDATA[A <em>b</em> &amp; c&#8217;s]]>",
            more=meta("subtitle", "S"),
        ),
    )
    actions.bring_in([path], NO_PICTURES, at=at)
    assert story(1).headline == "One two three four five six seven eight nine ten."
    assert story(2).headline == ("word " * 47).strip() + "…"
    assert story(3).headline == "A b & c’s"
    assert story(3).standfirst == "S"


def test_the_run_is_kept_as_a_row(export: Export, at: datetime) -> None:
    later = at + timedelta(minutes=3)
    options = actions.Options(fetch_pictures=False, by="asha")
    report = actions.bring_in([export(item(1))], options, at=at, now=lambda: later)
    (run,) = queries.runs()
    assert (run.origin, run.by, run.files) == (
        "wxr:old.example.in",
        "asha",
        ["export.xml"],
    )
    assert (run.started_at, run.finished_at) == (at, later)
    assert run.report == json.loads(json.dumps(report.as_json()))


def test_a_limit_stops_early(export: Export, at: datetime) -> None:
    options = actions.Options(fetch_pictures=False, limit=2)
    path = export(*(item(n) for n in range(1, 6)))
    report = actions.bring_in([path], options, at=at)
    assert dict(report.outcomes) == {"new": 2}
    assert Story.objects.count() == 2


@pytest.mark.parametrize(
    "address",
    [
        "/2021/02/05/banks-wait/",
        "/2021/02/05/banks-wait",
        "/2021/02/05/Banks-Wait/?utm_source=x",
        "/2021/02/05/banks-wait.html",
        "//2021/02/05//banks-wait/",
        "/2021/02/05/banks-wait/amp/",
        "/index.php/2021/02/05/banks-wait/",
        "/?p=101",
        "/?p=101&utm_medium=mail",
        "/index.php?p=101",
        "/2021/02/05/banks-are-waiting/",
        "/2021/02/05/rbi-draft-title/",
    ],
)
def test_old_addresses_lead_to_the_story(at: datetime, address: str) -> None:
    actions.bring_in([BLOCKS], NO_PICTURES, at=at)
    assert queries.redirect(address) == story(101).pk


@pytest.mark.parametrize(
    "address", ["/", "", "/?utm_source=x", "/none/", "/?p=9", "//["]
)
def test_other_addresses_lead_nowhere(at: datetime, address: str) -> None:
    actions.bring_in([BLOCKS], NO_PICTURES, at=at)
    assert queries.redirect(address) is None
