"""
The gate in processes of its own, and what lies between them and the web processes.

It promises that an application behind such a gate sees each request as if it had come
straight to it: spelled as it was, from whom it came. It refuses to import Django, to
hold a whole body in memory, and to believe a word about a request that does not carry
the gates' own token.
"""

from __future__ import annotations

from .backroom import Backroom as Backroom
from .errands import Errands as Errands
from .errands import remote as remote
from .proxy import Proxy as Proxy
