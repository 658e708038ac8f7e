"""
The gate as an ASGI application in front of another.

It promises to answer every story's GET and HEAD from memory, deciding on the resolved
story and never on the spelling of its address, and to send everything else on as it
came. It refuses to import Django, and to send one byte of a body that was not decided.
"""

from __future__ import annotations

from .dns import SystemDns as SystemDns
from .doorman import Doorman as Doorman
from .edge import Terms as Terms
from .gate import Gate as Gate
from .memory import Room as Room
from .memory import Tally as Tally
from .recorder import Recorder as Recorder
from .request import App as App
from .walls import Walls as Walls
