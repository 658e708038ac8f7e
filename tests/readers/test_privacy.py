from __future__ import annotations

from broadsheet.readers import actions, queries
from broadsheet.readers.events import Erased
from broadsheet.readers.models import Erasure, MailedKey, Reader

from .conftest import PASSWORD, ask, browser, whoami


def test_a_reader_takes_her_data_with_her(post, asha, clock):
    client = browser()
    ask(client, asha.email)
    client.post(post.last().link)
    response = client.get("/account/security/data.json")
    assert response["Content-Disposition"] == 'attachment; filename="my-data.json"'
    data = response.json()
    assert data["reader"] == {
        "id": str(asha.public_id),
        "email": "asha@example.com",
        "name": "",
        "joined_at": asha.joined_at.isoformat(),
        "has_password": True,
        "is_staff": False,
    }
    assert [s["address"] for s in data["sessions"]] == ["127.0.0.1"]
    assert [m["purpose"] for m in data["mails"]] == ["sign-in"]
    text = response.content.decode()
    key = MailedKey.objects.get()
    for secret in (asha.password, key.token, key.code_mark, key.token_mark):
        assert secret not in text


def test_an_erased_reader_is_gone_and_her_row_is_nameless(post, asha, heard, at):
    client = browser()
    ask(client, "ASHA@example.com")
    link = post.last().link
    client.post("/accounts/password/", {"email": asha.email, "password": PASSWORD})
    actions.rename(reader=asha, name="Asha Rao")
    heard.clear()

    for _ in range(2):
        actions.erase(reader=asha, by="support: a letter of 1 August", at=at)

    assert heard == [Erased(asha.public_id)]
    asha.refresh_from_db()
    assert (asha.name, asha.is_active, asha.has_usable_password()) == ("", False, False)
    assert asha.email == f"erased-{asha.public_id}@erased.invalid"
    assert MailedKey.objects.count() == 0
    assert whoami(client) is None
    assert browser().post(link).status_code == 410
    erasure = Erasure.objects.get()
    assert (erasure.by, erasure.at) == ("support: a letter of 1 August", at)
    assert queries.reader_of("asha@example.com") is None

    fresh = browser()
    ask(fresh, "asha@example.com")
    fresh.post(post.last().link)
    assert Reader.objects.count() == 2
