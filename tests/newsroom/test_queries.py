"""What readers are shown, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broadsheet.news.newsroom import actions, queries
from broadsheet.news.newsroom.models import Picture, Story
from broadsheet.news.newsroom.rules import Block

from .conftest import Said, photo

CANARY = "canary-9f2c"
BODY = [
    Block("paragraph", {"html": "<p>First <b>fact</b>. Second fact.</p><p>Third.</p>"}),
    Block("heading", {"text": "Then", "level": 3}),
    Block("paragraph", {"html": f"<p>The {CANARY} sang. Last.</p>"}),
]


def headlines(listing) -> list[str]:
    return [teaser.headline for teaser in listing.teasers]


def test_a_body_is_whole_with_a_full_decision(published):
    story = published(blocks=BODY)

    assert queries.body(story.pk, Said(story.pk, full=True)) == (
        Block("paragraph", {"html": "First <b>fact</b>. Second fact."}),
        Block("paragraph", {"html": "Third."}),
        Block("heading", {"text": "Then", "level": 3}),
        Block("paragraph", {"html": f"The {CANARY} sang. Last."}),
    )


def test_a_body_is_its_lead_in_without_one(published):
    story = published(
        blocks=[*BODY[:1], Block("paragraph", {"html": "x " * 60 + "."}), *BODY]
    )

    assert queries.body(story.pk, Said(story.pk, full=False)) == (
        Block("paragraph", {"html": "First <b>fact</b>. Second fact."}),
        Block("paragraph", {"html": "Third."}),
        Block("paragraph", {"html": ("x " * 60 + ".").strip()}),
    )


def test_a_decision_about_another_story_opens_nothing(published):
    story = published(blocks=BODY)

    with pytest.raises(queries.WrongDecision):
        queries.body(story.pk, Said(story.pk + 1, full=True))


def test_there_is_no_body_of_a_draft(filed):
    story = filed(blocks=BODY)

    with pytest.raises(queries.NoSuchStory):
        queries.body(story.pk, Said(story.pk, full=True))


def test_no_listing_and_no_page_carries_the_body(published, at):
    story = published(blocks=BODY, tags=["RBI"], access="premium")
    answers = [
        queries.page(story.pk),
        queries.front(at),
        queries.section("markets"),
        queries.author("asha-rao"),
        queries.topic("rbi"),
        queries.latest(5),
    ]

    assert [CANARY in repr(answer) for answer in answers] == [False] * 6
    assert CANARY in repr(queries.body(story.pk, Said(story.pk, full=True)))


def test_every_block_is_shown_as_the_theme_wants_it(published, picture):
    other = published("The other story")
    used = {"picture": picture, "alt": "", "caption": "At dawn", "credit": "PTI"}
    story = published(
        blocks=[
            Block("image", used),
            Block("gallery", {"pictures": [used, {"picture": picture}]}),
            Block("quote", {"html": "Never.", "attribution": "Asha Rao"}),
            Block("list", {"html": "<ul><li>one</li></ul>"}),
            Block(
                "table",
                {"rows": [["a", "b"], ["1", "2"]], "header": True, "caption": "T"},
            ),
            Block(
                "embed", {"url": "https://www.youtube.com/watch?v=1", "title": "Film"}
            ),
            Block("related", {"stories": [other.pk, 999_999]}),
            Block("html", {"html": "<div>a</div><script>b</script>"}),
        ]
    )
    image, gallery, *rest, related, free = queries.body(
        story.pk, Said(story.pk, full=True)
    )

    shown = image.data["picture"]
    assert (shown.alt, shown.caption, shown.credit) == ("A gate", "At dawn", "PTI")
    assert (shown.width, shown.height) == (1200, 720)
    assert [part.split()[1] for part in shown.srcset.split(", ")] == [
        "480w",
        "800w",
        "1200w",
    ]
    assert shown.src.endswith(".webp")
    assert [each.credit for each in gallery.data["pictures"]] == ["PTI", "Broadsheet"]
    assert rest == [
        Block("quote", {"html": "<p>Never.</p>", "attribution": "Asha Rao"}),
        Block("list", {"html": "<ul><li>one</li></ul>"}),
        Block(
            "table", {"rows": [["a", "b"], ["1", "2"]], "header": True, "caption": "T"}
        ),
        Block(
            "embed",
            {
                "url": "https://www.youtube.com/watch?v=1",
                "title": "Film",
                "provider": "youtube.com",
            },
        ),
    ]
    assert [teaser.story_id for teaser in related.data["teasers"]] == [other.pk]
    assert free == Block("html", {"html": "<div>a</div>"})


def test_a_small_picture_is_not_blown_up(db):
    small = actions.add_picture(
        content=photo(600, 400), filename="small.png", title="Small", alt="A gate"
    )
    (block,) = queries.showing.blocks_of(
        Story(body=[{"type": "image", "value": {"picture": small}}]).body
    )

    shown = block.data["picture"]
    assert (shown.width, shown.height) == (600, 400)
    assert [part.split()[1] for part in shown.srcset.split(", ")] == ["480w", "600w"]


def test_a_picture_whose_file_is_lost_is_left_out(published, picture):
    story = published(
        picture=picture, blocks=[Block("image", {"picture": picture}), *BODY]
    )
    Picture.objects.get().file.storage.delete(Picture.objects.get().file.name)

    assert [teaser.picture for teaser in queries.latest(5)] == [None]
    assert queries.page(story.pk).picture is None
    kinds = [b.kind for b in queries.body(story.pk, Said(story.pk, full=True))]
    assert kinds == ["paragraph", "paragraph", "heading", "paragraph"]


def test_a_teaser_has_all_that_a_listing_shows(published, picture, at):
    story = published(
        standfirst="No change.",
        authors=["vikram-iyer", "asha-rao"],
        picture=picture,
        caption="Mint Road",
    )
    (teaser,) = queries.latest(5)

    assert (teaser.story_id, teaser.headline) == (story.pk, "Rate held")
    assert teaser.path == f"/markets/rate-held-{story.pk}/"
    assert (teaser.section_name, teaser.section_path) == ("Markets", "/markets/")
    assert teaser.byline == "Vikram Iyer and Asha Rao"
    assert (teaser.published_at, teaser.access) == (at, "metered")
    assert teaser.picture is not None
    assert (teaser.picture.width, teaser.picture.height) == (1200, 800)
    assert teaser.picture.caption == "Mint Road"


def test_rivers_go_on_where_they_stopped_and_never_repeat(published, at):
    for number in range(5):  # Two of the five share an instant.
        when = at - timedelta(days=number // 2)
        published(f"Story {number}", tags=["RBI"], first_published_at=when)
    expected = ["Story 1", "Story 0", "Story 3", "Story 2", "Story 4"]

    for river in (
        lambda **k: queries.section("markets", **k),
        lambda **k: queries.author("asha-rao", **k),
        lambda **k: queries.topic("rbi", **k),
    ):
        seen, cursor = [], None
        while True:
            listing = river(before=cursor, limit=2)
            seen += headlines(listing)
            cursor = listing.next_cursor
            if cursor is None:
                break
        assert seen == expected


@pytest.mark.parametrize(
    "cursor", ["", "x", "MQ", "🙂", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjE"]
)
def test_a_strange_cursor_starts_the_river(published, cursor):
    published()

    assert headlines(queries.section("markets", before=cursor)) == ["Rate held"]
    assert headlines(queries.author("asha-rao", before=cursor)) == ["Rate held"]


def test_what_does_not_exist_is_none(paper):
    assert queries.section("sport") is None
    assert queries.author("nobody") is None
    assert queries.topic("nothing") is None
    assert queries.page(1) is None
    assert queries.canonical(1) is None


def test_a_renamed_story_or_section_moves_to_a_new_address(published, at):
    story = published()
    story.slug = "repo-rate-held"
    story.publish(story.save_revision(), at=at)
    assert queries.canonical(story.pk) == f"/markets/repo-rate-held-{story.pk}/"

    story.section.slug = "money"
    story.section.save()
    assert queries.canonical(story.pk) == f"/money/repo-rate-held-{story.pk}/"


def test_an_archive_story_keeps_its_date(published, at):
    when = datetime(1997, 8, 15, 0, 30, tzinfo=UTC)
    story = published(first_published_at=when)
    page = queries.page(story.pk)

    assert (page.published_at, page.updated_at, page.is_updated) == (when, when, False)


def test_sections_come_in_the_publishers_order(paper):
    assert [link.slug for link in queries.sections()] == ["markets", "opinion"]


# --- The front page -----------------------------------------------------------------


def test_an_empty_paper_has_an_empty_front_page(paper, at):
    front = queries.front(at)

    assert (front.lead, front.seconds, front.picks) == (None, (), ())
    assert (front.river, front.sections) == ((), ())


def test_the_lead_is_the_newest_flagged_then_the_newest_with_a_picture(
    published, picture, at
):
    def ago(hours: int) -> datetime:
        return at - timedelta(hours=hours)

    published("Plain", first_published_at=ago(1))
    assert queries.front(at).lead.headline == "Plain"
    published("Pictured", picture=picture, first_published_at=ago(2))
    assert queries.front(at).lead.headline == "Pictured"
    published("Flagged", is_lead=True, first_published_at=ago(3))
    assert queries.front(at).lead.headline == "Flagged"
    assert queries.front(at + timedelta(days=2)).lead.headline == "Pictured"


def test_no_story_stands_twice_on_the_front_page(published, at):
    for number in range(24):
        section = "opinion" if number % 3 == 0 else "markets"
        published(f"Story {number}", section_slug=section)
    for number in range(2):
        published(f"Pick {number}", picked_on=at.date(), is_lead=number == 1)
    front = queries.front(at)
    assert front.lead.headline == "Pick 1"
    assert [teaser.headline for teaser in front.picks] == ["Pick 0"]
    ids = [front.lead.story_id, front.picks[0].story_id]
    ids += [teaser.story_id for teaser in (*front.seconds, *front.river)]
    for _link, teasers in front.sections:
        ids += [teaser.story_id for teaser in teasers]

    assert len(ids) == len(set(ids)) == 1 + 1 + 4 + 10 + 4 + 4
    assert [link.slug for link, _teasers in front.sections] == ["markets", "opinion"]
    assert [teaser.headline for teaser in front.seconds] == [
        "Story 23",
        "Story 22",
        "Story 21",
        "Story 20",
    ]


def test_picks_are_the_newest_picked(published, at):
    day = at.date()
    published("Old pick", picked_on=day - timedelta(days=1), access="premium")
    published("New pick", picked_on=day, access="premium")
    published("No pick", access="premium")

    assert [each.headline for each in queries.front(at).picks] == [
        "New pick",
        "Old pick",
    ]


# --- What it costs ------------------------------------------------------------------

COSTS = {
    "front": (9, lambda at: queries.front(at)),
    "section": (5, lambda at: queries.section("markets")),
    "author": (6, lambda at: queries.author("asha-rao")),
    "topic": (6, lambda at: queries.topic("rbi")),
    "latest": (4, lambda at: queries.latest(20)),
}


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("name", COSTS)
def test_a_listing_costs_the_same_however_long(
    published, at, django_assert_num_queries, name, rows
):
    count, ask = COSTS[name]
    for number in range(rows):
        own = actions.add_picture(
            content=photo(90 + number, 60), filename="p.png", title="P", alt="A gate"
        )
        published(
            f"Story {number}",
            picture=own,
            tags=["RBI"],
            picked_on=at.date(),
            authors=["asha-rao", "vikram-iyer"],
        )
    ask(at)  # Renditions are made the first time that anyone looks.

    with django_assert_num_queries(count):
        ask(at)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_page_costs_the_same_however_many_are_related(
    published, picture, django_assert_num_queries, rows
):
    for number in range(rows):
        story = published(
            f"Story {number}", picture=picture, tags=["RBI", f"T{number}"]
        )
    other = published("Other", picture=picture)
    queries.page(other.pk)

    with django_assert_num_queries(10):
        assert queries.page(story.pk) is not None


@pytest.mark.parametrize("rows", [1, 3])
def test_a_body_costs_the_same_however_many_pictures(
    published, django_assert_num_queries, rows
):
    others = [published(f"Story {number}") for number in range(rows)]
    blocks = [
        Block(
            "image",
            {
                "picture": actions.add_picture(
                    content=photo(80 + n, 50), filename="p.png", title="P", alt="A gate"
                )
            },
        )
        for n in range(rows)
    ]
    related = Block("related", {"stories": [other.pk for other in others]})
    story = published("Long", blocks=[*blocks, related])
    decision = Said(story.pk, full=True)
    queries.body(story.pk, decision)

    with django_assert_num_queries(5):
        assert len(queries.body(story.pk, decision)) == rows + 1


def test_an_address_costs_one_query(published, django_assert_num_queries):
    story = published()

    with django_assert_num_queries(1):
        queries.canonical(story.pk)
