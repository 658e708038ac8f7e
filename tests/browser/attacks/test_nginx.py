"""`deploy/nginx` as it is shipped: what it keeps, what it sends on, what it drops."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from broadsheet.main.leakcheck.wire import Request, Wire
from tests.browser.attacks.edge import SHIPPED, Edge, copy_of_the_shipped
from tests.browser.client import Client, in_the_house, metered, whole
from tests.site import EDGE_KEY, RunningSite, free_port
from tools import nginx

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


def kept(edge: Edge, path: str, words: str) -> int:
    """Return how many pages of this story, with these words, are in the cache."""
    its_own = re.compile(f'<link rel="canonical" href="[^"]*{path}"'.encode())
    return sum(
        its_own.search(page) is not None and words.encode() in page
        for page in edge.kept()
    )


def test_a_page_is_kept_once_for_all_who_are_shown_it(edge: Edge, site: RunningSite):
    one, other = Client(edge.origin), Client(edge.origin)
    [path, second, *_] = metered(one, 4)
    assert whole(one.read(path)) and whole(other.read(path))
    assert kept(edge, path, "1 of 3") == 1

    again = Client(edge.origin)
    assert whole(again.read(path))  # "1 of 3", as the others were shown.
    assert kept(edge, path, "1 of 3") == 1

    assert whole(again.read(second))  # "2 of 3" is another page.
    assert kept(edge, second, "2 of 3") == 1
    text = again.get(path).text
    assert "1 of 3" not in text and "2 of 3" in text


def test_the_page_is_the_same_as_without_nginx(edge: Edge, site: RunningSite):
    reader = Client(edge.origin)
    [path, *_] = metered(reader, 2)
    through = reader.read(path)
    direct = Client(site.origin, reader.cookies).get(path)

    assert through.text == direct.text
    for name in ("cache-control", "content-security-policy", "etag", "content-type"):
        assert through.headers[name] == direct.headers[name]
    told = {name.lower() for name in through.headers}
    assert not [name for name in told if name.startswith(("x-gate", "x-accel"))]


def test_a_correction_and_a_withdrawal_come_through_within_a_second(
    edge: Edge, site: RunningSite
):
    said = in_the_house(site, _FILE).split()
    number, path = int(said[0]), said[1]
    reader = Client(edge.origin)
    assert "First wording" in reader.read(path).text
    assert "First wording" in reader.read(path).text  # From the cache.

    in_the_house(site, _CHANGE.format(number=number))
    assert _soon(lambda: "Second wording" in reader.get(path).text)

    in_the_house(site, _WITHDRAW.format(number=number))
    assert _soon(lambda: reader.get(path).status_code == 410)


_FILE = """
from broadsheet.news.newsroom import actions, queries
from broadsheet.plumbing import publication
at = publication.now()
from broadsheet.news.newsroom.rules import Block
story = actions.file(headline="Kept at the edge", section_slug=queries.sections()[0].slug,
    blocks=[Block("paragraph", {"html": "First wording of it."})], access="free",
    origin="edge-test", origin_id="1", at=at)
actions.publish(story_id=story.pk, at=at)
print(story.pk, queries.canonical(story.pk))
"""
_CHANGE = """
from broadsheet.news.newsroom import actions, queries
from broadsheet.news.newsroom.rules import Block
from broadsheet.plumbing import publication
at = publication.now()
actions.file(headline="Kept at the edge", section_slug=queries.sections()[0].slug,
    blocks=[Block("paragraph", {{"html": "Second wording of it."}})], access="free",
    origin="edge-test", origin_id="1", at=at)
actions.publish(story_id={number}, at=at)
"""
_WITHDRAW = """
from broadsheet.news.newsroom import actions
from broadsheet.plumbing import publication
actions.withdraw(story_id={number}, reason="The test is over.", at=publication.now())
"""


def _soon(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 1.5
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_the_gates_own_addresses_are_shut_from_outside(edge: Edge):
    wire = Wire(edge.origin)
    key = ("X-Gate-Key", EDGE_KEY)
    told = (("X-Gate-Uri", "/"), ("X_Gate_Key", EDGE_KEY), key)
    for path in (
        "/gate/v1/authorise",
        "/gate/v1/decide",
        "/gate/v1/pages/x",
        "/gate/v1/pages/x-1/",
        "/_authorise",
        "//gate/v1/authorise",
        "/x/../gate/v1/authorise",
        "/%67ate/v1/authorise",
        "/gate%2fv1/authorise",
        "/gate/v1/authorise?x-1/",
    ):
        for method in ("GET", "POST"):
            answer = wire.ask(Request("", path, method, headers=told))
            assert answer.status in (301, 403, 404, 405), (path, answer.status)
            assert not answer.header("x-gate-answer")


def test_a_head_through_nginx_costs_nothing(edge: Edge):
    reader = Client(edge.origin)
    reader.get("/")
    paths = metered(reader, 6)
    for path in paths:
        reply = reader.send("HEAD", path)
        assert (reply.status_code, reply.content) == (200, b"")

    assert [whole(reader.read(path)) for path in paths[:4]] == [True] * 3 + [False]


def test_static_files_come_from_the_disk_and_live_long(edge: Edge, site: RunningSite):
    page = Client(edge.origin).get("/").text
    sheet = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert sheet.startswith("/static/")

    reply = Client(edge.origin).get(sheet, Accept_Encoding="gzip")

    assert (reply.status_code, reply.headers["content-encoding"]) == (200, "gzip")
    assert reply.headers["cache-control"] == "max-age=315360000"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.content == Client(site.origin).get(sheet).content


def test_a_strange_host_gets_nothing(edge: Edge):
    answer = Wire(edge.origin).ask(
        Request("", "/", headers=(("Host", "attacker.example"),))
    )
    assert answer.status == 421
    assert b"attacker.example" not in answer.body


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", "/CN=www.example.com", "-keyout", str(tmp_path / "privkey.pem")]
        + ["-out", str(tmp_path / "fullchain.pem")],
        check=True,
        capture_output=True,
    )
    return tmp_path


def test_the_shipped_site_with_tls_is_taken_by_nginx(tmp_path: Path, certificate: Path):
    program = nginx.find()
    assert program is not None, nginx.MISSING
    copied = copy_of_the_shipped(tmp_path)
    text = (SHIPPED / "site.conf").read_text()
    for shipped, ours in (
        ("/etc/nginx/broadsheet", str(copied)),
        ("/etc/ssl/www.example.com", str(certificate)),
        ("/var/cache/nginx", str(tmp_path)),
        ("listen 443", f"listen {free_port()}"),
        ("listen 80", f"listen {free_port()}"),
        ("listen [::]:443", f"listen [::]:{free_port()}"),
        ("listen [::]:80", f"listen [::]:{free_port()}"),
    ):
        assert shipped in text
        text = text.replace(shipped, ours)
    (tmp_path / "site.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; include {tmp_path}/site.conf; }}\n"
    )

    said = subprocess.run(
        [program, "-t", "-c", str(tmp_path / "nginx.conf")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr
