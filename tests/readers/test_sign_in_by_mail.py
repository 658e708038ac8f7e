from __future__ import annotations

import pytest

from broadsheet.readers.events import Joined, LoggedIn
from broadsheet.readers.models import MailedKey, Reader

from .conftest import ask, browser, device_of, whoami


def type_code(client, code):
    return client.post("/accounts/code/", {"code": code})


def text_of(response):
    return " ".join(response.content.decode().split())


def wrong(code):
    return f"{(int(code.replace(' ', '')) + 1) % 10**6:06d}"


def test_a_new_address_comes_in_by_link_in_another_browser(post, heard):
    here, elsewhere = browser(), browser()
    response = ask(here, "new@example.com", next="/markets/rupee-12/#p-7")
    assert (response.status_code, response["Location"]) == (302, "/accounts/code/")
    letter = post.last()
    assert letter.to == "new@example.com"

    page = elsewhere.get(letter.link)
    assert page.status_code == 200
    assert "Log in as n***@example.com" in text_of(page)
    assert "new@example.com" not in text_of(page)
    assert Reader.objects.count() == 0

    response = elsewhere.post(letter.link)
    assert response.status_code == 302
    assert response["Location"] == "/markets/rupee-12/#p-7"
    reader = Reader.objects.get()
    assert heard == [
        Joined(reader.public_id),
        LoggedIn(reader.public_id, device_of(elsewhere)),
    ]
    assert device_of(elsewhere) != device_of(here)
    assert whoami(elsewhere) == "new@example.com"
    assert whoami(here) is None


def test_a_new_reader_on_her_way_to_nowhere_may_say_her_name(post):
    here = browser()
    ask(here, "new@example.com")
    response = here.post(post.last().link)
    assert response["Location"] == "/accounts/welcome/?next=%2Faccount%2F"

    response = here.post(
        response["Location"], {"name": " Nila   Sen ", "new": "", "next": "/account/"}
    )
    assert response["Location"] == "/account/"
    reader = Reader.objects.get()
    assert (reader.name, reader.has_usable_password()) == ("Nila Sen", False)


def test_a_reader_comes_in_by_code_and_goes_on_to_the_same_paragraph(post, asha, heard):
    client = browser()
    ask(client, "ASHA@EXAMPLE.com", next="/markets/rupee-12/#p-7")
    code = post.last().code
    response = type_code(client, code)
    assert (response.status_code, response["Location"]) == (
        302,
        "/markets/rupee-12/#p-7",
    )
    assert heard == [LoggedIn(asha.public_id, device_of(client))]
    assert whoami(client) == "asha@example.com"
    assert Reader.objects.count() == 1


def test_fetching_the_link_never_uses_it(post, asha):
    ask(browser(), asha.email)
    link = post.last().link
    for method in ("get", "head", "get", "head"):
        scanner = browser()
        assert getattr(scanner, method)(link).status_code == 200
        assert whoami(scanner) is None
    for method in ("put", "delete", "options", "patch"):
        assert getattr(browser(), method)(link).status_code == 405
    assert MailedKey.objects.get().used_at is None
    late = browser()
    assert late.post(link).status_code == 302
    assert whoami(late) == asha.email


def test_the_link_page_is_kept_by_no_cache_and_told_to_no_other_site(post, asha):
    ask(browser(), asha.email)
    page = browser().get(post.last().link)
    assert page["Cache-Control"] == "no-store"
    assert page["Referrer-Policy"] == "same-origin"


def test_pressing_the_button_needs_the_form_of_this_site(post, asha):
    ask(browser(), asha.email)
    client = browser()
    client.handler.enforce_csrf_checks = True
    assert client.post(post.last().link).status_code == 403
    assert MailedKey.objects.get().used_at is None


def test_a_used_link_opens_for_nobody_else(post, asha, heard):
    ask(browser(), asha.email)
    letter = post.last()
    browser().post(letter.link)
    thief = browser()
    thief.get(letter.link)
    response = thief.post(letter.link)
    assert response.status_code == 410
    assert "This mail has been used already. Each works once." in text_of(response)
    assert whoami(thief) is None
    assert len(heard) == 1


