"""Walls at the desk: variants and rules that are sound, the dry run, the preview."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from broadsheet.gate.core.pages import PressedPage
from broadsheet.gate.house import actions, minting, models
from broadsheet.gate.house.events import WallsChanged
from broadsheet.plumbing import outbox, publication
from broadsheet.plumbing.outbox import Heard
from broadsheet.readers.models import Reader
from tests.gate.conftest import AT, facts
from tests.gate.test_desk import editor as editor

pytestmark = pytest.mark.django_db
ANNE = UUID(int=0x1A95ED)
TRY = "/desk/walls/?segment=lapsed&source=search&device=phone&section=markets"


@pytest.fixture
def heard():
    before = dict(outbox._routes), outbox._defer, outbox._defer_many
    events: list[object] = []
    hear = Heard((lambda event, at: events.append(event),))
    outbox.connect({WallsChanged: hear}, defer=lambda delivery: None)
    yield events
    outbox.connect(before[0], defer=before[1], defer_many=before[2])


def words(reply) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reply.content.decode()))


def variant(name: str, **more) -> models.WallVariant:
    return models.WallVariant.objects.create(name=name, **more)


def test_an_editor_makes_a_variant_and_a_rule_and_all_hear_of_it(editor, heard):
    made = editor.post("/desk/wall-variants/add/", {"name": "search", "headline": "Hi"})
    found = models.WallVariant.objects.get()
    ruled = editor.post(
        "/desk/wall-rules/add/",
        {"place": 1, "variant": found.pk, "state": "live", "source": "search"},
    )

    assert (made.status_code, ruled.status_code) == (302, 302)
    assert (found.headline, models.WallRule.objects.get().source) == ("Hi", "search")
    assert heard == [WallsChanged(1), WallsChanged(1)]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("headline", "{{free_limit", "A variable is not closed"),
        ("message", "{{name}}", "{{name}} is not a variable of the wall"),
        ("button", "Take {{plan}}", "A button has no variables."),
        ("name", "two words", "Small letters, digits and hyphens."),
    ],
)
def test_a_variant_that_would_show_unfinished_words_is_refused(
    editor, heard, field, value, sentence
):
    reply = editor.post("/desk/wall-variants/add/", {"name": "x", field: value})

    assert reply.status_code == 200
    assert sentence in words(reply)
    assert (models.WallVariant.objects.count(), heard) == (0, [])


def test_there_are_no_more_variants_than_gates_will_keep():
    for number in range(20):
        variant(f"v{number}")

    with pytest.raises(ValidationError, match="There are 20 variants already"):
        models.WallVariant(name="one-more").full_clean()
    models.WallVariant.objects.first().full_clean()


def test_the_dry_run_says_which_rule_wins_and_why_the_others_do_not(editor):
    search, dry = variant("search"), variant("dry-one")
    rules = models.WallRule.objects
    rules.create(place=1, variant=dry, state="dry", segment="lapsed")
    rules.create(place=2, variant=search, state="live", device="tablet")
    winner = rules.create(place=3, variant=search, state="live", source="search")
    rules.create(place=4, variant=search, state="off")
    today = publication.now().date()
    for days, times in ((0, 5), (6, 2), (8, 100)):
        day = today - timedelta(days=days)
        models.WallHit.objects.create(
            rule_id=winner.pk, day=day, shown=True, times=times
        )

    said = words(editor.get(TRY))

    assert "She meets the variant “search”." in said
    assert "A rule in its dry run would have shown her “dry-one”" in said
    assert "does not hold: device" in said
    # Once in the heading's sentence, and for two of the rules.
    assert said.count(" holds ") == 3 and "is off" in said
    assert "A search engine search Live 7 0 holds" in said


def test_without_a_rule_everybody_meets_the_usual_wall(editor):
    said = words(editor.get(TRY))

    assert "There are no rules" in said
    assert "No live rule holds: she meets the usual wall." in said


@pytest.mark.parametrize("path", [TRY, "/desk/walls/preview/usual/metered/page/"])
def test_the_page_is_not_for_everybody(path, settings):
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(Reader.objects.create_user("reader@example.com"))

    assert client.get(path).status_code in (302, 403)


def test_a_form_that_was_meddled_with_is_not_found(editor):
    assert editor.get("/desk/walls/?segment=king&source=x&device=y").status_code == 404


def test_the_preview_is_the_page_that_a_stranger_gets(editor):
    actions.file_story(facts(7), at=AT)
    full, cut = b"<p>secret</p>", b"<html><!--slot:account--><!--slot:wall--></html>"
    actions.press(PressedPage(7, 1, full, cut), at=AT + timedelta(days=1))
    pieces = {"wall:metered@search": "<b>{{limit}} of {{section}} at {{path}}</b>"}
    actions.file_furniture({**pieces, "account:anonymous": "<i>in</i>"}, at=AT)

    page = editor.get("/desk/walls/preview/search/metered/page/")
    frame = editor.get("/desk/walls/preview/search/metered/")
    unset = editor.get("/desk/walls/preview/search/premium/")

    assert page.content == (
        b"<html><i>in</i><b>3 of Business at /business/a-story-7/</b></html>"
    )
    assert re.findall(r'<iframe src="([^"]+)"[^>]* width="(\d+)"', str(frame.content))
    assert frame.content.count(b"<iframe") == 2
    assert unset.content.count(b"<iframe") == 0
    assert "The wall's words are being set" in words(unset).replace("&#x27;", "'")
    for path in ("premium/page/", "cookies/", "cookies/page/"):
        assert editor.get(f"/desk/walls/preview/search/{path}").status_code == 404


# --- Who is lapsed ----------------------------------------------------------------


def test_a_pass_tells_of_a_right_that_has_ended_and_opens_nothing_by_it():
    assert minting.pass_for(ANNE, AT).entitled_until == 0
    for number, days in ((1, -30), (2, -10)):
        actions.admit(
            ANNE,
            feature="news",
            starts=AT - timedelta(days=60),
            ends=AT + timedelta(days=days),
            source="s",
            reference=str(number),
            at=AT,
        )

    carried = minting.pass_for(ANNE, AT)

    last = int((AT - timedelta(days=10)).timestamp())
    assert (carried.bits, carried.entitled_until) == (0, last)
