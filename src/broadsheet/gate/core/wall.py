"""
The wall's texts: plain sentences with variables, written at the desk.

On the page that we measure ourselves against, readers once saw the bare words
`{{free_limit}}`. Here an unknown variable is refused when the text is saved, and what
is rendered can hold no `{{` at all, whatever the values are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# What each variable is, in the words of the desk's help text.
VARIABLES: Mapping[str, str] = {
    "free_limit": "free stories in a period, for the reader at the wall",
    "price": "the price of the plan that is offered first",
    "plan": "the name of that plan",
    "term": "how long that plan runs, such as “for 2 years”",
    "per_month": "what that plan comes to a month",
    "section": "the section of the story",
    "pool": "which free stories are meant, such as “Opinion”; nothing for the shared ones",
}

# Three variables are known only when a reader stands at the wall. In furniture, which
# is filed once for all stories, they stay open under the gate's own names for them.
_FILLED_BY_THE_GATE = {
    "free_limit": "{{limit}}",
    "section": "{{section}}",
    "pool": "{{pool}}",
}

_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_SPACED_POOL = re.compile(r" \{\{\s*pool\s*\}\}")


class BadTemplate(Exception):
    """A wall text cannot be used. The message is one sentence for the editor."""


class UnknownVariable(BadTemplate):
    def __init__(self, name: str) -> None:
        known = ", ".join(f"{{{{{each}}}}}" for each in VARIABLES)
        super().__init__(
            f"{{{{{name}}}}} is not a variable of the wall; use one of {known}."
        )
        self.name = name


class UnclosedVariable(BadTemplate):
    def __init__(self) -> None:
        super().__init__(
            "A variable is opened or closed only once; write it as {{free_limit}}."
        )


def check(template: str) -> None:
    """Raise `BadTemplate` if a reader could be shown anything but finished words."""
    for name in _VARIABLE.findall(template):
        if name not in VARIABLES:
            raise UnknownVariable(name)
    rest = _VARIABLE.sub("", template)
    if "{{" in rest or "}}" in rest:
        raise UnclosedVariable


def render(template: str, values: Mapping[str, str]) -> str:
    """
    Return the finished text. A variable without a value becomes nothing; so does the
    space before the shared pool's name, which is empty.
    """
    if not values.get("pool"):
        template = _SPACED_POOL.sub("", template)
    return _without_braces(
        _VARIABLE.sub(lambda found: values.get(found[1], ""), template)
    )


def render_for_furniture(template: str, values: Mapping[str, str]) -> str:
    """
    Return the text for a piece of furniture: finished, but for `{{limit}}`,
    `{{section}}` and `{{pool}}`, which the gate fills at each view.
    """
    finished, words = [], ""
    for place, part in enumerate(_VARIABLE.split(template)):
        if place % 2 == 0:
            words += part
        elif part in _FILLED_BY_THE_GATE:
            finished += [_without_braces(words), _FILLED_BY_THE_GATE[part]]
            words = ""
        else:
            words += values.get(part, "")
    return "".join([*finished, _without_braces(words)])


def _without_braces(text: str) -> str:
    # A value may itself hold braces, or meet one at its edge: take out every pair.
    while "{{" in text or "}}" in text:
        text = text.replace("{{", "{").replace("}}", "}")
    return text