def test_a_used_link_takes_the_code_with_it(post, asha):
    here = browser()
    ask(here, asha.email)
    letter = post.last()
    browser().post(letter.link)
    response = type_code(here, letter.code)
    assert response.status_code == 400
    assert "This mail has been used already." in text_of(response)
    assert whoami(here) is None


def test_the_same_form_sent_twice_is_one_sign_in(post, asha, heard):
    """A double click: both requests leave with the cookies of before."""
    first, second = browser(), browser()
    ask(first, asha.email)
    letter = post.last()
    first.get(letter.link)
    second.cookies = type(first.cookies)(first.cookies.output(header="", sep=";"))

    assert first.post(letter.link).status_code == 302
    assert second.post(letter.link).status_code == 302
    assert whoami(first) == whoami(second) == asha.email
    assert heard == [LoggedIn(asha.public_id, device_of(first))]


def test_a_double_click_is_forgiven_for_ten_seconds_only(post, asha, clock):
    first, second = browser(), browser()
    ask(first, asha.email)
    letter = post.last()
    first.get(letter.link)
    second.cookies = type(first.cookies)(first.cookies.output(header="", sep=";"))
    first.post(letter.link)
    clock.forward(seconds=11)
    assert second.post(letter.link).status_code == 410
    assert whoami(second) is None


def test_asking_twice_at_once_sends_one_mail(post, asha, clock):
    client = browser()
    ask(client, asha.email)
    ask(client, asha.email)
    assert len(post.letters()) == 1
    clock.forward(seconds=11)
    ask(client, asha.email)
    assert len(post.letters()) == 2


def test_a_newer_mail_voids_the_older(post, asha):
    old_browser, new_browser = browser(), browser()
    ask(old_browser, asha.email)
    old = post.last()
    ask(new_browser, "Asha@example.com")
    new = post.last()
    assert old.link != new.link

    response = browser().post(old.link)
    assert response.status_code == 410
    assert "We have sent you a newer mail. Please use that one." in text_of(response)
    response = type_code(old_browser, old.code)
    assert "We have sent you a newer mail." in text_of(response)
    assert whoami(old_browser) is None

    assert type_code(new_browser, new.code).status_code == 302
    assert whoami(new_browser) == asha.email


def test_five_wrong_codes_end_the_mail(post, asha, heard):
    client = browser()
    ask(client, asha.email)
    letter = post.last()
    for left, tries in ((4, "tries"), (3, "tries"), (2, "tries"), (1, "try")):
        response = type_code(client, wrong(letter.code))
        assert response.status_code == 400
        assert f"You have {left} {tries} left." in text_of(response)
    response = type_code(client, wrong(letter.code))
    assert "Too many wrong codes. Please ask for a new mail." in text_of(response)

    response = type_code(client, letter.code)
    assert response.status_code == 400
    assert "Too many wrong codes." in text_of(response)
    assert browser().post(letter.link).status_code == 410
    assert whoami(client) is None
    assert heard == []
    assert MailedKey.objects.get().wrong_tries == 5


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "1234567", "١٢٣٤٥٦"])
def test_what_is_no_code_is_wrong(post, asha, typed):
    client = browser()
    ask(client, asha.email)
    post.last()
    assert type_code(client, typed).status_code == 400
    assert whoami(client) is None


def test_the_code_is_good_only_where_it_was_asked_for(post, asha):
    ask(browser(), asha.email)
    code = post.last().code
    stranger = browser()
    response = type_code(stranger, code)
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/")
    assert whoami(stranger) is None

    ask(stranger, "stranger@example.com")
    assert type_code(stranger, code).status_code == 400
    assert whoami(stranger) is None


def test_a_forged_cookie_is_no_key(post, asha):
    ask(browser(), asha.email)
    code = post.last().code
    forger = browser()
    forger.cookies["__Host-broadsheet-mail"] = str(MailedKey.objects.get().pk)
    assert type_code(forger, code)["Location"] == "/accounts/login/"


@pytest.mark.parametrize("minutes", [15, 60, 60 * 24 * 10])
def test_after_a_quarter_of_an_hour_nothing_opens(post, asha, clock, minutes):
    client = browser()
    ask(client, asha.email)
    letter = post.last()
    clock.forward(minutes=minutes)
    for response in (
        client.get(letter.link),
        client.post(letter.link),
    ):
        assert response.status_code == 410
        assert "Links work for 15 minutes" in text_of(response)
    assert type_code(client, letter.code).status_code == 400
    assert whoami(client) is None


