"""The API asks the gate that the pages ask, and says no in one shape."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from openapi_spec_validator import validate

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.gate.house import queries as gate

from .conftest import CANARY, LEAD

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller() -> Client:
    return Client(headers={"accept": "application/json"})


@pytest.fixture
def of_a_device(published: Any, caller: Client) -> Client:
    """A caller who sends the device cookie that a page gave her."""
    caller.get("/feeds/")
    assert gate.device({name: c.value for name, c in caller.cookies.items()})
    return caller


def asked(client: Client, path: str, status: int = 200) -> Any:
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"].startswith("application/json")
    return response.json()


def test_the_document_is_valid_and_names_every_address(caller):
    document = asked(caller, "openapi.json")
    validate(document)
    assert list(document["paths"]) == [
        "/api/v1/sections",
        "/api/v1/stories",
        "/api/v1/stories/{story_id}",
        "/api/v1/stories/{story_id}/decision",
        "/api/v1/plans",
    ]
    operations = [op for path in document["paths"].values() for op in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert names == ["sections", "stories", "story", "decision", "plans"]


def test_the_documents_come_from_our_own_origin(caller):
    page = caller.get("/api/v1/docs").content.decode()
    assert "/static/ninja/swagger-ui" in page
    assert "https://" not in page


@pytest.mark.parametrize("access", ["premium", "metered", "vertical:investor"])
def test_withheld_words_are_under_no_name(published, caller, access):
    story = published(access=access)
    for path in (
        f"stories/{story.pk}",
        f"stories/{story.pk}/decision",
        "stories",
        "stories?section=markets",
        "sections",
    ):
        said = caller.get(f"/api/v1/{path}").content.decode()
        assert CANARY not in said
    cut = asked(caller, f"stories/{story.pk}")
    assert cut["decision"]["verdict"] != "full"
    (lead,) = [block["data"]["html"] for block in cut["blocks"]]
    assert LEAD.startswith(lead)
    assert 50 <= len(lead.split()) <= 100


def test_a_free_story_is_whole_with_every_kind_of_block(published, caller):
    story = published(access="free")
    whole = asked(caller, f"stories/{story.pk}")
    assert whole["decision"]["verdict"] == "full"
    kinds = [block["kind"] for block in whole["blocks"]]
    assert kinds == ["paragraph"] * 9 + ["heading", "quote", "table", "html"]
    assert f"{CANARY}-cell" in str(whole["blocks"])


def test_a_head_counts_nothing_and_a_get_counts_once(of_a_device, published):
    story = published(access="metered")
    path = f"/api/v1/stories/{story.pk}"
    for _ in range(5):
        assert of_a_device.head(path).status_code == 200
    assert asked(of_a_device, f"stories/{story.pk}/decision")["count"] == 0
    first = asked(of_a_device, f"stories/{story.pk}")["decision"]
    again = asked(of_a_device, f"stories/{story.pk}")["decision"]
    assert (first["count"], again["count"], first["limit"]) == (1, 1, 3)


def test_the_meter_ends_where_the_page_would_end_it(of_a_device, published):
    stories = [published(f"Story {n}", access="metered") for n in range(4)]
    verdicts = [
        asked(of_a_device, f"stories/{story.pk}")["decision"]["verdict"]
        for story in stories
    ]
    assert verdicts == ["full", "full", "full", "wall"]
    assert CANARY not in str(asked(of_a_device, f"stories/{stories[3].pk}")["blocks"])
    ahead = asked(of_a_device, f"stories/{stories[0].pk}/decision")
    assert (ahead["verdict"], ahead["counts"]) == ("full", False)


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("stories?limit=0", 422, "limit is 1 at least."),
        ("stories?limit=51", 422, "limit is 50 at most."),
        ("stories?limit=many", 422, "limit is a whole number."),
        ("stories?limit=1.5", 422, "limit is a whole number."),
        (f"stories?section={'x' * 81}", 422, "section has 80 characters at most."),
        (f"stories?before={'1' * 201}", 422, "before has 200 characters at most."),
        ("stories?section=nowhere", 404, "There is no section at that address."),
        ("stories/4040404", 404, "There is no story of that number."),
        ("stories/9999999999999999999999", 404, "There is no story of that number."),
        ("stories/4040404/decision", 404, "There is no story of that number."),
        ("stories/-1", 404, "There is nothing at this address."),
        ("nothing/at/all", 404, "There is nothing at this address."),
    ],
)
def test_a_mistake_is_answered_in_one_sentence(paper, caller, path, status, sentence):
    assert asked(caller, path, status) == {"detail": sentence}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_wrong_method_is_answered_alike(caller, method):
    response = getattr(caller, method)("/api/v1/plans")
    assert response.status_code == 405
    assert response.json() == {"detail": "This address is read with GET or HEAD only."}
    assert response.headers["Allow"] == "GET, HEAD"


def test_a_withdrawn_story_is_no_story(published, caller, at):
    from broadsheet.news.newsroom import actions

    story = published(access="free")
    actions.withdraw(story_id=story.pk, reason="untrue", at=at)
    sentence = {"detail": "There is no story of that number."}
    assert asked(caller, f"stories/{story.pk}", 404) == sentence
    assert asked(caller, f"stories/{story.pk}/decision", 404) == sentence


def test_plans_say_the_total_beside_the_price_a_month(db, caller, at: datetime):
    catalogue.open_shop(at=at)
    said = asked(caller, "plans")
    assert [(p["code"], p["price"]["text"], p["per_month"]["text"]) for p in said] == [
        ("smart-quarterly", "₹900", "₹300"),
        ("smart-essential", "₹2,700", "₹225"),
        ("super-saver", "₹3,900", "₹162"),
    ]


def test_a_page_of_stories_leads_to_the_next_without_a_gap(published, caller, at):
    from datetime import timedelta

    ids = [
        published(f"Story {n}", first_published_at=at - timedelta(hours=n)).pk
        for n in range(5)
    ]
    seen, before = [], ""
    for size in (2, 2, 1):
        page = asked(caller, f"stories?limit=2{before}")
        assert len(page["stories"]) == size
        seen += [story["story_id"] for story in page["stories"]]
        before = f"&before={page['next_cursor']}"
    assert (seen, page["next_cursor"]) == (ids, None)


@pytest.mark.parametrize("section", ["%00", "a%00b", "%0A", "a/b"])
def test_a_section_that_cannot_be_is_refused_and_breaks_nothing(paper, caller, section):
    sentence = "section has letters, digits and dashes only."
    said = asked(caller, f"stories?section={section}", 422)
    assert said == {"detail": sentence}
