"""
The rules for crawlers as crawlers read them: robots.txt (RFC 9309) and RSL 1.0.

Both say what the gate does, out of the same rows, so they cannot promise otherwise. A
rule for a single crawler is in robots.txt; a bargain with one is nobody else's terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from .known import KNOWN, UNKNOWN
from .vocabulary import Action, Kind, Policy, Visitant

RSL = "https://rslstandard.org/rsl"
RSL_TYPE = "application/rsl+xml"

# What each kind does with a story, in RSL's words. Archives and previews have none.
_USAGES = {
    Kind.SEARCH: "search",
    Kind.AI_SEARCH: "ai-index",
    Kind.AGENT: "ai-input",
    Kind.TRAINING: "ai-train",
}


@dataclass(frozen=True, slots=True)
class Licence:
    """What may be done, what not, and what one story then costs (nothing: None)."""

    permits: tuple[str, ...] = ()
    prohibits: tuple[str, ...] = ()
    price: Decimal | None = None
    currency: str = ""


def licences(policy: Policy) -> tuple[Licence, ...]:
    """Return the terms for everybody: what is free and what forbidden, then by price."""
    free: list[str] = []
    forbidden: list[str] = []
    priced: list[Licence] = []
    for kind, usage in _USAGES.items():
        rule = policy.rule(Visitant("", kind))
        if rule.action is Action.LICENCE:
            priced.append(Licence((usage,), (), rule.price, rule.currency))
        elif rule.action is Action.REFUSE:
            forbidden.append(usage)
        else:
            free.append(usage)
    first = (Licence(tuple(free), tuple(forbidden)),) if free or forbidden else ()
    return (*first, *priced)


def rsl(policy: Policy, *, publisher: str, home: str) -> str:
    """Return the RSL document for the whole site."""
    body = licences_xml(policy)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<rsl xmlns="{RSL}" max-age="1">\n<content url="/">\n{body}'
        f'<copyright type="organization" contactUrl={quoteattr(home)}>'
        f"{escape(publisher)}</copyright>\n</content>\n</rsl>\n"
    )


def licences_xml(policy: Policy, prefix: str = "") -> str:
    """Return the `<license>` elements; within another vocabulary, with a prefix."""
    return "".join(_licence_xml(one, prefix) for one in licences(policy))


def _licence_xml(licence: Licence, prefix: str) -> str:
    parts = [
        f'<{prefix}{name} type="usage">{" ".join(usages)}</{prefix}{name}>\n'
        for name, usages in (
            ("permits", licence.permits),
            ("prohibits", licence.prohibits),
        )
        if usages
    ]
    if licence.price is not None:
        currency = quoteattr(licence.currency)
        parts.append(
            f'<{prefix}payment type="crawl"><{prefix}amount currency={currency}>'
            f"{licence.price}</{prefix}amount></{prefix}payment>\n"
        )
    return f"<{prefix}license>\n{''.join(parts)}</{prefix}license>\n"


def robots_txt(policy: Policy, *, terms: str, closed: Sequence[str]) -> str:
    """
    Return robots.txt. `terms` is the absolute address of the RSL document, which goes
    before every group because it holds for all; `closed` are paths no machine needs.
    """
    refused = [one.token for one in KNOWN if _refused(policy, one.name, one.kind)]
    welcome = [one.token for one in KNOWN if one.token not in refused]
    # A crawler that finds a group of its own does not read the one for all.
    groups = [_group(["*"], closed), _group(refused, ["/"])]
    if _refused(policy, UNKNOWN, Kind.UNKNOWN):
        groups = [_group(welcome, closed), _group(["*"], ["/"])]
    return "\n".join([f"License: {terms}\n", *filter(None, groups)])


def _refused(policy: Policy, name: str, kind: Kind) -> bool:
    return policy.rule(Visitant(name, kind)).action is Action.REFUSE


def _group(agents: Iterable[str], closed: Sequence[str]) -> str:
    lines = [f"User-agent: {agent}" for agent in agents]
    if not lines:
        return ""
    return "\n".join([*lines, *(f"Disallow: {path}" for path in closed), ""])
