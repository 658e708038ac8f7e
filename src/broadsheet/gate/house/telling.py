"""An explanation in plain sentences, for the desk and the command line alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from broadsheet.gate.core.cutting import Cut, Reader
from broadsheet.gate.core.explaining import Change, What
from broadsheet.gate.core.packing import pack
from broadsheet.gate.core.vocabulary import (
    NEWS,
    Decision,
    Policy,
    Proof,
    Reason,
    Standing,
    Verdict,
)

from .explaining import Explanation, Source

SHOWN = {
    Verdict.FULL: gettext_noop("the whole story"),
    Verdict.CUT: gettext_noop("the lead-in, and what it takes to read on"),
    Verdict.WALL: gettext_noop("the lead-in and the wall"),
    Verdict.LICENCE: gettext_noop("a price for a licence (402)"),
    Verdict.REFUSE: gettext_noop("nothing: the story is refused"),
}
# By the reason's own word, so that one that is new here is still told by it.
RULES = {
    "free": gettext_noop("The story is free for everybody."),
    "entitled": gettext_noop("A grant opens the story."),
    "counted": gettext_noop("It costs one of the free stories of this period."),
    "reread": gettext_noop("It was counted earlier in this period; again is free."),
    "unread": gettext_noop("It would cost a free story, and this view may not count."),
    "spent": gettext_noop("The free stories of this period are used up."),
    "cookies": gettext_noop("The browser brings no cookie, so nobody can be counted."),
    "premium": gettext_noop("Only a grant opens this story, and there is none."),
    "down-open": gettext_noop("The meter is out of reach; the policy opens the story."),
    "down-closed": gettext_noop(
        "The meter is out of reach; the policy closes the story."
    ),
    "pressed": gettext_noop("No reader at all: the page is being pressed."),
    "withdrawn": gettext_noop("The publisher has withdrawn the story."),
    "crawler": gettext_noop("The rule for this crawler says so."),
    "unproved": gettext_noop("The rule would open the story; the claim is not proved."),
    "register": gettext_noop("A new browser must sign up before it reads on."),
    "gift": gettext_noop("A subscriber has given this story away."),
}
IF = {
    What.SUBSCRIBED: gettext_noop("with a subscription (%(feature)s)"),
    What.LOGGED_IN: gettext_noop("logged in as a registered reader"),
    What.COOKIES: gettext_noop("if the browser kept cookies"),
    What.NO_COOKIES: gettext_noop("if the browser kept no cookies"),
    What.NO_GRANT: gettext_noop("without the grant"),
    What.NO_GIFT: gettext_noop("without the gift"),
    What.RESUMED: gettext_noop("from %(at)s on"),
    What.HIGHER_LIMIT: gettext_noop("with a limit of %(limit)s"),
    What.LOWER_LIMIT: gettext_noop("with a limit of %(limit)s"),
    What.FREE: gettext_noop("if the story were free"),
    What.METERED: gettext_noop("if the story were metered"),
    What.PREMIUM: gettext_noop("if the story were premium"),
    What.IN_PRINT: gettext_noop("if the story were not withdrawn"),
    What.METER_UP: gettext_noop("if the meter had answered"),
}
HEADS = {
    Source.RECORDED: gettext_noop("Shown was %(shown)s."),
    Source.NOW: gettext_noop("Shown now would be %(shown)s."),
    Source.RECONSTRUCTED: gettext_noop("Shown would have been %(shown)s."),
}
SOURCES = {
    Source.RECORDED: gettext_noop(
        "The view of %(at)s was recorded; this is its replay."
    ),
    Source.NOW: gettext_noop("This is decided by what holds now, %(at)s."),
    Source.RECONSTRUCTED: gettext_noop(
        "No view near %(at)s was recorded; this is made up from the counted stories and "
        "the grants of then, with the story as it is filed today."
    ),
}
PERIODS = {
    "month": gettext_noop("a calendar month"),
    "rolling30": gettext_noop("the last 30 days"),
}


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    lines: tuple[str, ...]


def head(told: Explanation) -> str:
    return _(HEADS[told.source]) % {"shown": _(SHOWN[told.decision.verdict])}


def parts(told: Explanation) -> tuple[Part, ...]:
    """Return the explanation, part by part, in the order in which one asks."""
    return (
        Part(_("Rule"), (rule(told.decision.reason), *_doubts(told))),
        Part(_("Counter"), tuple(_counter(told))),
        Part(_("Grants"), tuple(_grants(told)) or (_("None is in force."),)),
        Part(_("Policy"), (_policy(told),)),
        Part(
            _("What would have changed it"),
            tuple(supposed(change, told) for change in told.changes)
            or (_("Nothing that we tried."),),
        ),
        Part(_("Recorded views of this story"), tuple(_views(told)) or (_("None."),)),
    )


def rule(reason: Reason) -> str:
    return _(RULES.get(reason.value, reason.value))


def source(told: Explanation) -> str:
    return _(SOURCES[told.source]) % {"at": moment(told.scene.at, told)}


def supposed(change: Change, told: Explanation) -> str:
    """Return one line: what is supposed, and what would be shown."""
    feature = _("news") if change.feature == NEWS else change.feature
    at = moment(change.at, told) if change.at else ""
    condition = _(IF[change.what]) % {
        "feature": feature,
        "limit": change.limit,
        "at": at,
    }
    return f"{condition}: {outcome(change.decision)}"


def outcome(decision: Decision) -> str:
    shown = _(SHOWN[decision.verdict])
    if not decision.counts:
        return shown
    return _("%(shown)s, counted (%(count)s of %(limit)s)") % {
        "shown": shown,
        "count": decision.count,
        "limit": decision.limit,
    }


def moment(at: datetime, told: Explanation) -> str:
    """Return the moment as the publication's clock shows it."""
    return f"{at.astimezone(told.scene.orders.zone):%-d %B %Y, %H:%M:%S}"


