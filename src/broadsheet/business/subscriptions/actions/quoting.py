"""What another plan would cost, said before the click, and signed so that it holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.catalogue.queries import PlanOffer
from broadsheet.kit import calendar
from broadsheet.kit.calendar import Period, Term
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

from .. import rules
from ..models import ScheduledChange, Subscription
from ..queries import NoSuchSubscription
from ..rules import Status
from . import journal

SALT = "broadsheet.subscriptions.change"
KEPT = timedelta(minutes=30)  # How long a quote holds.


class CannotChange(Exception):
    """The plan cannot be changed so; the sentence says why. Nothing changed."""


class CurrencyFixed(Exception):
    """A contract keeps its currency. Subscribe anew in the other when it has ended."""


class StaleChange(Exception):
    """The quote is over, or no longer true. Show `quote`, and ask again."""

    def __init__(self, quote: Quote) -> None:
        super().__init__("The quote is no longer the one that was shown.")
        self.quote = quote


@dataclass(frozen=True, slots=True)
class QuoteLine:
    text: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Quote:
    """
    What a change to `plan` means. `when` is "now", "later" (when the paid time is
    over) or "back" (today's change is taken back). `charge` is due today: the debit
    less the credit, each rounded by itself; below nothing, it goes back to her.
    """

    subscription_id: UUID
    plan: PlanOffer
    when: str
    lines: tuple[QuoteLine, ...]
    credit: Money
    debit: Money
    charge: Money
    period: Period
    renews_at: datetime
    then: Money
    sentence: str
    expires: datetime
    token: str

    @property
    def moves(self) -> Money:
        """What changes hands today, whichever way."""
        return abs_of(self.charge)

    @property
    def key(self) -> str:
        return key_of(self.token)


def key_of(token: str) -> str:
    """Return what tells one accepted quote from another."""
    return hashlib.sha256(token.encode()).hexdigest()


def quote_change(
    *,
    reader: UUID,
    subscription_id: UUID,
    plan_code: str,
    currency: str = "",
    at: datetime,
) -> Quote:
    """
    Say what a change to another plan would cost, to the paisa, and what comes after.
    A plan with a higher price begins at once; any other when the paid time is over.
    Give `token` to `change` within half an hour. Writes nothing. Raise `CannotChange`,
    `ChangePending`, `CurrencyFixed`, `NoSuchPlan`, `NoSuchSubscription`.
    """
    found = Subscription.objects.select_related("plan_version").filter(
        pk=subscription_id, reader__public_id=reader, started_at__isnull=False
    )
    row = found.first()
    if row is None:
        raise NoSuchSubscription(f"There is no subscription {subscription_id}.")
    return make_quote(row, plan_code, currency, at)


def make_quote(row: Subscription, plan_code: str, currency: str, at: datetime) -> Quote:
    """Return the quote for a contract, locked or not. Raises what `quote_change` does."""
    old = catalogue.version(row.plan_version_id)
    if currency and currency != old.price.currency:
        raise CurrencyFixed(f"This subscription is in {old.price.currency}.")
    _refuse(row)
    new = catalogue.plan(plan_code, at, old.price.currency)
    today = calendar.local_date(at, row.zone)
    undone = undoes(row, new, today)
    if undone is not None:
        return _back(row, undone, new, at)
    if new.code == old.code:
        raise CannotChange(_("You have %(plan)s already.") % {"plan": old.name})
    if row.status == Status.ACTIVE and new.price > old.price:
        quote = _now(row, old, new, today, at)
        if quote.charge > Money(0, quote.charge.currency):
            return quote
    return _later(row, old, new, at)


def undoes(row: Subscription, new: PlanOffer, today: date) -> ScheduledChange | None:
    """Return the change of today that going to `new` would take back."""
    last = row.changes.filter(kind="plan").order_by("-pk").first()
    if last is None or last.outcome != "changed" or last.invoice_id is None:
        return None
    if last.closed_at is None or last.plan_version_id != row.plan_version_id:
        return None
    same_day = calendar.local_date(last.closed_at, row.zone) == today
    return last if same_day and last.before["plan"] == new.code else None


def _refuse(row: Subscription) -> None:
    if row.status == Status.PAST_DUE:
        raise CannotChange(_("A payment is past due. It is settled first."))
    if row.status not in (Status.ACTIVE, Status.TRIALING) or not row.renews:
        raise CannotChange(_("This subscription cannot change its plan."))
    if row.cancel_at is not None:
        raise CannotChange(_("It is cancelled, and ends on its day. Undo that first."))
    journal.refuse_second_change(row)


def _now(
    row: Subscription, old: PlanOffer, new: PlanOffer, today: date, at: datetime
) -> Quote:
    """Today belongs to the new plan: the rest of the old one counts from today on."""
    assert row.period_end is not None  # noqa: S101  It has started.
    days = row.rest(today)
    credit = row.worth_of(days)
    if old.term == new.term:
        period = Period(today, max(row.period_end, today + timedelta(days=1)))
        debit = rules.share(new.price.minor, min(days, row.worth_days), row.worth_days)
    else:
        period = calendar.period(today, new.term, 0)
        debit = new.price.minor
    lines = (
        (_("%(plan)s, %(days)s") % _stretch(new, period), debit),
        (_("%(plan)s, %(left)s not used") % _left(old, days), -credit),
    )
    renews = calendar.instant(period.end, row.zone)
    return _sign(row, new, "now", lines, period, renews, at)


def _later(row: Subscription, old: PlanOffer, new: PlanOffer, at: datetime) -> Quote:
    assert row.period_end and row.paid_through  # noqa: S101  It has started.
    period = calendar.period(row.period_end, new.term, 0)
    return _sign(row, new, "later", (), period, row.paid_through, at)


def _back(
    row: Subscription, undone: ScheduledChange, new: PlanOffer, at: datetime
) -> Quote:
    """What was charged today goes back whole: the same two sums, the other way."""
    sold = catalogue.version(row.plan_version_id)
    before = undone.before
    period = Period(
        date.fromisoformat(before["period_start"]),
        date.fromisoformat(before["period_end"]),
    )
    lines = (
        (_("%(plan)s, as before") % {"plan": new.name}, undone.credit_minor),
        (_("%(plan)s, not used") % {"plan": sold.name}, -undone.debit_minor),
    )
    renews = calendar.instant(period.end, row.zone)
    return _sign(row, new, "back", lines, period, renews, at)


def _sign(
    row: Subscription,
    plan: PlanOffer,
    when: str,
    lines: tuple[tuple[str, int], ...],
    period: Period,
    renews_at: datetime,
    at: datetime,
) -> Quote:
    currency = plan.price.currency
    debit = Money(sum(minor for _t, minor in lines if minor > 0), currency)
    credit = Money(-sum(minor for _t, minor in lines if minor < 0), currency)
    expires = at + KEPT
    facts = {
        "subscription": str(row.pk),
        "row": row.row_version,
        "version": plan.version_id,
        "plan": plan.code,
        "when": when,
        "credit": credit.minor,
        "debit": debit.minor,
        "period": [period.start.isoformat(), period.end.isoformat()],
    }
    return Quote(
        subscription_id=row.pk,
        plan=plan,
        when=when,
        lines=tuple(QuoteLine(text, Money(minor, currency)) for text, minor in lines),
        credit=credit,
        debit=debit,
        charge=debit - credit,
        period=period,
        renews_at=renews_at,
        then=plan.price,
        sentence=_sentence(when, debit - credit, plan, renews_at, row),
        expires=expires,
        token=signing.dumps({**facts, "until": expires.isoformat()}, salt=SALT),
    )


def read(token: str) -> dict[str, Any]:
    """Return what a quote of ours says; raise `CannotChange` if it is not ours."""
    try:
        said: dict[str, Any] = signing.loads(token[:4000], salt=SALT)
    except signing.BadSignature as error:
        raise CannotChange(_("This quote is not ours. Load the page again.")) from error
    return said


def same(quote: Quote, said: dict[str, Any]) -> bool:
    """Say whether a quote made now says what `said` does, but for its age."""
    now = read(quote.token)
    return {**now, "until": ""} == {**said, "until": ""}


# --- Words --------------------------------------------------------------------------


def _sentence(
    when: str, charge: Money, plan: PlanOffer, renews_at: datetime, row: Subscription
) -> str:
    locale = publication.current().locale
    facts = {
        "charge": abs_of(charge).format(locale),
        "plan": plan.name,
        "price": plan.price.format(locale),
        "date": formats.date_format(renews_at.astimezone(row.zone), "j F Y"),
        "every": every(plan.term),
    }
    if when == "later":
        return (
            _(
                "You pay nothing today. Everything stays as it is until %(date)s; then"
                " %(plan)s begins, at %(price)s %(every)s."
            )
            % facts
        )
    if when == "back":
        return (
            _(
                "%(charge)s go back to you. From %(date)s on you pay %(price)s"
                " %(every)s, as before."
            )
            % facts
        )
    return (
        _(
            "You pay %(charge)s today, and %(plan)s begins at once. From %(date)s on"
            " you pay %(price)s %(every)s."
        )
        % facts
    )


def abs_of(amount: Money) -> Money:
    return Money(abs(amount.minor), amount.currency)


def every(term: Term) -> str:
    """Return how often a term's price is paid, in words: every 3 months."""
    words = {
        "day": ngettext("every day", "every %(count)s days", term.count),
        "week": ngettext("every week", "every %(count)s weeks", term.count),
        "month": ngettext("every month", "every %(count)s months", term.count),
        "year": ngettext("every year", "every %(count)s years", term.count),
    }
    return words[term.unit] % {"count": term.count}


def _stretch(plan: PlanOffer, period: Period) -> dict[str, str]:
    days = ngettext("%(count)s day", "%(count)s days", period.days)
    return {"plan": plan.name, "days": days % {"count": period.days}}


def _left(plan: PlanOffer, days: int) -> dict[str, str]:
    left = ngettext("%(count)s day", "%(count)s days", days)
    return {"plan": plan.name, "left": left % {"count": days}}
