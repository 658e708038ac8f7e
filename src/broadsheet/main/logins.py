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
    "circulation@demo.example", "desk", "Arjun Rao", "plans, prices, subscribers"
)
READER = Login(
    "reader@demo.example", "reader", "Kavya Iyer", "a registered reader, no plan"
)
LOGINS = (EDITOR, CIRCULATION, READER)
