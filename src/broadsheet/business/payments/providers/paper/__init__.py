"""The sandbox gateway of `src/paper_gateway`, reached over HTTP like any other."""

from __future__ import annotations

from .client import Paper

provider = Paper()
