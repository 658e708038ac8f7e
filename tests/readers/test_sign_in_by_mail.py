from __future__ import annotations

from .conftest import ask, browser, whoami


def test_a_new_address_comes_in_by_link_in_another_browser(post, heard):
    from broadsheet.readers.events import Joined, LoggedIn
    from broadsheet.readers.models import Reader

    here, elsewhere = browser(), browser()
    response = ask(here, "new@example.com", next="/markets/rupee-12/#p-7")
    assert (response.status_code, response["Location"]) == (302, "/accounts/code/")
    letter = post.last()
    assert letter.to == "new@example.com"

    page = elsewhere.get(letter.link)
    assert page.status_code == 200
    assert "Sign in as n***@example.com" in page.content.decode()
    assert "new@example.com" not in page.content.decode()
    assert Reader.objects.count() == 0

    response = elsewhere.post(letter.link)
    assert response.status_code == 302
    assert response["Location"] == (
        "/accounts/welcome/?next=%2Fmarkets%2Frupee-12%2F%23p-7"
    )
    reader = Reader.objects.get()
    assert heard == [Joined(reader.public_id), LoggedIn(reader.public_id, None)]
    assert whoami(elsewhere) == "new@example.com"
    assert whoami(here) is None
