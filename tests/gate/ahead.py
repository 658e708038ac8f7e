"""A gate process without stories: `granian tests.gate.ahead:application`."""

from __future__ import annotations

import os

from broadsheet.gate.alone import Proxy
from tests.gate.behind import TOKEN

application = Proxy(
    os.environ["WEB_SOCKET"], TOKEN, (("x-content-type-options", "nosniff"),)
)
