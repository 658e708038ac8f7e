"""The demo's logins, as `broadsheet run` prints them. No secret: the demo is a toy."""

from __future__ import annotations

from typing import NamedTuple


class Login(NamedTuple):
    email: str
    password: str
    name: str
    who: str


EDITOR = Login("editor@demo.example", "desk", "Meera Nair", "edits and publishes")
CIRCULATION = Login(
    "circulation@demo.example", "desk", "Arjun Rao", "plans, prices, the gate"
)
REPORTER = Login(
    "reporter@demo.example", "desk", "Imran Qadri", "files and submits stories"
)
SUB_EDITOR = Login(
    "subeditor@demo.example", "desk", "Leela Varghese", "reads, corrects, publishes"
)
SUPPORT = Login(
    "support@demo.example", "desk", "Farah Khan", "helps readers; names are masked"
)
FINANCE = Login("finance@demo.example", "desk", "Dinesh Shah", "refunds and the books")
AUDITOR = Login(
    "auditor@demo.example", "desk", "Rukmini Das", "reads all, moves nothing"
)
READER = Login(
    "reader@demo.example", "reader", "Kavya Iyer", "a registered reader, no plan"
)
LOGINS = (
    EDITOR,
    SUB_EDITOR,
    REPORTER,
    CIRCULATION,
    SUPPORT,
    FINANCE,
    AUDITOR,
    READER,
)
