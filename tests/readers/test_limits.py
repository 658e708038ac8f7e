from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from broadsheet.readers.actions import TooManyTries
from broadsheet.readers.actions.limits import count
from broadsheet.readers.models import Tally
from broadsheet.readers.rules import Limit

from .conftest import PASSWORD, ask, browser

THREE = Limit("three", 3, timedelta(minutes=10))


def refused(subject, at):
    try:
        count(THREE, subject, at=at)
    except TooManyTries as error:
        return error.wait
    return None


@pytest.mark.django_db
def test_the_window_opens_with_the_first_try_and_the_wait_is_exact(at):
    minute = timedelta(minutes=1)
    assert [refused("a", at + i * minute) for i in range(5)] == [
        None,
        None,
        None,
        7 * minute,
        6 * minute,
    ]
    assert refused("b", at) is None
    assert refused("A", at + 9 * minute) == minute
    assert refused("a", at + 10 * minute) is None
    assert Tally.objects.count() == 2


@pytest.mark.django_db
def test_no_address_is_written_down(at):
    refused("asha@example.com", at)
    assert "asha" not in str(vars(Tally.objects.get()))


@pytest.mark.django_db(transaction=True)
def test_parallel_tries_are_all_counted(at):
    def one(_):
        try:
            return refused("a", at)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(24)))
    assert found.count(None) == 3
    assert Tally.objects.get().tries == 24


def test_the_sixth_mail_to_an_address_says_the_wait(post, asha, clock):
    for _ in range(5):
        assert ask(browser(), asha.email).status_code == 302
    clock.forward(minutes=11)
    response = ask(browser(), "ASHA@example.com")
    assert response.status_code == 429
    assert "Too many tries. Try again in 4 minutes." in response.content.decode()
    assert ask(browser(), "other@example.com").status_code == 302
    clock.forward(minutes=4)
    assert ask(browser(), asha.email).status_code == 302


def test_one_network_cannot_mail_the_whole_town(post, clock):
    for i in range(30):
        client = browser()
        response = client.post("/accounts/login/", {"email": f"r{i}@example.com"})
        assert response.status_code == 302
    for ip, status in (("127.0.0.99", 429), ("203.0.113.5", 302)):
        response = browser().post(
            "/accounts/login/", {"email": "one@example.com"}, REMOTE_ADDR=ip
        )
        assert response.status_code == status
    response = browser().post("/accounts/login/", {"email": "one@example.com"})
    assert "Too many tries. Try again in 60 minutes." in response.content.decode()


def test_new_mails_buy_no_more_than_ten_codes(post, asha):
    client = browser()
    statuses = []
    for _ in range(3):
        client.cookies.clear()
        ask(client, asha.email)
        code = post.last().code
        guess = f"{(int(code.replace(' ', '')) + 1) % 10**6:06d}"
        statuses += [
            client.post("/accounts/code/", {"code": guess}).status_code
            for _ in range(4)
        ]
    assert statuses == [400] * 10 + [429] * 2
    response = client.post("/accounts/code/", {"code": code})
    assert response.status_code == 429
    assert "Try again in 15 minutes." in response.content.decode()


def test_the_eleventh_password_waits_even_when_it_is_right(asha, clock):
    def status(password):
        form = {"email": asha.email, "password": password}
        return browser().post("/accounts/password/", form).status_code

    assert [status(f"guess {i}") for i in range(10)] == [400] * 10
    assert status(PASSWORD) == 429
    clock.forward(minutes=15)
    assert status(PASSWORD) == 302
