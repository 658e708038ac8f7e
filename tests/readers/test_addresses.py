from __future__ import annotations

import pytest
from django.db import IntegrityError

from broadsheet.readers.events import EmailChanged
from broadsheet.readers.models import MailedKey, Reader

from .conftest import PASSWORD, ask, browser, whoami


@pytest.fixture
def client(asha):
    client = browser()
    client.post("/accounts/password/", {"email": asha.email, "password": PASSWORD})
    return client


def change(client, email, current=PASSWORD):
    form = {"email": email, "current": current}
    return client.post("/account/security/email/", form)


def text_of(response):
    return " ".join(response.content.decode().split())


def test_the_new_address_proves_itself_and_the_old_one_is_told(
    post, asha, client, heard
):
    ask(browser(), asha.email)
    to_old = post.last().link
    response = change(client, "Asha.Rao@NEW.example.com")
    assert response["Location"] == "/account/security/"
    letter = post.last()
    assert (letter.to, letter.subject) == (
        "Asha.Rao@new.example.com",
        "Confirm your new address for Broadsheet",
    )
    asha.refresh_from_db()
    assert asha.email == "asha@example.com"

    elsewhere = browser()
    page = text_of(elsewhere.get(letter.link))
    assert "Use A***@new.example.com for your account" in page
    asha.refresh_from_db()
    assert asha.email == "asha@example.com"

    response = elsewhere.post(letter.link)
    assert response.status_code == 200
    asha.refresh_from_db()
    assert asha.email == "Asha.Rao@new.example.com"
    assert heard == [EmailChanged(asha.public_id)]
    assert whoami(elsewhere) is None
    assert whoami(client) == "Asha.Rao@new.example.com"

    notice = post.last()
    assert (notice.to, notice.subject) == (
        "asha@example.com",
        "The address of your Broadsheet account was changed",
    )
    assert "NEW" not in notice.text and "new.example" not in notice.text
    assert browser().post(to_old).status_code == 410
    assert browser().post(letter.link).status_code == 410
    assert len(heard) == 1


@pytest.mark.parametrize("current", ["", "wrong"])
def test_it_needs_proof(post, asha, client, current):
    response = change(client, "new@example.com", current)
    assert response.status_code == 400
    assert "Enter your current password, or confirm by mail" in text_of(response)
    assert MailedKey.objects.count() == 0
    assert post.letters() == []


def test_a_taken_address_is_told_only_to_its_owner(post, asha, client, heard):
    Reader.objects.create_user("taken@example.com")
    free = change(client, "free@example.com")
    taken = change(client, "TAKEN@example.com")
    assert (free.status_code, free["Location"]) == (
        taken.status_code,
        taken["Location"],
    )
    letter = post.last()
    assert letter.subject == "You already have an account with Broadsheet"
    assert "/accounts/link/" not in letter.text + letter.html
    assert heard == []


def test_an_address_that_is_taken_meanwhile_is_refused(post, asha, client, heard):
    change(client, "new@example.com")
    link = post.last().link
    Reader.objects.create_user("new@example.com")
    response = browser().post(link)
    assert response.status_code == 410
    assert "Another account has this address." in text_of(response)
    asha.refresh_from_db()
    assert asha.email == "asha@example.com"
    assert heard == []


def test_a_newer_change_voids_the_older(post, asha, client):
    change(client, "first@example.com")
    first = post.last().link
    change(client, "second@example.com")
    assert browser().post(first).status_code == 410
    assert browser().post(post.last().link).status_code == 200
    asha.refresh_from_db()
    assert asha.email == "second@example.com"


def test_the_link_of_a_change_signs_nobody_in(post, asha, client):
    from broadsheet.readers.actions import KeyRefused, sign_in_by_link

    change(client, "new@example.com")
    token = post.last().link.split("/")[-2]
    key = MailedKey.objects.get()
    with pytest.raises(KeyRefused):
        sign_in_by_link(token=token, browser="", device=None, at=key.asked_at)
    assert MailedKey.objects.get().used_at is None


@pytest.mark.parametrize(
    "typed",
    ["asha", "new@example.com\r\nBcc: all@example.com", "a@example.com,b@example.com"],
)
def test_no_header_can_be_slipped_in(post, asha, client, typed):
    assert change(client, typed).status_code == 400
    assert ask(browser(), typed).status_code == 400
    assert post.letters() == []


@pytest.mark.django_db
def test_one_address_has_one_reader_however_it_is_cased():
    Reader.objects.create_user("asha@example.com")
    with pytest.raises(IntegrityError):
        Reader.objects.create_user("ASHA@example.com")


def test_an_internationalised_address_comes_in(post):
    client = browser()
    ask(client, "kai+news@bücher.example")
    letter = post.last()
    assert letter.to == "kai+news@xn--bcher-kva.example"
    assert "Log in as k***@bücher.example" in text_of(client.get(letter.link))
    client.post(letter.link)
    again = browser()
    ask(again, "Kai+News@BÜCHER.example")
    again.post(post.last().link)
    assert whoami(again) == "kai+news@xn--bcher-kva.example"
    assert Reader.objects.count() == 1
