from __future__ import annotations

import pytest

from broadsheet.readers.events import LoggedIn, PasswordChanged

from .conftest import PASSWORD, ask, browser, device_of, whoami

NEW = "seven otters upstream"


def log_in(client, email, password=PASSWORD, **more):
    form = {"email": email, "password": password, **more}
    return client.post("/accounts/password/", form)


def set_password(client, new=NEW, current="", path="/account/security/password/"):
    return client.post(path, {"new": new, "current": current})


def text_of(response):
    return " ".join(response.content.decode().split())


def test_a_password_lets_in_however_the_address_is_cased(asha, heard):
    client = browser()
    client.get("/accounts/password/")
    response = log_in(client, " ASHA@Example.COM ", next="/markets/#p-7")
    assert (response.status_code, response["Location"]) == (302, "/markets/#p-7")
    assert whoami(client) == "asha@example.com"
    assert heard == [LoggedIn(asha.public_id, device_of(client))]


def test_wrong_unknown_closed_and_passwordless_are_told_the_same(asha, heard):
    from broadsheet.readers.models import Reader

    Reader.objects.create_user("bare@example.com")
    Reader.objects.create_user("gone@example.com", PASSWORD, is_active=False)
    pages = set()
    for email, password in (
        (asha.email, "wrong"),
        ("zoya@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
        ("bare@example.com", PASSWORD),
        ("not an address", PASSWORD),
    ):
        client = browser()
        response = log_in(client, email, password)
        assert response.status_code == 400
        text = text_of(response)
        assert "The e-mail address and the password do not match." in text
        pages.add(text.partition("The e-mail")[2].partition("</div>")[0])
        assert whoami(client) is None
    assert len(pages) == 1
    assert heard == []


def test_changing_the_password_needs_the_current_one(asha, heard):
    client, other = browser(), browser()
    log_in(client, asha.email)
    log_in(other, asha.email)
    heard.clear()

    for current in ("", "wrong"):
        response = set_password(client, current=current)
        assert response.status_code == 400
        assert "Enter your current password, or confirm by mail" in text_of(response)
    assert heard == []
    assert log_in(browser(), asha.email).status_code == 302
    heard.clear()

    response = set_password(client, current=PASSWORD)
    assert (response.status_code, response["Location"]) == (302, "/account/security/")
    assert heard == [PasswordChanged(asha.public_id)]
    assert whoami(client) == asha.email
    assert whoami(other) is None
    assert log_in(browser(), asha.email).status_code == 400
    assert log_in(browser(), asha.email, NEW).status_code == 302


def test_a_changed_password_is_told_by_mail(post, asha):
    client = browser()
    log_in(client, asha.email)
    set_password(client, current=PASSWORD)
    (letter,) = post.letters()
    assert (letter.to, letter.subject) == (
        "asha@example.com",
        "Your Broadsheet password was changed",
    )
    assert "/account/security/" in letter.text


@pytest.mark.parametrize("weak", ["1234567", "password1", "asha@example.com"])
def test_a_weak_password_is_refused_and_the_old_one_stays(asha, heard, weak):
    client = browser()
    log_in(client, asha.email)
    heard.clear()
    response = set_password(client, weak, PASSWORD)
    assert response.status_code == 400
    assert 'aria-describedby="id_new_helptext id_new_error"' in text_of(response)
    assert heard == []
    assert log_in(browser(), asha.email).status_code == 302


def test_reset_is_one_mail_and_one_new_password(post, asha, heard):
    other = browser()
    log_in(other, asha.email)
    heard.clear()
    ask(browser(), asha.email, next="/markets/", path="/accounts/password/reset/")
    letter = post.last()
    assert letter.subject == "Set a new password for Broadsheet"

    client = browser()
    client.get(letter.link)
    response = client.post(letter.link)
    assert response["Location"] == "/account/security/password/?next=%2Fmarkets%2F"
    page = text_of(client.get(response["Location"]))
    assert 'name="current"' not in page
    response = client.post(response["Location"], {"new": NEW, "next": "/markets/"})
    assert response["Location"] == "/markets/"
    assert heard == [
        LoggedIn(asha.public_id, device_of(client)),
        PasswordChanged(asha.public_id),
    ]
    assert whoami(other) is None
    assert log_in(browser(), asha.email, NEW).status_code == 302


def test_a_mail_sign_in_is_proof_for_a_quarter_of_an_hour(post, asha, clock):
    client = browser()
    ask(client, asha.email)
    client.post(post.last().link)
    clock.forward(minutes=15)
    assert set_password(client).status_code == 400

    client.post("/account/security/prove/", {"next": "/account/security/password/"})
    response = client.post("/accounts/code/", {"code": post.last().code})
    assert response["Location"] == "/account/security/password/"
    assert set_password(client).status_code == 302


def test_a_new_password_voids_the_mails_that_still_lie_about(post, asha):
    ask(browser(), asha.email)
    link = post.last().link
    client = browser()
    log_in(client, asha.email)
    set_password(client, current=PASSWORD)
    assert browser().post(link).status_code == 410


def test_a_password_keeps_its_spaces(asha):
    client = browser()
    log_in(client, asha.email)
    set_password(client, "  spaces at both ends ", PASSWORD)
    assert log_in(browser(), asha.email, "spaces at both ends").status_code == 400
    assert log_in(browser(), asha.email, "  spaces at both ends ").status_code == 302


@pytest.mark.parametrize(
    ("path", "marks"),
    [
        ("/accounts/login/", ['autocomplete="username"', 'type="email"']),
        ("/accounts/signup/", ['autocomplete="username"']),
        (
            "/accounts/password/",
            ['autocomplete="username"', 'autocomplete="current-password"'],
        ),
        ("/accounts/password/reset/", ['autocomplete="username"']),
    ],
)
def test_password_managers_know_the_fields(transactional_db, path, marks):
    page = text_of(browser().get(path))
    for mark in marks:
        assert mark in page
    assert "style=" not in page
    assert page.count("<script") == page.count('<script type="module" src="/static/')


def test_staff_reach_the_desk_by_the_same_door(asha):
    response = browser().get("/desk/")
    assert response["Location"] == "/accounts/login/?next=/desk/"
    response = browser().get("/desk/login/?next=/desk/")
    assert response["Location"] == "/accounts/login/?next=/desk/"
    asha.is_superuser = True
    asha.save()
    client = browser()
    response = log_in(client, asha.email, next="/desk/outbox/")
    assert response["Location"] == "/desk/outbox/"
    assert client.get("/desk/outbox/").status_code == 200


def test_a_reader_turned_away_from_the_desk_does_not_go_round_in_circles(asha):
    client = browser()
    log_in(client, asha.email)
    response = client.get("/desk/", follow=True)
    assert response.redirect_chain == [("/accounts/login/?next=/desk/", 302)]
    assert response.status_code == 200
    assert "You do not have permission to access the admin." in text_of(response)
