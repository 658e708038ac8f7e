"""A search finds what anybody may read, and is no oracle for the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from broadsheet.gate.core.vocabulary import StoryFacts
from broadsheet.gate.house import actions as gate
from broadsheet.news.archive import actions, queries
from broadsheet.news.archive.models import SearchEntry
from broadsheet.news.newsroom import actions as newsroom
from broadsheet.news.newsroom import queries as stories
from broadsheet.news.newsroom.queries import Block

pytestmark = pytest.mark.usefixtures("house")
LEAD = "The monsoon reached Kerala on Monday. " + "It rained on the coast. " * 30
CANARY = "zygomorphic"
Publish = Callable[..., int]


@pytest.fixture
def publish(at: datetime) -> Publish:
    newsroom.open_section(name="Weather", slug="weather")
    newsroom.open_author(name="Asha Rao", slug="asha-rao")

    def go(
        headline: str = "Rain at last", *, access: str = "free", **given: str
    ) -> int:
        blocks = [
            Block("paragraph", {"html": given.get("lead", LEAD)}),
            Block("heading", {"text": given.get("heading", "Later"), "level": 2}),
            Block("paragraph", {"html": f"<b>Fields</b> &amp; {CANARY} farmers ran."}),
            Block(
                "table", {"rows": [["Idukki", "80 mm"]], "header": [], "caption": ""}
            ),
        ]
        story = newsroom.file(
            headline=headline,
            blocks=blocks,
            section_slug="weather",
            authors=["asha-rao"],
            access=access,
            origin="test" if "origin_id" in given else "",
            origin_id=given.get("origin_id", ""),
            at=at,
        )
        newsroom.publish(story_id=story.pk, at=at)
        return enter(story.pk, at)

    return go


def enter(story_id: int, at: datetime) -> int:
    """File the facts with the gate and index, as the wiring does."""
    page = stories.page(story_id)
    assert page is not None
    gate.file_story(
        StoryFacts(
            story_id=story_id,
            path=page.path,
            access=page.access,
            section="weather",
            published_at=page.published_at,
            revision=page.revision,
        ),
        at=at,
    )
    actions.index_story(story_id, at)
    return story_id


def found(words: str, at: datetime) -> list[int]:
    return [one.story_id for one in queries.search(words, at=at).teasers]


@pytest.mark.parametrize(
    "words",
    [
        *("monsoon", "Kerala monsoon", "KERALA", '"reached Kerala"', "farmer"),
        *(
            "rain at last",
            "asha rao",
            "weather",
            "Idukki",
            "fields",
            "nothing or kerala",
        ),
        *("kerala -snow", "raining"),
    ],
)
def test_a_free_story_is_found_by_all_of_its_words(
    publish: Publish, at: datetime, words: str
) -> None:
    number = publish()
    assert found(words, at) == [number]


@pytest.mark.parametrize(
    "words", ["snow", "kerala -monsoon", '"Kerala reached"', "kerala snow", "b"]
)
def test_other_words_find_nothing(publish: Publish, at: datetime, words: str) -> None:
    publish()
    assert found(words, at) == []


@pytest.mark.parametrize("access", ["metered", "premium", "vertical:markets"])
def test_withheld_words_match_nothing_and_are_stored_nowhere(
    publish: Publish, at: datetime, access: str
) -> None:
    free = publish()
    shut = publish(access=access, heading="Xylotomous")
    for words in (CANARY, "farmers", "Idukki", '"ran"', f"kerala {CANARY}"):
        assert found(words, at) == [free]
    assert found("Xylotomous", at) == []
    # Excluding a withheld word must not hide the story either.
    assert found(f"kerala -{CANARY}", at) == [shut]
    assert found("kerala", at) == [shut, free]
    entry = SearchEntry.objects.get(pk=shut)
    assert CANARY not in f"{entry.text} {entry.vector}"
    assert CANARY in f"{SearchEntry.objects.get(pk=free).vector}"


def test_a_story_that_is_no_longer_free_is_out_until_it_is_entered_anew(
    publish: Publish, at: datetime
) -> None:
    number = publish(origin_id="1")
    actions.shut_stories([number], at)
    assert found(CANARY, at) == [number]  # Free still: nothing to hide.
    story = newsroom.file(
        headline="Rain at last",
        blocks=[Block("paragraph", {"html": LEAD})],
        section_slug="weather",
        access="premium",
        origin="test",
        origin_id="1",
        at=at,
    )
    newsroom.publish(story_id=story.pk, at=at)

    actions.shut_stories([number], at)

    assert found(CANARY, at) == found("kerala", at) == []
    assert SearchEntry.objects.count() == 0


def test_a_story_that_is_no_longer_free_is_entered_anew(
    publish: Publish, at: datetime
) -> None:
    number = publish(origin_id="1")
    assert found(CANARY, at) == [number]
    assert publish(origin_id="1", access="premium") == number
    assert found(CANARY, at) == []
    assert found("kerala", at) == [number]


def test_a_withdrawn_story_is_not_found(publish: Publish, at: datetime) -> None:
    number = publish()
    newsroom.withdraw(story_id=number, reason="Wrong.", at=at)
    assert found("kerala", at) == []  # Even before the handler has heard.
    actions.unindex_story(number, at)
    assert SearchEntry.objects.count() == 0
    actions.index_story(number, at)
    assert SearchEntry.objects.count() == 0


def test_snippets_are_safe_and_marked(publish: Publish, at: datetime) -> None:
    evil = (
        "Kerala &lt;script&gt;alert(1)&lt;/script&gt; 5 &lt; 6 &quot;in&quot; &amp; on."
    )
    publish(lead=evil)
    (hit,) = queries.search("kerala", at=at).hits
    # PostgreSQL itself leaves out what looks like a tag; all else is escaped.
    assert hit.snippet.startswith(
        "<mark>Kerala</mark>  alert(1)  5 &lt; 6 &quot;in&quot; &amp; on. Later"
    )


def test_hindi_words_are_found(publish: Publish, at: datetime) -> None:
    number = publish("मानसून केरल पहुँचा", lead="मानसून सोमवार को केरल पहुँचा।")
    assert found("केरल मानसून", at) == [number]


@pytest.mark.parametrize(
    "words",
    [
        *("", "   ", "\x00", "'", '"', "((", "a & | !", "-", "or", "-or -", ":*", "\\"),
        *("%", "the", "'; DROP TABLE x; --", "\ud800", "😀", "x" * 5000, '"' * 300),
        *("a" * 199 + " b", "or or or", "<mark>", "!!", "a <-> b", "\x02\x03"),
    ],
)
def test_whatever_is_typed_is_answered(
    publish: Publish, at: datetime, words: str
) -> None:
    publish()
    assert isinstance(queries.search(words, at=at), queries.Results)


def test_pages_follow_each_other(publish: Publish, at: datetime) -> None:
    numbers = [publish(f"Rain {n}") for n in range(5)]
    newest = list(reversed(numbers))
    seen: list[int] = []
    cursor = None
    for more in (True, True, False):
        page = queries.search("kerala", before=cursor, limit=2, at=at)
        assert page.more is more
        seen += [one.story_id for one in page.teasers]
        cursor = page.next_cursor
    assert seen == newest
    for nonsense in (
        "%%%",
        "AAAA",
        "OTk5OTk5OTk5OTk5OTk5OTk5OS4x",
        "MS4tOTk5OTk5OTk5OTk5OTk5OTk5",
    ):
        assert queries.search("kerala", before=nonsense, at=at).words == "kerala"


def test_what_is_not_yet_published_is_not_found(publish: Publish, at: datetime) -> None:
    number = publish()
    assert found("kerala", at - timedelta(seconds=1)) == []
    assert found("kerala", at) == [number]


@pytest.mark.parametrize("rows", [1, 3])
def test_a_search_costs_the_same_however_much_it_finds(
    publish: Publish,
    at: datetime,
    rows: int,
    django_assert_num_queries: Callable[..., object],
) -> None:
    for number in range(rows):
        publish(f"Rain {number}")
    with django_assert_num_queries(3):  # type: ignore[attr-defined]  a context manager
        assert len(queries.search("kerala", at=at).hits) == rows
