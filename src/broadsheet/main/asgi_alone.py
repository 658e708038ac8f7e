"""
The application of a gate process: stories from memory, all else to the web processes.
It must never import Django, by however long a chain; a contract and a test see to it.
"""

from __future__ import annotations

import gc
import logging.config
import os

from broadsheet.gate.alone import Proxy, hop, remote
from broadsheet.gate.asgi.reply import body_message, start_message
from broadsheet.gate.asgi.request import Receive, Scope, Send
from broadsheet.gate.core.passes import Keyring
from broadsheet.main import gatehouse, serving
from broadsheet.plumbing import logs
from broadsheet.plumbing.settings import BadSetting, read

logs.configure()
logging.config.dictConfig(logs.LOGGING)
_settings, _socket = read(), os.environ[serving.WEB_SOCKET]
if _settings.database_url is None:
    raise BadSetting("A gate process is given DATABASE_URL by `broadsheet serve`.")
_token = hop.token_of(_settings.secret)
_proxy = Proxy(_socket, _token, gatehouse.headers(_settings))


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer for this process; all else is the web processes'."""
    if scope["type"] == "http" and scope["path"] == "/healthz":
        await send(start_message(200, [(b"content-type", b"text/plain")]))
        await send(body_message(b"ok\n"))
    else:
        await _proxy(scope, receive, send)


application = gatehouse.build(
    behind,
    _settings,
    database=_settings.database_url,
    errands=remote(_socket, _token),
    keyring=Keyring.of(_settings.secret),
)
gc.collect()
gc.freeze()
