"""What will be charged, in whole sentences: the next charge and all that follows it."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from broadsheet.business.subscriptions.actions import Due
from broadsheet.business.subscriptions.queries import Ahead, SubscriptionView
from broadsheet.front.theme.templatetags.paper import day, money
from broadsheet.kit.calendar import Term, boundary, instant, local_date
from broadsheet.plumbing import publication

MONTHS = {"month": 1, "year": 12}


def sentences(view: SubscriptionView) -> list[str]:
    """Return what a running subscription will cost, and from when."""
    if not view.ahead:
        return []
    first, *later = view.ahead
    return [_next(view, first), *(_then(step) for step in later)]


def _next(view: SubscriptionView, first: Ahead) -> str:
    facts = _facts(first)
    if view.next_plan:
        says = _("On %(day)s %(plan)s begins, at %(price)s %(every)s.")
    elif view.status == "trialing":
        says = _("Your trial is free. Your first charge is %(price)s on %(day)s.")
    elif view.paused_on is not None:
        says = _("Billing resumes on %(day)s, with %(price)s.")
    else:
        says = _("Your next charge is %(price)s on %(day)s.")
    return says % facts


def _then(step: Ahead) -> str:
    return _("From %(day)s on it is %(price)s %(every)s.") % _facts(step)


def in_one(ahead: tuple[Ahead, ...]) -> str:
    """Return `₹450 for the next 3 months, then ₹900 every 3 months from 3 May 2027`."""
    first, *later = ahead
    parts = [_lasting(first)]
    for step in later:
        parts.append(_("%(price)s %(every)s from %(day)s") % _facts(step))
    # Translators: between two prices that follow one another.
    return _(", then ").join(parts)


def after_first(due: Due) -> str:
    """Return what is charged after what is paid at the till, and when."""
    first = due.ahead[0]
    if due.trial_days:
        says = _("%(price)s on %(day)s, unless you cancel before.")
        return says % _facts(first)
    second = due.ahead[1] if first.periods == 1 else _second(first)
    says = _("On %(day)s for %(price)s, and automatically after that.")
    return says % _facts(second)


def _second(first: Ahead) -> Ahead:
    """Return the period after the first, which costs the same."""
    zone = publication.current().zone
    term = Term(first.term_count, first.term_unit)
    on = boundary(local_date(first.at, zone), term, 1)
    return replace(first, at=instant(on, zone))


def _lasting(step: Ahead) -> str:
    facts = _facts(step)
    if step.periods is None:
        return _("%(price)s %(every)s") % facts
    facts["time"] = _time(step, step.periods)
    if step.periods == 1:
        return _("%(price)s for the next %(time)s") % facts
    return _("%(price)s %(every)s for the next %(time)s") % facts


def _facts(step: Ahead) -> dict[str, str]:
    return {
        "day": day(step.at),
        "plan": step.plan_name,
        "price": money(step.price),
        "every": every(step.term_count, step.term_unit),
    }


def every(count: int, unit: str) -> str:
    """Return how often it is paid: a month, or every 3 months."""
    words = {
        "day": ngettext("a day", "every %(n)s days", count),
        "week": ngettext("a week", "every %(n)s weeks", count),
        "month": ngettext("a month", "every %(n)s months", count),
        "year": ngettext("a year", "every %(n)s years", count),
    }
    return words[unit] % {"n": count}


def _time(step: Ahead, periods: int) -> str:
    """Return how long so many periods are together, in months where it can be said."""
    count = periods * step.term_count
    if step.term_unit in MONTHS:
        count *= MONTHS[step.term_unit]
        return ngettext("month", "%(n)s months", count) % {"n": count}
    if step.term_unit == "week":
        return ngettext("week", "%(n)s weeks", count) % {"n": count}
    return ngettext("day", "%(n)s days", count) % {"n": count}
