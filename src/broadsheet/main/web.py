"""Django, set up for serving, and the errands that a gate may send it on."""

from __future__ import annotations

import gc
import os
from typing import cast

from django.core.asgi import get_asgi_application

from broadsheet.gate.alone import Errands
from broadsheet.gate.asgi import App

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.main.settings")
django = cast(App, get_asgi_application())

from broadsheet.front.web import listings, moved, pressing  # noqa: E402  After Django's set-up.
from broadsheet.gate.house import minting  # noqa: E402
from broadsheet.gate.house.minting import keyring as keyring  # noqa: E402
from broadsheet.gate.house.threads import in_gate_thread  # noqa: E402

errands = Errands(
    press=in_gate_thread(pressing.press_for_gate),
    press_listing=in_gate_thread(listings.press_for_gate),
    mint=in_gate_thread(minting.mint),
    claimed=in_gate_thread(moved.claimed),
)


def settle() -> None:
    """
    Say that all is loaded. It stays for ever, so the collector need not look through all
    of Django again and again, a pause of tens of milliseconds in which no reader is answered.
    """
    gc.collect()
    gc.freeze()