# --- The parts ------------------------------------------------------------------------


def _doubts(told: Explanation) -> list[str]:
    lines = [source(told)]
    if told.was is not None:
        verdict, reason = told.was
        said = {"shown": _(SHOWN[verdict]), "rule": rule(reason)}
        lines.append(
            _("Then it was decided otherwise: %(shown)s. %(rule)s The rules of this "
              "release differ.") % said
        )  # fmt: skip
    if told.scene.meter_down:
        lines.append(_("The meter is out of reach: the count is from records alone."))
    return lines


def _counter(told: Explanation) -> list[str]:
    start, end = (moment(each, told) for each in told.scene.period)
    count, limit = _stands(told)
    lines = [
        ngettext(
            "%(count)s of %(limit)s free story, from %(start)s until %(end)s.",
            "%(count)s of %(limit)s free stories, from %(start)s until %(end)s.",
            limit,
        )
        % {"count": count, "limit": limit, "start": start, "end": end}
    ]
    lines += [
        f"{moment(each.at, told)}  {each.path or each.story_id}"
        for each in told.counted
    ]
    if told.decision.label:
        label = {"label": told.decision.label}
        lines.insert(1, _("They are the free stories of “%(label)s”.") % label)
    if unknown := count - len(told.counted) - _about_to_count(told):
        if unknown > 0:
            lines.append(
                ngettext(
                    "%(n)s more was counted; which, is no longer on record.",
                    "%(n)s more were counted; which, is no longer on record.",
                    unknown,
                )
                % {"n": unknown}
            )
    return lines


def _stands(told: Explanation) -> tuple[int, int]:
    """Return the counter as she sees it: after a view that was decided by it."""
    if told.reading.meter.standing in (Standing.NOBODY, Standing.DOWN):
        return told.before.count, told.before.limit
    return told.decision.count, told.decision.limit


