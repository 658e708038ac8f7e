from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Publication
from broadsheet.readers import actions
from broadsheet.readers.models import MailedKey

from .conftest import ask, browser


def page(client):
    return " ".join(client.get("/accounts/code/").content.decode().split())


def test_a_letter_is_text_and_html_with_its_own_id(post, settings):
    ask(browser(), "asha@example.com")
    letter = post.last()
    message = message_from_bytes(letter.raw, policy=policy.default)
    key = MailedKey.objects.get()
    assert message["Message-ID"] == f"<{key.id}@127.0.0.1>"
    assert message["From"] == "Broadsheet <support@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    assert f"{settings.BROADSHEET.origin}{letter.link}" in letter.html
    assert letter.code in letter.html
    assert "<style" not in letter.html
    assert "<link" not in letter.html
    assert "background-color: #1b1a18" in letter.html
    assert key.mailed_at is not None


def test_a_name_with_line_breaks_or_markup_breaks_nothing(post):
    name = 'Morning\r\nBcc: all@example.com <b>"Star"'
    Publication.objects.update_or_create(pk=1, defaults={"name": name})
    publication.forget()
    ask(browser(), "asha@example.com")
    letter = post.last()
    assert letter.subject == 'Log in to Morning Bcc: all@example.com <b>"Star"'
    message = message_from_bytes(letter.raw, policy=policy.default)
    assert message["Bcc"] is None
    assert "<b>" not in letter.html
    assert '<b>"Star"' in letter.text


def test_when_the_mail_host_is_down_the_page_says_so_and_the_mail_comes_later(
    post, mail_host, clock
):
    mail_host.stop()
    client = browser()
    ask(client, "asha@example.com")
    assert "Our mail is delayed" not in page(client)
    post.deliver()
    assert "Our mail is delayed. We keep trying" in page(client)
    assert MailedKey.objects.get().mailed_at is None

    mail_host.start()
    key = MailedKey.objects.get()
    actions.send_key(key_id=key.id, at=key.asked_at)
    assert "Our mail is delayed" not in page(client)
    assert len(mail_host.inbox.page()) == 1


def test_a_worker_that_sleeps_is_a_delay_too(post, clock):
    client = browser()
    ask(client, "asha@example.com")
    clock.forward(seconds=21)
    assert "Our mail is delayed" in page(client)


def test_a_letter_is_sent_once_however_often_the_job_runs(post):
    ask(browser(), "asha@example.com")
    assert len(post.letters()) == 1
    key = MailedKey.objects.get()
    for _ in range(3):
        actions.send_key(key_id=key.id, at=key.asked_at)
    assert len(post.letters()) == 1


@pytest.mark.parametrize("minutes", [15, 100])
def test_a_letter_that_would_open_nothing_is_not_sent(post, clock, minutes):
    ask(browser(), "asha@example.com")
    clock.forward(minutes=minutes)
    assert post.letters() == []


def test_a_letter_is_in_the_papers_language_like_the_page_that_asked(post):
    client = browser(**{"accept-language": "hi"})
    client.post("/accounts/login/", {"email": "asha@example.com"})
    assert MailedKey.objects.get().language == "en-in"
    assert '<html lang="en-in">' in post.last().html


def test_the_sweep_takes_what_has_lapsed_and_nothing_else(post, clock):
    ask(browser(), "old@example.com")
    clock.forward(days=31)
    ask(browser(), "new@example.com")
    assert actions.sweep(at=publication.now()) == 2  # A key and its address's tally
    assert [key.email for key in MailedKey.objects.all()] == ["new@example.com"]


@pytest.mark.parametrize("kind", ["password-changed", "address-changed"])
def test_a_notice_tells_the_publications_own_time(post, kind, at):
    actions.send_notice(
        kind=kind,
        to="asha@example.com",
        language="en-in",
        message_id="<notice@127.0.0.1>",
        sent_at=at,
    )
    letter = post.last()
    when = "On 3 August 2026 at 10:00 am (Asia/Kolkata)"
    assert when in letter.text
    assert when in letter.html
    message = message_from_bytes(letter.raw, policy=policy.default)
    assert message["Message-ID"] == "<notice@127.0.0.1>"
    assert message["Date"] == "Mon, 03 Aug 2026 04:30:00 +0000"