def test_a_moment_earlier_it_opens(post, asha, clock):
    client = browser()
    ask(client, asha.email)
    letter = post.last()
    clock.forward(minutes=14, seconds=45)
    assert client.post(letter.link).status_code == 302


@pytest.mark.parametrize("token", ["x", "A" * 43, "%00", "A" * 3000, "..%2f..%2f"])
def test_a_link_that_was_never_mailed_does_not_open(post, token):
    for method in ("get", "post"):
        response = getattr(browser(), method)(f"/accounts/link/{token}/")
        assert response.status_code in (404, 410)


def test_a_known_and_an_unknown_address_are_told_the_same(post, asha):
    known, unknown = browser(), browser()
    told = [
        (response.status_code, response["Location"])
        for response in (
            ask(known, asha.email),
            ask(unknown, "zoya@example.com"),
        )
    ]
    assert told[0] == told[1] == (302, "/accounts/code/")
    pages = [
        text_of(client.get("/accounts/code/")).replace(email, "")
        for client, email in ((known, asha.email), (unknown, "zoya@example.com"))
    ]
    assert _without_csrf(pages[0]) == _without_csrf(pages[1])
    letters = post.letters()
    assert [letter.subject for letter in letters] == ["Log in to Broadsheet"] * 2


def _without_csrf(page):
    parts = page.split('name="csrfmiddlewaretoken" value="')
    return "".join([parts[0], *(part.partition('"')[2] for part in parts[1:])])


def test_a_closed_account_is_told_so_only_to_its_owner(post, asha, heard):
    asha.is_active = False
    asha.save()
    client = browser()
    assert ask(client, asha.email).status_code == 302
    response = client.post(post.last().link)
    assert response.status_code == 410
    assert "This account is closed. Please write to our support." in text_of(response)
    assert whoami(client) is None
    assert heard == []


def test_nothing_that_opens_is_stored(post, asha):
    from procrastinate.contrib.django.models import ProcrastinateJob

    ask(browser(), asha.email)
    jobs = [str(job.args) for job in ProcrastinateJob.objects.all()]
    letter = post.last()
    row = str(vars(MailedKey.objects.get()))
    token = letter.link.split("/")[-2]
    digits = letter.code.replace(" ", "")
    assert token in letter.text and letter.code in letter.text
    for stored in (row, *jobs):
        assert token not in stored
        assert digits not in stored
    assert len(jobs) == 1


def test_open_your_inbox(post):
    client = browser()
    ask(client, "asha@gmail.com")
    page = text_of(client.get("/accounts/code/"))
    assert "Open Gmail" in page
    assert 'href="https://mail.google.com/' in page


def test_a_logged_in_reader_is_sent_on(post, asha):
    client = browser()
    client.force_login(asha)
    response = client.get("/accounts/login/?next=/markets/%23p-7")
    assert (response.status_code, response["Location"]) == (302, "/markets/#p-7")
    assert client.get("/accounts/password/")["Location"] == "/account/"


def test_the_code_page_lets_go_once_the_link_was_used(post, asha):
    here = browser()
    ask(here, asha.email, next="/markets/#p-7")
    link = post.last().link
    browser().post(link)
    assert "This mail has been used already." in text_of(here.get("/accounts/code/"))
    here.post("/accounts/code/again/")
    here.post(post.last().link)
    assert here.get("/accounts/code/")["Location"] == "/markets/#p-7"


def test_there_is_no_code_page_without_a_mail(transactional_db):
    client = browser()
    for path in ("/accounts/code/", "/accounts/code/again/"):
        assert client.post(path)["Location"] == "/accounts/login/"


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]
)
@pytest.mark.parametrize("typed", ["", "asha", "asha@localhost", "a" * 400])
def test_what_is_no_address_is_said_beside_the_field(post, path, typed):
    response = browser().post(path, {"email": typed})
    assert response.status_code == 400
    text = text_of(response)
    assert 'role="alert"' in text
    assert 'aria-describedby="id_email_error"' in text
    assert '<p class="field-error" id="id_email_error">' in text
    assert post.letters() == []
