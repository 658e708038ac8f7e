"""Pictures come from where the engineer allows, and are pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from broadsheet.news.archive import actions
from broadsheet.news.archive.actions import fetch
from broadsheet.news.newsroom.models import Picture, Story

from .conftest import item, meta, picture

LOOPBACK = "127.0.0.1"


class _Server(BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        answers = {
            "/wp-content/uploads/good.jpg": (200, "image/jpeg", picture()),
            "/wp-content/uploads/page.jpg": (200, "text/html", b"<p>Log in</p>"),
            "/wp-content/uploads/lie.jpg": (200, "image/jpeg", b"<p>Log in</p>"),
            "/wp-content/uploads/half.jpg": (200, "image/jpeg", picture()[:400]),
            "/wp-content/uploads/huge.jpg": (200, "image/jpeg", b"x" * 4096),
        }
        status, kind, content = answers.get(self.path, (404, "text/plain", b""))
        if self.path.endswith("/moved.jpg"):
            status, kind, content = 302, "text/plain", b""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if status == 302:
            self.send_header("Location", "/wp-content/uploads/good.jpg")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    _Server.asked.clear()
    httpd = ThreadingHTTPServer((LOOPBACK, 0), _Server)
    thread = Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://{LOOPBACK}:{httpd.server_port}/wp-content/uploads"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def _web(*allowed: str) -> fetch.Find:
    return fetch.finder(folder=None, allowed_hosts=frozenset(allowed))


def test_a_picture_is_fetched_through_a_redirect(server: str) -> None:
    found = _web(LOOPBACK)(f"{server}/moved.jpg", "")
    assert found == fetch.Found(picture(), "good.jpg")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/a.jpg", "127.0.0.1 is a private address"),
        ("http://10.0.0.8/a.jpg", "10.0.0.8 is a private address"),
        ("http://[::1]/a.jpg", "::1 is a private address"),
        ("http://169.254.169.254/latest/", "169.254.169.254 is a private address"),
        ("http://localhost/a.jpg", "localhost is a private address"),
        ("http://2130706433/a.jpg", "2130706433 is a private address"),
        ("file:///etc/passwd", "its address is no web address"),
        ("ftp://x.in/a.jpg", "its address is no web address"),
    ],
)
def test_a_private_address_is_not_asked(url: str, reason: str) -> None:
    with pytest.raises(fetch.NoPicture) as refused:
        _web()(url, "")
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none.jpg", "the server answered 404"),
        ("page.jpg", "the server answered with something else"),
    ],
)
def test_what_is_no_picture_is_not_taken(server: str, name: str, reason: str) -> None:
    with pytest.raises(fetch.NoPicture) as refused:
        _web(LOOPBACK)(f"{server}/{name}", "")
    assert str(refused.value) == reason


def test_a_picture_has_a_largest_size(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "LARGEST", 4095)
    with pytest.raises(fetch.NoPicture, match="it is larger than"):
        _web(LOOPBACK)(f"{server}/huge.jpg", "")


def test_a_dead_host_is_left_alone_after_three_times() -> None:
    find = _web(LOOPBACK)
    reasons = []
    for _ in range(4):
        with pytest.raises(fetch.NoPicture) as refused:
            find(f"http://{LOOPBACK}:9/a.jpg", "")
        reasons.append(str(refused.value))
    assert reasons == ["127.0.0.1 cannot be reached"] * 3 + [
        "127.0.0.1 did not answer before"
    ]


def test_a_path_cannot_climb_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "secret.jpg").write_bytes(picture())
    folder = fetch.Folder(tmp_path / "uploads")
    for path in ("../secret.jpg", str(tmp_path / "secret.jpg")):
        with pytest.raises(fetch.NoPicture, match="it is not in the folder"):
            folder.find("http://x.in/wp-content/uploads/%2e%2e/secret.jpg", path)


@pytest.mark.usefixtures("house")
def test_an_import_fetches_each_picture_once_and_tells_of_failures(
    server: str, export: Callable[..., Path], at: object
) -> None:
    names = ("good", "good-300x200", "lie", "half")
    images = "".join(f'<img src="{server}/{name}.jpg" alt="{name}">' for name in names)
    attachment = (
        f"<wp:attachment_url>{server}/good.jpg</wp:attachment_url>"
        f"{meta('_wp_attachment_image_alt', 'A good one')}"
    )
    path = export(
        item(1, content=images),
        item(
            2, content=f'<img src="{server}/good.jpg">', more=meta("_thumbnail_id", "9")
        ),
        item(9, kind="attachment", status="inherit", more=attachment),
    )
    options = actions.Options(allowed_hosts=frozenset({LOOPBACK}))
    report = actions.bring_in([path], options, at=at)  # type: ignore[arg-type]
    assert sorted(_Server.asked) == [
        f"/wp-content/uploads/{name}.jpg" for name in ("good", "half", "lie")
    ]
    broken = "it is no picture, or a broken one"
    assert [(note.id, note.reason) for note in report.notes()] == [
        (1, f"without the picture {server}/lie.jpg: {broken}"),
        (1, f"without the picture {server}/half.jpg: {broken}"),
    ]
    (kept,) = Picture.objects.all()
    assert Story.objects.get(origin_id="2").picture_id == kept.pk
    _Server.asked.clear()
    again = actions.bring_in([path], options, at=at)  # type: ignore[arg-type]
    assert again.nothing_changed
    assert "/wp-content/uploads/good.jpg" not in _Server.asked
