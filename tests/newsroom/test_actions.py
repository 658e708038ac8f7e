"""The verbs: what is stored, what is announced, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from wagtail.models import ModelLogEntry, ReferenceIndex, Revision

from broadsheet.news.newsroom import actions, jobs, queries
from broadsheet.news.newsroom.events import (
    AuthorChanged,
    SectionChanged,
    StoryPublished,
    StoryWithdrawn,
)
from broadsheet.news.newsroom.models import (
    Author,
    Correction,
    Picture,
    Placing,
    Section,
    Story,
    Withdrawal,
)
from broadsheet.news.newsroom.rules import Block
from broadsheet.plumbing import publication

from .conftest import Said, photo

HOUR = timedelta(hours=1)
WIRE = {"origin": "wxr:example.com", "origin_id": "41"}


def rows() -> tuple[int, ...]:
    models = (Story, Revision, Placing, Correction, Withdrawal)
    return tuple(model.objects.count() for model in models)


# --- Filing ---------------------------------------------------------------------------


def test_a_filed_story_is_a_draft_that_no_reader_sees(filed, heard):
    story = filed()

    assert (story.live, story.slug, story.word_count) == (False, "rate-held", 11)
    assert queries.page(story.pk) is None
    assert queries.standing(story.pk) is None
    assert queries.latest(10) == ()
    assert heard == []


@pytest.mark.parametrize(
    ("headline", "slug"),
    [
        ("Rate held at 5.5% — RBI", "rate-held-at-55-rbi"),
        ("Café über alles", "cafe-uber-alles"),
        ("रिज़र्व बैंक", "story"),
        ("A " * 120, ("a-" * 40).strip("-")),
    ],
)
def test_an_address_is_made_of_the_headline(filed, headline, slug):
    assert filed(headline.strip()).slug == slug


def test_a_story_takes_the_class_of_its_section(filed):
    assert filed(section_slug="opinion").access == "free"
    assert filed(section_slug="opinion", access="premium").access == "premium"


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"section_slug": "sport"}, actions.NoSuchSection),
        ({"authors": ["asha-rao", "nobody"]}, actions.NoSuchAuthor),
        ({"access": "paid"}, actions.BadStory),
        ({"headline": ""}, actions.BadStory),
        ({"headline": "x" * 241}, actions.BadStory),
        ({"slug": "not a slug"}, actions.BadStory),
        ({"picture": 999_999}, actions.BadStory),
        ({"blocks": [Block("poem", {})]}, actions.BadBlock),
        ({"blocks": [Block("heading", {"level": 2})]}, actions.BadBlock),
        ({"blocks": [Block("table", {"rows": 3})]}, actions.BadBlock),
        ({"blocks": [Block("image", {"picture": "x"})]}, actions.BadBlock),
    ],
)
def test_what_cannot_be_stored_is_refused_and_nothing_moves(filed, parts, error):
    with pytest.raises(error) as refusal:
        filed(**parts)

    assert str(refusal.value) != ""
    assert rows() == (0, 0, 0, 0, 0)


def test_a_topic_too_long_to_store_is_shortened(published):
    story = published(tags=["x" * 140, " ", "RBI"])

    assert [tag for tag, _path in queries.page(story.pk).tags] == ["RBI", "x" * 100]


def test_blocks_that_hold_nothing_are_left_out(filed):
    empty = [
        Block("paragraph", {"html": "<p> </p>"}),
        Block("heading", {"text": " "}),
        Block("html", {"html": "<script>x</script>"}),
        Block("gallery", {"pictures": []}),
        Block("table", {"rows": []}),
        Block("embed", {"url": "javascript:alert(1)", "title": "x"}),
        Block("related", {"stories": []}),
        Block("quote", {"html": "", "attribution": "A"}),
    ]

    assert len(filed(blocks=[*empty, Block("list", {"html": "<ul></ul>"})]).body) == 1


def test_markup_is_sanitised_on_the_way_in(published):
    html = '<p>It <b onclick="x()">held</b>.<script>alert(1)</script></p><p>Yes.</p>'
    story = published("A\x00B", blocks=[Block("paragraph", {"html": html + "\x00"})])

    assert story.headline == "AB"
    assert [raw["value"] for raw in story.body.raw_data] == [
        "<p>It <b>held</b>.</p><p>Yes.</p>"
    ]


def test_filing_the_same_again_changes_nothing(filed, published, heard):
    story = published(**WIRE, tags=["RBI"])
    before = (rows(), list(heard))

    again = filed(**WIRE, tags=["RBI"])

    assert (again.pk, again.has_unpublished_changes) == (story.pk, False)
    assert (rows(), list(heard)) == before


def test_filing_a_change_again_is_a_draft_until_published(filed, published, heard, at):
    story = published(**WIRE)
    later = at + HOUR
    changed = filed("Rate cut", **WIRE, tags=["RBI"], authors=["vikram-iyer"])

    assert changed.pk == story.pk
    assert queries.page(story.pk).headline == "Rate held"
    assert Story.objects.get().live_revision_id == story.live_revision_id

    actions.publish(story_id=story.pk, at=later)
    page = queries.page(story.pk)
    assert (page.headline, page.bylines[0].name) == ("Rate cut", "Vikram Iyer")
    assert (page.published_at, page.updated_at) == (at, later)
    assert page.path == f"/markets/rate-held-{story.pk}/"
    assert len(heard) == 2
    assert queries.author("asha-rao").teasers == ()
    assert len(queries.author("vikram-iyer").teasers) == 1


def test_an_editors_change_survives_the_same_import_again(filed, published, at):
    story = published(**WIRE)
    story.headline = "Bank holds rate"
    story.publish(story.save_revision(), at=at)

    filed(**WIRE)
    actions.publish(story_id=story.pk, at=at)

    assert queries.page(story.pk).headline == "Bank holds rate"


def test_a_draft_filed_again_is_changed_in_place(filed):
    first = filed(**WIRE)
    second = filed("Rate cut", **WIRE)

    assert (second.pk, second.headline, second.live) == (first.pk, "Rate cut", False)
    assert rows()[:2] == (1, 2)


# --- Publishing -----------------------------------------------------------------------


def test_a_published_story_has_a_page_and_is_announced_once(published, heard, at):
    story = published(tags=["RBI", "Rates"])

    page = queries.page(story.pk)
    assert page is not None
    assert page.path == f"/markets/rate-held-{story.pk}/"
    assert [byline.name for byline in page.bylines] == ["Asha Rao"]
    assert page.tags == (("RBI", "/topics/rbi/"), ("Rates", "/topics/rates/"))
    assert (page.published_at, page.updated_at) == (at, at)
    assert heard == [(StoryPublished(story.pk, story.live_revision_id), at)]


def test_publishing_twice_is_publishing_once(published, heard, at):
    story = published()
    before = (rows(), list(heard))

    actions.publish(story_id=story.pk, at=at + HOUR)

    assert (rows(), list(heard)) == before


def test_the_gate_is_told_where_a_story_stands(published, at):
    when = datetime(1997, 8, 15, 0, 30, tzinfo=UTC)
    story = published(first_published_at=when, access="premium")
    other = published("Other")
    standing = queries.standing(story.pk)

    assert (standing.path, standing.section) == (story.path, "markets")
    assert (standing.access, standing.published_at) == ("premium", when)
    assert standing.revision == story.live_revision_id
    assert [s.story_id for s in queries.standings()] == [story.pk, other.pk]
    assert [s.story_id for s in queries.standings(after=story.pk)] == [other.pk]
    assert queries.standings(section_id=Section.objects.get(slug="opinion").pk) == ()


def test_a_failure_after_going_live_leaves_nothing(filed, heard, at, monkeypatch):
    story = filed()

    class Broken(Exception):
        pass

    with pytest.raises(Broken), transaction.atomic():
        actions.publish(story_id=story.pk, at=at)
        raise Broken

    assert queries.page(story.pk) is None
    assert rows()[2:] == (0, 0, 0)


@pytest.mark.parametrize("early", [timedelta(microseconds=1), HOUR])
def test_nothing_goes_live_before_its_embargo(filed, heard, at, early):
    story = filed(embargo_until=at)
    before = rows()

    with pytest.raises(actions.Embargoed) as refusal:
        actions.publish(story_id=story.pk, at=at - early)

    assert str(refusal.value) == (
        "This story is under embargo until 03 August 2026, 10:00 IST."
    )
    assert (rows(), heard) == (before, [])
    assert actions.publish(story_id=story.pk, at=at).live


def test_the_database_itself_keeps_an_embargo(published, at):
    story = published()

    with pytest.raises(IntegrityError), transaction.atomic():
        Story.objects.filter(pk=story.pk).update(embargo_until=at + HOUR)


def test_there_is_one_story_of_one_origin(filed):
    filed(**WIRE)
    other = filed()

    with pytest.raises(IntegrityError), transaction.atomic():
        Story.objects.filter(pk=other.pk).update(**WIRE)


@pytest.mark.parametrize("verb", ["publish", "withdraw", "correct", "spike"])
def test_no_verb_finds_a_story_that_is_not_there(paper, at, verb):
    words = {"withdraw": {"reason": "x"}, "correct": {"text": "x"}}

    with pytest.raises(actions.NoSuchStory):
        getattr(actions, verb)(story_id=1, at=at, **words.get(verb, {}))


# --- The clock ------------------------------------------------------------------------


def scheduled(story: Story, at: datetime, **times: datetime) -> None:
    for name, value in times.items():
        setattr(story, name, value)
    story.publish(story.save_revision(), at=at)


def test_a_scheduled_story_goes_live_at_its_instant(filed, heard, at):
    story = filed()
    scheduled(story, at, go_live_at=at + HOUR)
    assert (Story.objects.get().live, heard) == (False, [])

    assert actions.publish_due(at=at + HOUR - timedelta(microseconds=1)) == (0, 0)
    assert actions.publish_due(at=at + HOUR) == (1, 0)
    assert actions.publish_due(at=at + 2 * HOUR) == (0, 0)

    assert Story.objects.get().first_published_at == at + HOUR
    assert [when for _told, when in heard] == [at + HOUR]


def test_a_live_story_keeps_its_text_until_the_new_ones_hour(published, heard, at):
    story = published()
    story.headline = "Rate cut"
    scheduled(story, at, go_live_at=at + HOUR)
    assert queries.page(story.pk).headline == "Rate held"
    assert len(heard) == 1

    actions.publish_due(at=at + HOUR)

    assert queries.page(story.pk).headline == "Rate cut"
    assert len(heard) == 2


def test_a_schedule_may_not_undercut_an_embargo(filed, at):
    story = filed(embargo_until=at + 2 * HOUR)

    with pytest.raises(actions.Embargoed):
        scheduled(story, at, go_live_at=at + HOUR)
    scheduled(story, at, go_live_at=at + 2 * HOUR)
    assert actions.publish_due(at=at + 2 * HOUR) == (1, 0)


def test_one_refused_story_holds_up_no_other(filed, at):
    late, fine = filed("Late"), filed("Fine")
    scheduled(late, at, go_live_at=at + HOUR)
    scheduled(fine, at, go_live_at=at + 2 * HOUR)
    revision = Revision.objects.filter(approved_go_live_at=at + HOUR).get()
    revision.content["embargo_until"] = (at + 9 * HOUR).isoformat()
    revision.save(update_fields=["content"])

    assert actions.publish_due(at=at + 3 * HOUR) == (1, 0)
    assert [t.headline for t in queries.latest(5)] == ["Fine"]


def test_a_story_whose_time_is_over_is_taken_down(filed, heard, at):
    story = filed()
    scheduled(story, at, expire_at=at + HOUR)

    assert actions.publish_due(at=at + HOUR) == (0, 1)
    assert queries.page(story.pk) is None
    assert [told for told, _when in heard][1:] == [StoryWithdrawn(story.pk)]
    assert [row.reason for row in Withdrawal.objects.all()] == ["Its time was over."]


def test_the_job_lives_in_the_publications_time(filed, at):
    story = filed()
    now = publication.now()
    scheduled(story, now, go_live_at=now + 3 * HOUR)
    jobs.publish_due(timestamp=0)
    assert not Story.objects.get().live

    publication.move_clock(4 * HOUR)
    try:
        jobs.publish_due(timestamp=0)
    finally:
        publication.move_clock(timedelta(0))
    assert Story.objects.get().live


def test_the_desk_knows_where_a_picture_is_used(filed, picture, at):
    story = filed(picture=picture, blocks=[Block("image", {"picture": picture})])
    row = Picture.objects.get()
    places = ["body", "picture"]

    def used() -> list[str]:
        found = ReferenceIndex.get_references_to(row).filter(object_id=story.pk)
        return sorted(each.model_path.split(".")[0] for each in found)

    assert used() == places
    actions.publish(story_id=story.pk, at=at)
    assert used() == places


# --- Correcting, withdrawing, spiking -------------------------------------------------


def test_a_correction_is_told_to_readers_and_announced(published, heard, at):
    story = published(tags=["RBI"])
    later = at + HOUR
    actions.correct(
        story_id=story.pk,
        text="The rate is 5.5 per cent, not 5.",
        changes={"headline": "Rate held at 5.5"},
        blocks=[Block("paragraph", {"html": "It is 5.5. Yes."})],
        at=later,
    )
    page = queries.page(story.pk)

    assert page.headline == "Rate held at 5.5"
    assert [(c.at, c.text) for c in page.corrections] == [
        (later, "The rate is 5.5 per cent, not 5.")
    ]
    assert (page.published_at, page.updated_at, page.is_updated) == (at, later, True)
    assert page.word_count == 4
    assert page.tags == (("RBI", "/topics/rbi/"),)
    assert queries.body(story.pk, Said(story.pk, full=True)) == (
        Block("paragraph", {"html": "It is 5.5. Yes."}),
    )
    assert heard[1] == (StoryPublished(story.pk, page.revision), later)


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"text": " "}, actions.BadStory),
        ({"text": "x", "changes": {"live": False}}, actions.BadStory),
        ({"text": "x", "changes": {"headline": ""}}, actions.BadStory),
        ({"text": "x", "blocks": [Block("poem", {})]}, actions.BadBlock),
    ],
)
def test_a_correction_that_cannot_be_is_refused(published, heard, at, parts, error):
    story = published()
    before = (rows(), list(heard))

    with pytest.raises(error):
        actions.correct(story_id=story.pk, at=at, **parts)

    assert (rows(), list(heard)) == before


def test_only_a_live_story_is_corrected_or_withdrawn(filed, at):
    story = filed()

    with pytest.raises(actions.NotLive):
        actions.correct(story_id=story.pk, text="x", at=at)
    with pytest.raises(actions.NotLive):
        actions.withdraw(story_id=story.pk, reason="x", at=at)


def test_a_withdrawn_story_is_gone_from_everywhere(published, heard, at):
    story = published(tags=["RBI"])
    actions.withdraw(story_id=story.pk, reason="The agency killed it.", at=at)

    assert queries.page(story.pk) is None
    assert queries.canonical(story.pk) is None
    assert queries.standing(story.pk) is None
    assert queries.latest(10) == ()
    assert queries.front(at).lead is None
    for listing in (
        queries.section("markets"),
        queries.author("asha-rao"),
        queries.topic("rbi"),
    ):
        assert listing is not None
        assert listing.teasers == ()
    assert heard[1:] == [(StoryWithdrawn(story.pk), at)]
    (row,) = story.withdrawals.all()
    assert (row.reason, row.at, row.by) == ("The agency killed it.", at, None)


def test_a_withdrawn_story_comes_back_only_if_that_is_said(filed, published, at):
    story = published(**WIRE)
    actions.withdraw(story_id=story.pk, reason="A court said so.", at=at)
    filed("Rate cut", **WIRE)

    with pytest.raises(actions.Withdrawn):
        actions.publish(story_id=story.pk, at=at)
    assert queries.page(story.pk) is None

    actions.publish(story_id=story.pk, again=True, at=at + HOUR)
    page = queries.page(story.pk)
    assert (page.headline, page.published_at) == ("Rate cut", at)


def test_a_draft_is_spiked_and_the_log_keeps_it(filed, heard, at):
    actions.spike(story_id=filed().pk, at=at)

    assert rows()[0] == 0
    entry = ModelLogEntry.objects.get(action="wagtail.delete")
    assert (entry.label, entry.timestamp) == ("Rate held", at)
    assert heard == []


def test_what_readers_have_seen_is_never_spiked(published, at):
    story = published()
    with pytest.raises(actions.WasPublished):
        actions.spike(story_id=story.pk, at=at)
    actions.withdraw(story_id=story.pk, reason="x", at=at)
    with pytest.raises(actions.WasPublished):
        actions.spike(story_id=story.pk, at=at)

    assert rows()[0] == 1


# --- The house ------------------------------------------------------------------------


def test_a_section_cannot_be_opened_at_a_taken_address(paper):
    with pytest.raises(actions.BadStory) as refusal:
        actions.open_section(name="Search", slug="search")

    assert str(refusal.value) == (
        "The address /search/ is taken by the site itself; choose another."
    )
    assert [s.slug for s in queries.sections()] == ["markets", "opinion"]


def test_opening_again_changes_in_place_and_tells_of_a_new_name(paper, heard, at):
    same = actions.open_section(name="Markets", slug="markets", rank=1, at=at)
    actions.open_author(name="Asha Rao", slug="asha-rao", role="Editor", at=at)
    assert heard == []

    actions.open_section(name="Money", slug="markets", at=at)
    author = actions.open_author(name="Asha R. Rao", slug="asha-rao", at=at)
    assert heard == [(SectionChanged(same.pk), at), (AuthorChanged(author.pk), at)]
    assert (Section.objects.count(), Author.objects.count()) == (2, 2)


def test_a_picture_is_stored_once_with_its_words(picture):
    again = actions.add_picture(
        content=photo(),
        filename="other.png",
        title="Mint Road",
        alt="A gate",
        credit="Broadsheet",
    )
    row = Picture.objects.get()

    assert again == picture == row.pk
    assert (row.description, row.credit) == ("A gate", "Broadsheet")
    assert (row.width, row.height) == (1500, 900)


@pytest.mark.parametrize(
    ("content", "alt"),
    [
        (b"", "A"),
        (b"<svg onload='x'/>", "A"),
        (photo()[:-60], "A"),
        (photo()[:40], "A"),
        (photo(), " "),
    ],
)
def test_what_is_no_picture_or_says_nothing_is_refused(db, content, alt):
    with pytest.raises(actions.BadPicture):
        actions.add_picture(content=content, filename="x.png", title="X", alt=alt)

    assert Picture.objects.count() == 0
