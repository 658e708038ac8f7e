"""Every field of every version arrives."""

from __future__ import annotations

from datetime import UTC, datetime

from broadsheet.news.archive.formats.wxr.records import (
    Author,
    Item,
    Label,
    Site,
    Term,
)

from .conftest import EXPORTS, items, read


def test_version_1_0() -> None:
    site, *rest = [
        one
        for one in read(EXPORTS / "classic-1.0.xml")
        if not isinstance(one, (Item, Term))
    ]
    assert site == Site(
        title="The Harbour Gazette",
        link="http://gazette.example.org",
        base_url="http://gazette.example.org",
        language="en",
        version="1.0",
    )
    assert rest == []
    terms = [one for one in read(EXPORTS / "classic-1.0.xml") if isinstance(one, Term)]
    assert terms == [
        Term("category", "shipping", "Shipping"),
        Term("category", "dredging", "Dredging", "shipping"),
        Term("post_tag", "tides", "Tides"),
    ]
    story, attachment, draft = items(EXPORTS / "classic-1.0.xml")
    assert story.categories == (
        Label("dredging", "Dredging"),
        Label("shipping", "Shipping"),
    )
    assert story.tags == (Label("tides", "Tides"),)
    assert story.comments == 2
    assert story.creator == "meera"
    assert story.published == datetime(2010, 4, 5, 2, 30, tzinfo=UTC)
    assert story.published_local == datetime(2010, 4, 5, 8, 0)
    assert attachment.attachment_url.endswith("/2010/04/dredger.jpg")
    assert attachment.parent == 11
    assert attachment.meta == {"_wp_attached_file": "2010/04/dredger.jpg"}
    assert (draft.status, draft.published) == ("draft", None)
    assert draft.published_local == datetime(2010, 4, 6, 9, 0)


def test_version_1_2() -> None:
    everything = read(EXPORTS / "blocks-1.2.xml")
    assert [one for one in everything if isinstance(one, Author)] == [
        Author(
            login="kavya@dispatch.example.in",
            name="Kavya Menon",
            email="kavya@dispatch.example.in",
            first_name="Kavya",
            last_name="Menon",
        ),
        Author(login="ravi", name="Ravi Shastri Rao", email="ravi@dispatch.example.in"),
    ]
    terms = [one for one in everything if isinstance(one, Term)]
    assert terms[2] == Term("category", "banking", "Banking", "business", 8)
    assert terms[-1] == Term("series", "rates", "Rates", "", 30)
    story = items(EXPORTS / "blocks-1.2.xml")[0]
    assert story.coauthors == (
        Label("cap-guest-writer", "Guest Writer"),
        Label("ravi", "ravi"),
    )
    assert story.other_terms == (("series", "Rates"),)
    assert story.sticky is True
    assert story.modified == datetime(2021, 2, 5, 5, 30, tzinfo=UTC)
    assert story.excerpt == "What to look for on Friday."
    assert story.meta == {
        "_thumbnail_id": "110",
        "_yoast_wpseo_primary_category": "7",
        "_wp_old_slug": "banks-are-waiting\nrbi-draft-title",
    }
