"""The paper of tests/subscriptions, seen from its desk by each role."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from broadsheet.business.subscriptions.events import ReceiptAsked
from broadsheet.front.desk import roles
from broadsheet.plumbing import outbox, publication
from broadsheet.plumbing.models import DeskAct, Publication
from broadsheet.plumbing.outbox import Heard
from broadsheet.readers.models import Reader
from tests.subscriptions.conftest import ear, gateway, paper

__all__ = ["ear", "gateway", "paper"]

INPUT = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
FORM = re.compile(r'<form method="post" action="[^"]+/">(.*?)</form>', re.S)


@pytest.fixture(autouse=True)
def desk_alone(settings, monkeypatch, db):
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": plain}}
    settings.ALLOWED_HOSTS = ["testserver"]
    monkeypatch.setattr(publication, "FRESH_FOR", 3600.0)
    publication.forget()
    roles.open_roles()


def member(role: str, name: str = "") -> Reader:
    name = name or role
    one = Reader.objects.create_user(
        f"{name.lower()}@paper.example", name=f"{name} Staff", is_staff=True
    )
    one.groups.add(Group.objects.get(name=role))
    return one


@dataclass
class Desk:
    """One of the staff at the desk, as a browser: ask, see the quote, click."""

    client: Client
    staff: Reader
    reader: Any

    def page(self, **asked) -> str:
        return shown(self.client.get(f"/desk/subscribers/{self.reader}/", asked))

    def ask(self, name, **asked):
        path = f"/desk/subscribers/{self.reader}/{name}/"
        return self.client.get(path, {"ask": "1", **asked} if asked else {})

    def click(self, name, reason="She rang and asked.", over=None, **asked):
        """Ask, and confirm with what the page gave back; return the answer."""
        form = FORM.search(self.ask(name, **asked).content.decode())
        assert form, f"{name} was not quoted"
        said = {n: html.unescape(v) for n, v in INPUT.findall(form[1])}
        self.sent = (
            f"/desk/subscribers/{self.reader}/{name}/",
            {
                **said,
                "reason": reason,
                **(over or {}),
            },
        )
        return self.client.post(*self.sent)

    def click_again(self):
        return self.client.post(*self.sent)

    def refusal(self, reply) -> str:
        """Return the one sentence of a refusal."""
        assert reply.status_code == 200
        found = re.search(r'role="alert">.*?<p>(.*?)</p>', reply.content.decode(), re.S)
        return html.unescape(found[1]) if found else ""


def shown(reply) -> str:
    assert reply.status_code == 200, reply.status_code
    text = re.sub(
        r"<(script|template).*?</\1>", " ", reply.content.decode(), flags=re.S
    )
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def acts() -> list[tuple[str, str]]:
    return list(DeskAct.objects.order_by("at", "pk").values_list("verb", "reason"))


@pytest.fixture
def hired():
    """Give a desk for a role; one browser each."""

    def hire(role, reader, name=""):
        staff, client = member(role, name), Client()
        client.force_login(staff)
        return Desk(client, staff, reader)

    return hire


@pytest.fixture
def live(paper):
    """
    Put the publication's clock where the paper's test begins, so that what the desk does
    happens then, and hear what the desk asks for.
    """
    from broadsheet.kit import clock

    offset = paper.at - clock.wall()
    Publication.objects.update_or_create(pk=1, defaults={"clock_offset": offset})
    publication.forget()
    heard = Heard(at_once=(lambda event, at: paper.told.append(event),))
    outbox.connect({**outbox._routes, ReceiptAsked: heard}, defer=lambda delivery: None)
    yield paper
    publication.forget()


@pytest.fixture
def row(live):
    """A quarterly subscriber since 3 August 2026."""
    row = live.buy()
    live.said()
    return row
