"""A reader without a browser: her cookies in plain sight, and addresses as spelled."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from urllib.parse import urlencode

import httpx

from tests.site import RunningSite

DEVICE = "__Host-broadsheet-device"
PASS = "__Host-broadsheet-pass"
SESSION = "__Host-broadsheet-session"
FORM = "application/x-www-form-urlencoded"
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Client:
    """Keeps cookies as a browser would, which httpx does not over plain HTTP."""

    def __init__(self, origin: str, cookies: Mapping[str, str] | None = None) -> None:
        self.origin = origin
        self.cookies = dict(cookies or {})
        self._http = httpx.Client(base_url=origin, timeout=30)

    def get(self, path: str, **headers: str) -> httpx.Response:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.send("GET", path, headers=named)

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: str | None = None,
    ) -> httpx.Response:
        sent = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        said = {**sent, **(headers or {})}
        try:
            reply = self._http.request(method, path, headers=said, content=content)
        except httpx.ReadError:  # nginx had closed a line that it had kept long enough.
            if method not in ("GET", "HEAD"):
                raise
            reply = self._http.request(method, path, headers=said, content=content)
        for line in reply.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if value in ("", '""') or "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return reply

    def read(self, path: str) -> httpx.Response:
        """Open a page as a browser does: with the round trip for the cookie."""
        reply = self.get(path)
        if reply.status_code == 302:
            reply = self.get(reply.headers["location"])
        return reply

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send the form of the page at `path`, with its hidden fields."""
        page = self.get(path).text
        hidden = dict(_HIDDEN.findall(page))
        token = _TOKEN.search(page)
        assert token is not None, page[:500]
        values = {**hidden, "csrfmiddlewaretoken": token[1], **fields}
        headers = {"Content-Type": FORM, "Origin": self.origin}
        target = path.partition("?")[0]
        return self.send("POST", target, headers=headers, content=urlencode(values))

    def log_in(self, site: RunningSite, email: str) -> None:
        """Join or come in by the code in the mail, over whatever login there is."""
        earlier = len(site.mails(email))
        self.post("/accounts/signup/?next=/desk/", email=email)
        code = site.code(email, after=earlier)
        reply = self.post("/accounts/code/", code=code)
        assert reply.status_code == 302, reply.text
        assert SESSION in self.cookies

    def log_out(self) -> None:
        assert self.post("/accounts/logout/").status_code == 302
        assert PASS not in self.cookies


def whole(reply: httpx.Response) -> bool:
    """Test if a reply is a story's page without a wall."""
    return (
        reply.status_code == 200
        and "<article" in reply.text
        and 'class="wall' not in reply.text
    )


def metered(client: Client, count: int) -> list[str]:
    """Return the paths of the newest metered stories."""
    listed = client.get("/api/v1/stories?limit=50").json()["stories"]
    paths = [story["path"] for story in listed if story["access"] == "metered"]
    assert len(paths) >= count
    return paths[:count]


def in_the_house(site: RunningSite, code: str) -> str:
    """Run Python in the site's own environment, and return what it printed."""
    opened = "from broadsheet.main.cli.house import open_house\nopen_house()\n"
    done = subprocess.run(
        [sys.executable, "-c", opened + code],
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
