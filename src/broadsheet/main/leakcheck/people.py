"""
Readers of our own making, of the kinds that take a database: with a session, a grant,
a pass that was good a moment ago. They are taken away again with their meters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import get_user_model

from broadsheet.gate.core import passes
from broadsheet.gate.house import actions as gate
from broadsheet.gate.house import minting
from broadsheet.readers import actions as readers

from . import kinds
from .kinds import Kind, cookie
from .wire import Wire

SOURCE = "leakcheck"
LONG = timedelta(days=40)
NAMES = ("registered", "subscriber", "lapsed", "refunded", "logged-out", "other")
OTHER_FEATURES = ("adfree", "archive", "epaper")


class People:
    """Made one after another, with their devices; `leave` takes all of them away."""

    def __init__(self, wire: Wire, but: Sequence[int], at: datetime) -> None:
        self._wire, self._but, self._at = wire, but, at
        self._devices: list[str] = []
        self.giver: UUID | None = None

    def subscriber(self) -> Kind:
        """Return who may read everything that a subscription opens."""
        reader = self._join("subscriber")
        self.giver = reader.public_id
        self._admit(reader, "news", self._at - LONG, self._at + LONG)
        return Kind("subscriber", (self._cookies(reader),))

    def without_the_right(self) -> Iterator[Kind]:
        """Yield readers who are metered out, each for another reason."""
        device = self._device()
        yield self._spent("metered out", cookie(device=device))
        yield self._spent("registered, out", self._cookies(self._join("registered")))
        yield self._spent("lapsed", self._lapsed())
        yield self._spent("refunded", self._refunded())
        yield self._spent("logged out", self._logged_out())
        yield self._spent("of other features", self._of_other_features())

    def leave(self) -> None:
        for name in NAMES:
            for feature in ("news", *OTHER_FEATURES):
                gate.dismiss(
                    source=SOURCE,
                    reference=f"{name} {feature}",
                    ends=self._at - LONG,
                    at=self._at,
                )
            self._remove(name)
        for device in self._devices:
            carried = passes.read_device(minting.keyring(), device, self._at)
            if carried is not None:
                gate.erase(carried.identity, at=self._at)

    # --- Each of them -----------------------------------------------------------------

    def _lapsed(self) -> str:
        reader = self._join("lapsed")
        self._admit(reader, "news", self._at - LONG, self._at - timedelta(seconds=1))
        return self._cookies(reader)

    def _refunded(self) -> str:
        """Return the session, and the pass that was minted while the right held."""
        reader = self._join("refunded")
        self._admit(reader, "news", self._at - LONG, self._at + LONG)
        held = self._cookies(reader)
        gate.dismiss(
            source=SOURCE, reference="refunded news", ends=self._at, at=self._at
        )
        return held

    def _logged_out(self) -> str:
        """Return session, pass and device, all kept by who has logged out since."""
        reader = self._join("logged-out")
        self._admit(reader, "news", self._at - LONG, self._at + LONG)
        session = self._session(reader)
        held = cookie(
            session=session,
            reader=minting.token(reader.public_id, self._at),
            device=self._device(),
        )
        readers.end_this_session(reader=reader, session_key=session, at=self._at)
        return held

    def _of_other_features(self) -> str:
        reader = self._join("other")
        for feature in OTHER_FEATURES:
            self._admit(reader, feature, self._at - LONG, self._at + LONG)
        return self._cookies(reader)

    # --- What they are made of --------------------------------------------------------

    def _spent(self, name: str, cookies: str) -> Kind:
        kinds.spend(self._wire, [cookies], self._but)
        return Kind(name, (cookies,))

    def _device(self) -> str:
        self._devices.append(kinds.new_device(self._wire))
        return self._devices[-1]

    def _cookies(self, reader: Any) -> str:
        token = minting.token(reader.public_id, self._at)
        return cookie(session=self._session(reader), reader=token)

    def _admit(
        self, reader: Any, feature: str, starts: datetime, ends: datetime
    ) -> None:
        name = reader.email.partition("@")[0].removeprefix("leakcheck-")
        gate.admit(
            reader.public_id,
            feature=feature,
            starts=starts,
            ends=ends,
            source=SOURCE,
            reference=f"{name} {feature}",
            at=self._at,
        )

    def _join(self, name: str) -> Any:
        self._remove(name)
        people: Any = get_user_model()._default_manager
        return people.create_user(_address(name))

    def _remove(self, name: str) -> None:
        reader = get_user_model()._default_manager.filter(email=_address(name)).first()
        if reader is not None:
            readers.log_out_everywhere(reader=reader, at=self._at)
            gate.erase(reader.public_id, at=self._at)
            reader.delete()

    def _session(self, reader: Any) -> str:
        store = import_module(settings.SESSION_ENGINE).SessionStore()
        store[auth.SESSION_KEY] = str(reader.pk)
        store[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        store[auth.HASH_SESSION_KEY] = reader.get_session_auth_hash()
        store.save()
        key = str(store.session_key)
        readers.register_session(
            reader=reader, session_key=key, ip="127.0.0.1", user_agent="", at=self._at
        )
        return key


def _address(name: str) -> str:
    return f"leakcheck-{name}@leakcheck.example"
