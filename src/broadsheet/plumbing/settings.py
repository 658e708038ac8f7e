"""
The few settings an engineer gives, typed, read once. What a publisher chooses is a
row edited at the desk, not a setting.

No Django here: the gate's own processes read the same settings.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from . import meter_address
from .meter_address import MeterAddress

PREFIX = "BROADSHEET_"
SHORTEST_KEY = 32
Network = IPv4Network | IPv6Network


class BadSetting(Exception):
    """A setting cannot be used. The message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is read from `BROADSHEET_<NAME>`; docs/operating/settings.md lists them."""

    origin: str
    var: Path
    secret: str
    smtp_url: str
    gateway_url: str
    gateway_secret: str
    meter_url: MeterAddress | None  # None: the meter is in PostgreSQL.
    metrics_token: str  # Empty: only a caller on this machine reads /metrics.
    trusted_proxies: tuple[Network, ...]  # Whose X-Forwarded-For is believed.
    edge_keys: tuple[str, ...]  # Whoever shows one may ask for decisions over HTTP.
    token_audiences: tuple[str, ...]  # Partners for whom a reader may have a token.
    debug: bool
    database_url: str | None  # From DATABASE_URL, without our prefix, as hosts set it.

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or "127.0.0.1"


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """
    Return the settings in `environ`. Raise `BadSetting` on an unknown or unusable one.
    This function will make the folder `var` and, the first time, a secret in it.
    """
    known = {PREFIX + field.name.upper() for field in fields(Settings)}
    known.remove(PREFIX + "DATABASE_URL")
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            raise BadSetting(
                f"{name} is not a setting; the known ones are {', '.join(sorted(known))}."
            )
    port = environ.get("PORT", "8000")
    var = _folder(environ.get(PREFIX + "VAR", "var"))
    return Settings(
        origin=_address(
            "ORIGIN", environ, f"http://127.0.0.1:{port}", ("http", "https")
        ),
        var=var,
        secret=environ.get(PREFIX + "SECRET") or _kept_secret(var / "secret"),
        smtp_url=_address(
            "SMTP_URL", environ, "smtp://127.0.0.1:8025", ("smtp", "smtps")
        ),
        gateway_url=_address(
            "GATEWAY_URL", environ, "http://127.0.0.1:8090", ("http", "https")
        ),
        gateway_secret=environ.get(PREFIX + "GATEWAY_SECRET")
        or _kept_secret(var / "gateway-secret"),
        meter_url=_meter(environ.get(PREFIX + "METER_URL", "")),
        metrics_token=environ.get(PREFIX + "METRICS_TOKEN", ""),
        trusted_proxies=_networks("TRUSTED_PROXIES", environ),
        edge_keys=_edge_keys(environ),
        token_audiences=_words("TOKEN_AUDIENCES", environ),
        debug=_yes_or_no("DEBUG", environ),
        database_url=environ.get("DATABASE_URL") or None,
    )


def _address(
    name: str, environ: Mapping[str, str], default: str, schemes: tuple[str, ...]
) -> str:
    value = environ.get(PREFIX + name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname:
        raise BadSetting(
            f"{PREFIX}{name} is {value!r}; give an address such as {default}."
        )
    return value


def _meter(value: str) -> MeterAddress | None:
    """Return where the meter is. A refusal never repeats the value: it has a password."""
    if not value:
        return None
    try:
        return meter_address.parse(value)
    except meter_address.BadAddress as error:
        raise BadSetting(
            f"{PREFIX}METER_URL cannot be used, because {error}; give an address such "
            f"as valkey://127.0.0.1:6379/0, or for a cluster "
            f"valkey+cluster://10.0.0.1:6379,10.0.0.2:6379."
        ) from error


def _yes_or_no(name: str, environ: Mapping[str, str]) -> bool:
    value = environ.get(PREFIX + name, "0")
    if value not in ("0", "1"):
        raise BadSetting(f"{PREFIX}{name} is {value!r}; give 0 or 1.")
    return value == "1"


def _edge_keys(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keys. A refusal never repeats one, not even a bad one."""
    keys = _words("EDGE_KEYS", environ)
    if any(len(key) < SHORTEST_KEY or not key.isascii() for key in keys):
        raise BadSetting(
            f"{PREFIX}EDGE_KEYS holds a key that is too short or not plain; give random "
            f"ones of at least {SHORTEST_KEY} letters and digits, with commas between."
        )
    return keys


def _words(name: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    value = environ.get(PREFIX + name, "")
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _networks(name: str, environ: Mapping[str, str]) -> tuple[Network, ...]:
    value = environ.get(PREFIX + name, "")
    try:
        return tuple(ip_network(part.strip()) for part in value.split(",") if part)
    except ValueError as error:
        raise BadSetting(
            f"{PREFIX}{name} is {value!r}; give addresses or networks with commas "
            f"between them, such as 127.0.0.1,10.0.0.0/8."
        ) from error


def _folder(value: str) -> Path:
    path = Path(value).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(
            f"{PREFIX}VAR is {value!r}, which cannot be used as a folder "
            f"({error.strerror}); give one that this user may write to."
        ) from error
    return path


def _kept_secret(path: Path) -> str:
    """Return the secret kept at `path`, made now if this is the first time."""
    try:
        with open(path, "x", opener=_private) as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    except OSError as error:
        raise BadSetting(
            f"{path} cannot be written ({error.strerror}); make the folder writable "
            f"or set the secret in the environment."
        ) from error
    return path.read_text().strip()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
