"""
The processes of one machine: started together, watched, started again when they die,
and stopped in order. No Django here, and no thread: one loop over a few children.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import IO

from broadsheet.kit.clock import steady

BACK_OFF = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
HEALTHY_AFTER = 60.0  # A child that has lived so long starts its back-off afresh.
GRACE = 4.0  # Seconds that a child may take to finish what it does.
LOG_MAX = 10_000_000
PR_SET_PDEATHSIG = 1

Say = Callable[[str], None]


@dataclass(slots=True)
class Child:
    """
    One process. `stage` says when it is stopped: the lowest first. Without a `log` it
    says what it says where we do.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None = None
    stage: int = 0
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    deaths: int = 0
    due: float | None = field(default=None)  # When to start it again.

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


def start(child: Child) -> None:
    """Start the child in a session of its own, its words going to its log."""
    if child.log is None:
        child.process = _popen(child, None)
    else:
        if child.log.exists() and child.log.stat().st_size > LOG_MAX:
            child.log.replace(child.log.with_suffix(".log.1"))
        with child.log.open("ab") as log:
            child.process = _popen(child, log)
    child.born, child.due = steady(), None


def _popen(child: Child, log: IO[bytes] | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  Our own programs, no shell.
        child.command,
        env=dict(child.environment),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        # Ctrl-C reaches only us, so that we may stop them in order.
        start_new_session=True,
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )


def _die_with_parent() -> None:
    """Ask the kernel to end this child gracefully if the supervisor is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def tend(children: Sequence[Child], say: Say) -> None:
    """Look at each child once: note a death, and start again what is due."""
    for child in children:
        if child.alive:
            continue
        if child.due is None:
            _note_death(child, say)
        elif steady() >= child.due:
            start(child)


def _note_death(child: Child, say: Say) -> None:
    if steady() - child.born > HEALTHY_AFTER:
        child.deaths = 0
    wait = BACK_OFF[min(child.deaths, len(BACK_OFF) - 1)]
    child.deaths += 1
    child.due = steady() + wait
    code = child.process.returncode if child.process else 0
    said = "" if child.log is None else f" It said why in {child.log}."
    say(f"{child.name} stopped (exit {code}); starting it again in {wait:.0f} s.{said}")


def stop(children: Sequence[Child]) -> None:
    """Stop all, stage by stage; whoever takes longer than `GRACE` is killed."""
    for stage in sorted({child.stage for child in children}):
        group = [child for child in children if child.stage == stage and child.alive]
        for child in group:
            _signal(child, signal.SIGTERM)
        deadline = steady() + GRACE
        while any(child.alive for child in group) and steady() < deadline:
            sleep(0.05)
        for child in group:
            # Its whole session: a web server's workers must not outlive it.
            _signal(child, signal.SIGKILL, whole_session=True)
            if child.process is not None:
                child.process.wait()


def _signal(child: Child, number: int, *, whole_session: bool = False) -> None:
    if child.process is None:
        return
    try:
        (os.killpg if whole_session else os.kill)(child.process.pid, number)
    except ProcessLookupError:
        pass  # It went by itself.
