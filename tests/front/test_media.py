from __future__ import annotations

import pytest
from django.test import Client

PIXEL = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"


@pytest.fixture
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        },
    }
    return tmp_path


@pytest.mark.django_db
def test_a_picture_is_shown_and_kept_for_a_year(folder):
    (folder / "dot.gif").write_bytes(PIXEL)
    response = Client().get("/media/dot.gif")
    assert response.status_code == 200
    assert response["Content-Type"] == "image/gif"
    assert response["Content-Disposition"].startswith("inline")
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["page.html", "picture.svg", "run.js", "paper.pdf"])
def test_whatever_could_run_is_a_file_to_be_saved(folder, name):
    (folder / name).write_text("<script>alert(1)</script>")
    response = Client().get(f"/media/{name}")
    assert response.status_code == 200
    assert response["Content-Disposition"] == "attachment"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [("", 404), ("folder/", 404), ("none.gif", 404), ("../secret", 400)],
)
def test_nothing_else_of_the_disk_is_served(folder, path, status):
    (folder / "folder").mkdir()
    (folder.parent / "secret").write_text("secret")
    response = Client().get(f"/media/{path}")
    assert response.status_code == status
    assert b"secret" not in response.content