def _about_to_count(told: Explanation) -> int:
    """A view that has not been counted is in the counter, and not in the list."""
    counted = {each.story_id for each in told.counted}
    return int(told.decision.counts and told.decision.story_id not in counted)


def _grants(told: Explanation) -> list[str]:
    return [
        _("%(feature)s, from %(starts)s until %(ends)s (%(source)s).")
        % {
            "feature": grant.feature,
            "starts": moment(grant.starts, told),
            "ends": moment(grant.ends, told),
            "source": grant.source,
        }
        for grant in told.scene.grants
    ]


def _policy(told: Explanation) -> str:
    edition = told.scene.edition
    said = policy(told.scene.orders.policy)
    if edition is None:
        return _("No edition was on file; what holds now was taken. %s") % said
    number = {"number": edition.number, "at": moment(edition.at, told)}
    return f"{_('Edition %(number)s, of %(at)s.') % number} {said}"


def policy(chosen: Policy) -> str:
    return _(
        "%(anonymous)s free stories for everybody, %(registered)s for registered "
        "readers; the period is %(period)s."
    ) % {
        "anonymous": chosen.limit_anonymous,
        "registered": chosen.limit_registered,
        "period": _(PERIODS[chosen.period]),
    }


def _views(told: Explanation) -> list[str]:
    return [
        f"{moment(at, told)}  {_(SHOWN[verdict])} ({reason.value})"
        for at, verdict, reason in told.views
    ]


# --- How a story is cut, and for whom --------------------------------------------------

READERS = {
    Reader.ANONYMOUS: gettext_noop("A reader who is not logged in"),
    Reader.REGISTERED: gettext_noop("A registered reader"),
    Reader.SUBSCRIBER: gettext_noop("A subscriber"),
    Reader.VERTICAL: gettext_noop("Who has bought this vertical"),
    Reader.NO_COOKIES: gettext_noop("A browser that keeps no cookies"),
}


def reader(cut: Cut) -> str:
    """Return who gets the cut, in words."""
    if cut.crawler is not None:
        if cut.crawler.proof is Proof.NONE:
            return _("%(name)s, without proof") % {"name": cut.crawler.name}
        return _("%(name)s, with proof") % {"name": cut.crawler.name}
    said = _(READERS[cut.reader])
    if not cut.decision.limit or cut.reader is Reader.NO_COOKIES:
        return said
    read = ngettext("%(n)s story read", "%(n)s stories read", cut.read) % {
        "n": cut.read
    }
    return f"{said}, {read}"


# --- For machines ---------------------------------------------------------------------


def as_json(told: Explanation) -> dict[str, Any]:
    scene, start_end = told.scene, told.scene.period
    edition = scene.edition
    return {
        "story": pack(scene.facts),
        "who": told.question.who.value,
        "identity": str(told.question.identity) if told.question.identity else None,
        "at": scene.at.isoformat(),
        "source": told.source.value,
        "decision": {**pack(told.decision), "was": _was(told)},
        "counter": {
            "count": _stands(told)[0],
            "limit": _stands(told)[1],
            "from": start_end[0].isoformat(),
            "until": start_end[1].isoformat(),
            "stories": pack_all(told.counted),
            "meter_down": scene.meter_down,
        },
        "grants": pack_all(scene.grants),
        "policy": {
            "edition": edition.number if edition else None,
            "since": edition.at.isoformat() if edition else None,
            **pack(scene.orders.policy),
        },
        "changes": pack_all(told.changes),
        "views": [
            {"at": at.isoformat(), "verdict": verdict.value, "reason": reason.value}
            for at, verdict, reason in told.views
        ],
        "sentences": [
            head(told),
            *(line for part in parts(told) for line in part.lines),
        ],
    }


def pack_all(values: tuple[Any, ...]) -> list[Any]:
    return [pack(value) for value in values]


def _was(told: Explanation) -> dict[str, str] | None:
    if told.was is None:
        return None
    return {"verdict": told.was[0].value, "reason": told.was[1].value}
