"""The policy at the desk: saved when it is sound, refused in one sentence when not."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from broadsheet.gate.core.vocabulary import Policy as Chosen
from broadsheet.gate.house import models, queries
from broadsheet.gate.house.events import PolicyChanged
from broadsheet.plumbing import outbox
from broadsheet.plumbing.outbox import Heard
from broadsheet.readers.models import Reader

pytestmark = pytest.mark.django_db

PLAIN_FILES = {
    "default": settings.STORAGES["default"],
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}


@pytest.fixture
def editor(settings):
    settings.STORAGES = PLAIN_FILES
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    editor = Reader.objects.create_superuser("editor@example.com", "a long password")
    client.force_login(editor, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def heard():
    before = dict(outbox._routes), outbox._defer, outbox._defer_many
    events: list[object] = []
    hear = Heard((lambda event, at: events.append(event),))
    outbox.connect({PolicyChanged: hear}, defer=lambda delivery: None)
    yield events
    outbox.connect(before[0], defer=before[1], defer_many=before[2])


def form(**changes) -> dict[str, object]:
    row = models.Policy()
    fields = ["limit_anonymous", "extra_registered", "period", "lead_in_min"]
    fields += ["lead_in_max", "store_down", "record_days", "line_from"]
    fields += ["new_devices", "new_devices_nearby", "new_devices_hours"]
    fields += ["new_devices_per_known", *models.WALL_FIELDS]
    return {name: getattr(row, name) for name in fields} | changes


def test_the_gate_has_its_place_in_the_menu(editor):
    menu = editor.get("/desk/").content.decode()
    reply = editor.get("/desk/settings/gate/policy/", follow=True)

    assert menu.count('"/desk/settings/gate/policy/"') == 1
    assert reply.status_code == 200
    assert 'name="metered_headline"' in reply.content.decode()


def test_a_sound_policy_is_saved_and_announced(editor, heard):
    row = models.Policy.objects.create()

    reply = editor.post(
        f"/desk/settings/gate/policy/{row.pk}/",
        form(limit_anonymous=5, extra_registered=1, store_down="closed"),
    )

    assert reply.status_code == 302
    assert queries.policy() == Chosen(5, 1, store_down_open=False)
    assert heard == [PolicyChanged(5, 6, "month")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"metered_headline": "Limit of {{fre_limit}}", "limit_anonymous": 9},
            "{{fre_limit}} is not a variable of the wall; use one of {{free_limit}}, "
            "{{price}}, {{plan}}, {{term}}, {{per_month}}, {{section}}, {{pool}}.",
        ),
        (
            {"premium_message": "{{price", "limit_anonymous": 9},
            "A variable is not closed; write it as {{free_limit}}.",
        ),
        (
            {"lead_in_min": 120, "limit_anonymous": 9},
            "The lead-in needs at least one word, and at most no fewer than at least.",
        ),
    ],
)
def test_an_unsound_policy_is_refused_in_a_sentence(editor, heard, changes, sentence):
    row = models.Policy.objects.create()

    reply = editor.post(f"/desk/settings/gate/policy/{row.pk}/", form(**changes))

    assert reply.status_code == 200
    assert reply.content.decode().count(sentence) == 1
    assert queries.policy() == Chosen()
    assert heard == []
