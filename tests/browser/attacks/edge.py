"""The real nginx with `deploy/nginx`, its paths and ports replaced, before a site."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.site import EDGE_ADDRESS, EDGE_KEY, ROOT, RunningSite, free_port
from tools import nginx

SHIPPED = ROOT / "deploy" / "nginx"
# What stands around the shipped files: no TLS, our ports, and limits that a test of
# thousands of requests from one address does not meet.
_AROUND = """
user root; daemon off; worker_processes 2; pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  types {{ text/html html; text/css css; text/javascript js; font/woff2 woff2; }}
  default_type application/octet-stream;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  map "" $paper_host {{ default 127.0.0.1:{port}; }}
  map "" $paper_var {{ default {var}; }}
  include {folder}/broadsheet/key.conf;
  upstream broadsheet {{ server 127.0.0.1:{site}; keepalive 64; }}
  proxy_bind {address};
  proxy_cache_path {folder}/cache levels=1:2 keys_zone=broadsheet:5m inactive=1h
                   use_temp_path=off;
  limit_req_zone $binary_remote_addr zone=paper:1m rate=10000r/s;
  limit_req_zone $binary_remote_addr zone=logins:1m rate=10000r/s;
  limit_conn_zone $binary_remote_addr zone=lines:1m;
  include {folder}/broadsheet/http.conf;
  server {{
    listen 127.0.0.1:{port};
    server_name 127.0.0.1;
    set $hsts "";
    include {folder}/broadsheet/server.conf;
  }}
  server {{ listen 127.0.0.1:{port} default_server; server_name _; return 421; }}
}}
"""


class Edge:
    def __init__(self, origin: str, folder: Path) -> None:
        self.origin, self.folder = origin, folder

    def kept(self) -> list[bytes]:
        """Return all files that are in the cache, headers and all."""
        files = (self.folder / "cache").rglob("*")
        return [path.read_bytes() for path in files if path.is_file()]

    def complaints(self) -> str:
        return (self.folder / "error.log").read_text()


@contextmanager
def nginx_before(site: RunningSite, folder: Path) -> Iterator[Edge]:
    """Start nginx in `folder`, and stop it by its number."""
    program = nginx.find()
    assert program is not None, nginx.MISSING
    copy_of_the_shipped(folder)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        _AROUND.format(
            folder=folder,
            port=port,
            site=urlsplit(site.origin).port,
            var=site.var,
            address=EDGE_ADDRESS,
        )
    )
    command = [program, "-e", str(folder / "error.log"), "-c", str(config)]
    process = subprocess.Popen(command)
    origin = f"http://127.0.0.1:{port}"
    try:
        _wait_for(origin, process)
        yield Edge(origin, folder)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def copy_of_the_shipped(folder: Path) -> Path:
    """Copy the shipped files into `folder`, including each other from there."""
    copied = folder / "broadsheet"
    shutil.copytree(SHIPPED / "broadsheet", copied)
    for path in copied.glob("*.conf"):
        path.write_text(path.read_text().replace("/etc/nginx/broadsheet", str(copied)))
    (copied / "key.conf").write_text(f'map "" $edge_key {{ default "{EDGE_KEY}"; }}\n')
    return copied


def _wait_for(origin: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "nginx did not start; its error log says why."
        try:
            urllib.request.urlopen(origin + "/healthz", timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("nginx was not up in ten seconds.")
