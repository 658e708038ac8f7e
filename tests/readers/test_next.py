from __future__ import annotations

import pytest

from .conftest import PASSWORD, ask, browser

EVIL = [
    "//evil.example",
    "///evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "https:evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "%2F%2Fevil.example",
    "/\t/evil.example",
    "/.//evil.example",
    "/a\r\nLocation: https://evil.example/",
]


def main_of(response):
    """The page's own part. The masthead's log-in link carries any address as it is."""
    return response.content.decode().partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("evil", EVIL)
def test_the_link_leads_to_no_other_site(post, asha, evil):
    client = browser()
    ask(client, asha.email, next=evil)
    assert client.post(post.last().link)["Location"] == "/account/"


@pytest.mark.parametrize("evil", EVIL)
def test_the_password_leads_to_no_other_site(transactional_db, asha, evil):
    client = browser()
    page = main_of(client.get("/accounts/password/", {"next": evil}))
    assert 'type="password"' in page
    assert "evil" not in page
    response = client.post(
        "/accounts/password/", {"email": asha.email, "password": PASSWORD, "next": evil}
    )
    assert response["Location"] == "/account/"


@pytest.mark.parametrize("evil", EVIL)
def test_nobody_who_is_logged_in_is_led_to_another_site(transactional_db, asha, evil):
    client = browser()
    client.force_login(asha)
    for path in ("/accounts/login/", "/accounts/password/", "/accounts/signup/"):
        assert client.get(path, {"next": evil})["Location"] == "/account/"
    page = main_of(client.get("/accounts/welcome/", {"next": evil}))
    assert "evil" not in page
    assert 'href="/account/"' in page


def test_the_path_survives_every_page_of_the_flow(post, asha):
    client = browser()
    page = client.get("/accounts/login/?next=/markets/rupee-12/%3Fa%3Db%23p-7")
    text = page.content.decode()
    assert 'name="next" value="/markets/rupee-12/?a=b#p-7"' in text
    assert "/accounts/password/?next=%2Fmarkets%2Frupee-12%2F%3Fa%3Db%23p-7" in text
    ask(client, asha.email, next="/markets/rupee-12/?a=b#p-7")
    post.last()
    client.post("/accounts/code/again/")
    response = browser().post(post.last().link)
    assert response["Location"] == "/markets/rupee-12/?a=b#p-7"
