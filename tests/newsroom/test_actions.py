"""The verbs: what is stored, what is announced, what is refused."""

from __future__ import annotations

from broadsheet.news.newsroom import actions, queries
from broadsheet.news.newsroom.events import StoryPublished, StoryWithdrawn


def test_a_filed_story_is_a_draft_that_no_reader_sees(filed, heard):
    story = filed()

    assert (story.live, story.slug, story.word_count) == (False, "rate-held", 11)
    assert queries.page(story.pk) is None
    assert queries.latest(10) == ()
    assert heard == []


def test_a_published_story_has_a_page_and_is_announced_once(published, heard, at):
    story = published(tags=["RBI", "Rates"])

    page = queries.page(story.pk)
    assert page is not None
    assert page.path == f"/markets/rate-held-{story.pk}/"
    assert [byline.name for byline in page.bylines] == ["Asha Rao"]
    assert page.tags == (("RBI", "/topics/rbi/"), ("Rates", "/topics/rates/"))
    assert (page.published_at, page.updated_at) == (at, at)
    assert heard == [(StoryPublished(story.pk, story.live_revision_id), at)]


def test_a_withdrawn_story_is_gone_from_everywhere(published, heard, at):
    story = published(tags=["RBI"])
    actions.withdraw(story_id=story.pk, reason="The agency killed it.", at=at)

    assert queries.page(story.pk) is None
    assert queries.latest(10) == ()
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
