"""For what the gate calls in threads of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")


def in_gate_thread(verb: Callable[P, R]) -> Callable[P, R]:
    """
    Return `verb`, giving its database connection back when it is done: no request ends
    in the gate's threads, so Django would keep it out of the pool for ever.
    """

    @wraps(verb)
    def lent(*args: P.args, **kwargs: P.kwargs) -> R:
        close_old_connections()
        try:
            return verb(*args, **kwargs)
        finally:
            close_old_connections()

    return lent
