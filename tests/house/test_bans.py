"""Ruff's bans: what they forbid, planted in a file where it is forbidden."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUFF = str(Path(sys.executable).with_name("ruff"))
BANS = [
    ("TID251", "from datetime import datetime\n\nnow = datetime.now()\n"),
    ("TID251", "from datetime import date\n\ntoday = date.today()\n"),
    ("TID251", "import time\n\nnow = time.time()\n"),
    ("TID251", "from django.utils import timezone\n\nnow = timezone.now()\n"),
    ("TID251", "from django.db.models.signals import post_save\n\nprint(post_save)\n"),
    ("TID251", "from django.dispatch import receiver\n\nprint(receiver)\n"),
    ("PLC0415", "def late():\n    import json\n\n    return json\n"),
    ("DTZ001", "from datetime import datetime\n\nnaive = datetime(2026, 8, 3)\n"),
    ("PGH003", "x: int = 'a'  # type: ignore\n"),
    ("PGH004", "import os  # noqa\n"),
    ("RUF100", "x = 1  # noqa: PLC0415  no import is here\n"),
    ("C901", "def maze(n):\n" + "    if n:\n        n -= 1\n" * 8 + "    return n\n"),
]


def codes(text: str, name: str) -> list[str]:
    done = subprocess.run(
        [RUFF, "check", "--output-format=json", f"--stdin-filename={name}", "-"],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return [fault["code"] for fault in json.loads(done.stdout)]


@pytest.mark.parametrize(("code", "text"), BANS)
def test_a_ban_bites_in_the_house(code, text):
    assert code in codes(text, "src/broadsheet/business/planted.py")


def test_the_clock_itself_may_look_at_the_wall():
    text = "import time\n\nnow = time.time()\n"
    assert codes(text, "src/broadsheet/kit/clock.py") == []
