from __future__ import annotations

import dataclasses
from email.message import EmailMessage

import pytest

from broadsheet.plumbing.inbox import Inbox
from broadsheet.readers.models import Reader

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def box(tmp_path, settings):
    settings.BROADSHEET = dataclasses.replace(settings.BROADSHEET, var=tmp_path)
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        },
    }
    return Inbox(tmp_path / "inbox")


@pytest.fixture
def desk(client, db):
    client.force_login(Reader.objects.create_superuser("chief@example.com"))
    return client


def mail(subject, html="<p>Hello</p>", to="asha@example.com"):
    message = EmailMessage()
    message["From"] = "Broadsheet <support@example.com>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Open http://127.0.0.1:8000/accounts/link/abc/ now")
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def text_of(response):
    return " ".join(response.content.decode().split())


def test_an_empty_outbox_says_what_would_be_here(box, desk):
    response = desk.get("/desk/outbox/")
    assert response.status_code == 200
    assert "No mail yet." in text_of(response)


def test_mails_are_listed_newest_first(box, desk):
    for subject in ("first", "second", "third " + SCRIPT):
        box.keep(mail(subject))
    page = text_of(desk.get("/desk/outbox/"))
    places = [page.index(f">{subject}") for subject in ("third", "second", "first")]
    assert places == sorted(places)
    assert SCRIPT not in page
    assert page.count("asha@example.com") == 3


def test_long_lists_have_pages(box, desk):
    for number in range(51):
        box.keep(mail(f"number {number}."))
    page = text_of(desk.get("/desk/outbox/"))
    assert "number 1." in page and "number 0." not in page
    assert 'href="?start=50"' in page
    page = text_of(desk.get("/desk/outbox/?start=50"))
    assert "number 0." in page and "number 1." not in page
    assert desk.get("/desk/outbox/?start=-1x").status_code == 200


def test_a_mail_is_shown_as_text_frame_and_source(box, desk):
    key = box.keep(mail("Sign in", html=SCRIPT))
    page = text_of(desk.get(f"/desk/outbox/{key}/"))
    assert 'href="http://127.0.0.1:8000/accounts/link/abc/"' in page
    assert f'<iframe src="/desk/outbox/{key}/html/"' in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "Subject: Sign in" in page
    assert SCRIPT not in page


def test_the_html_of_a_mail_may_run_nothing(box, desk):
    key = box.keep(mail("Sign in", html=SCRIPT))
    response = desk.get(f"/desk/outbox/{key}/html/")
    assert SCRIPT in response.content.decode()
    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox;")
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert response["Referrer-Policy"] == "no-referrer"


def test_the_source_is_handed_out_as_a_file(box, desk):
    raw = mail("Sign in")
    key = box.keep(raw)
    response = desk.get(f"/desk/outbox/{key}/raw/")
    assert response.content == raw
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="mail.eml"'


@pytest.mark.parametrize("key", ["nothing", "..%2f..%2fsecret", ".hidden", "a%00b"])
def test_what_is_not_kept_is_not_found(box, desk, key):
    for tail in ("", "html/", "raw/"):
        assert desk.get(f"/desk/outbox/{key}/{tail}").status_code == 404


def test_a_folder_that_cannot_be_read_is_told(box, desk):
    box.folder.mkdir()
    (box.folder / "new").write_text("not a folder")
    page = text_of(desk.get("/desk/outbox/"))
    assert f"The inbox in {box.folder} cannot be read: Not a directory." in page


@pytest.mark.parametrize("who", ["nobody", "reader", "editor"])
def test_a_mail_that_lets_people_in_is_shown_to_superusers_only(box, client, db, who):
    from django.contrib.auth.models import Permission

    key = box.keep(mail("Sign in"))
    if who != "nobody":
        reader = Reader.objects.create_user("e@example.com", is_staff=who == "editor")
        if who == "editor":
            access = Permission.objects.get(codename="access_admin")
            reader.user_permissions.add(access)
        client.force_login(reader)
    for tail in ("", f"{key}/", f"{key}/html/", f"{key}/raw/"):
        response = client.get(f"/desk/outbox/{tail}")
        assert response.status_code == 302
        assert b"Sign in" not in response.content


def test_the_menu_names_it_to_superusers(box, desk):
    assert "Outbox" in desk.get("/desk/outbox/").content.decode()
