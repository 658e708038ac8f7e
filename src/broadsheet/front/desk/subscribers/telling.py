"""What a contract is and what happened to it, in words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from broadsheet.business.subscriptions.queries import Happening, SubscriptionView
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

STATUSES = {
    "active": gettext_lazy("Active"),
    "trialing": gettext_lazy("On trial"),
    "past_due": gettext_lazy("Payment failed"),
    "suspended": gettext_lazy("Suspended"),
    "paused": gettext_lazy("Paused"),
    "cancelled": gettext_lazy("Ended"),
    "expired": gettext_lazy("Over"),
    "trouble": gettext_lazy("In trouble"),
}
# What may happen to a contract; the words may use what its event says.
_EVENTS = {
    "begun": gettext_lazy("Chose a plan and went to pay"),
    "declined": gettext_lazy("The first payment was declined"),
    "started": gettext_lazy("The subscription started"),
    "trial_started": gettext_lazy("The trial started"),
    "abandoned": gettext_lazy("The purchase was not paid for, and dropped"),
    "renewed": gettext_lazy("Renewed"),
    "payment_failed": gettext_lazy("A renewal could not be collected"),
    "suspended": gettext_lazy("Suspended"),
    "reinstated": gettext_lazy("Reinstated"),
    "paused": gettext_lazy("The pause began"),
    "resumed": gettext_lazy("The pause ended"),
    "cancel_asked": gettext_lazy("Cancelled at the end of the paid time"),
    "cancel_undone": gettext_lazy("The cancellation was undone"),
    "cancelled_now": gettext_lazy("Ended at once"),
    "pause_asked": gettext_lazy("A pause was asked for"),
    "pause_withdrawn": gettext_lazy("The pause was withdrawn"),
    "change_asked": gettext_lazy("Another plan was asked for"),
    "change_dropped": gettext_lazy("The change of plan was dropped"),
    "plan_changed": gettext_lazy("The plan changed"),
    "offer_taken": gettext_lazy("An offer was taken"),
    "price_told": gettext_lazy("Told of a new price"),
    "extended": gettext_lazy("Days were given"),
    "given": gettext_lazy("Given for nothing"),
    "taken_over": gettext_lazy("Taken over from another system"),
    "lapsed": gettext_lazy("The subscription ended"),
    "term_over": gettext_lazy("Its time was over"),
    "noticed": gettext_lazy("A notice was sent"),
}
DEEDS = {
    "refund": gettext_lazy("Gave money back"),
    "give": gettext_lazy("Gave a subscription for nothing"),
    "extend": gettext_lazy("Gave days"),
    "move": gettext_lazy("Moved to another plan"),
    "moved": gettext_lazy("What became of the move"),
    "keep": gettext_lazy("Withdrew the change of plan"),
    "end": gettext_lazy("Ended at once, with the rest given back"),
    "cancel": gettext_lazy("Cancelled at the end of the paid time"),
    "undo": gettext_lazy("Undid the cancellation"),
    "pause": gettext_lazy("Paused"),
    "resume": gettext_lazy("Resumed"),
    "receipt": gettext_lazy("Sent a receipt again"),
    "link": gettext_lazy("Sent a link to sign in"),
    "logout": gettext_lazy("Logged her out everywhere"),
    "note": gettext_lazy("Note"),
    "reveal": gettext_lazy("Saw the name and address"),
    "export": gettext_lazy("Took a list of subscribers out"),
}
_LETTERS = {
    "send_welcome": gettext_lazy("welcome and receipt"),
    "send_renewed": gettext_lazy("receipt of a renewal"),
    "send_receipt_again": gettext_lazy("receipt, again"),
    "send_renewal_coming": gettext_lazy("reminder of a renewal"),
    "send_card_expiring": gettext_lazy("a card expires"),
    "send_cancelled": gettext_lazy("cancellation confirmed"),
    "send_cancelled_now": gettext_lazy("ended at once, confirmed"),
    "send_payment_trouble": gettext_lazy("a payment failed"),
    "send_ended": gettext_lazy("the subscription ended"),
    "send_paused": gettext_lazy("pause confirmed"),
    "send_resumed": gettext_lazy("everything is open again"),
    "send_price_rises": gettext_lazy("a new price"),
    "send_plan_changed": gettext_lazy("another plan, confirmed"),
    "send_given": gettext_lazy("a gift of the house"),
}


def day(on: datetime | date) -> str:
    if isinstance(on, datetime):
        on = on.astimezone(publication.current().zone)
    return date_format(on, _("j F Y"))


def money(amount: Money) -> str:
    return amount.format(publication.current().locale)


def days(count: int) -> str:
    return ngettext("%(n)s day", "%(n)s days", count) % {"n": count}


def standing(view: SubscriptionView | None) -> str:
    """Return how a contract stands, in one sentence."""
    if view is None:
        return _("No subscription.")
    words, on = _standing(view)
    return words % {"day": day(on)}


def _standing(view: SubscriptionView) -> tuple[str, datetime | date]:
    ends = view.ends_on or view.paid_through
    if view.status in ("cancelled", "expired"):
        return _("Ended; everything worked until %(day)s."), ends
    if view.status == "past_due" and view.grace_until:
        trying = _("A payment failed. Everything works until %(day)s while we try.")
        return trying, view.grace_until
    if view.status == "paused" and view.resumes_on:
        return _("Paused until %(day)s."), view.resumes_on
    if view.cancel_at_period_end:
        return _("Cancelled; everything works until %(day)s."), ends
    if view.ends_on:
        return _("Runs until %(day)s, and does not renew."), ends
    return _("Active, paid through %(day)s."), ends


def next_charge(view: SubscriptionView | None) -> str:
    """Return what is charged next and when, in one sentence."""
    if view is None or view.renews_on is None or view.next_charge is None:
        return _("Nothing will be charged.")
    said = {"amount": money(view.next_charge), "day": day(view.renews_on)}
    if view.next_plan:
        said["plan"] = view.next_plan
        return _("%(amount)s on %(day)s, when %(plan)s begins.") % said
    if view.paused_on and view.status != "paused":
        said |= {"since": day(view.paused_on)}
        return _("%(amount)s on %(day)s, after the pause from %(since)s.") % said
    return _("%(amount)s on %(day)s.") % said


def event(happening: Happening) -> tuple[str, str]:
    """Return what happened, and what is known of it beside."""
    words = str(_EVENTS.get(happening.kind, happening.kind))
    return words, _beside(happening.facts)


def _beside(facts: dict[str, Any]) -> str:
    said = []
    if facts.get("before") and facts.get("after"):
        said.append(f"{facts['before']} → {facts['after']}")
    for name in ("plan", "offer", "reason", "error"):
        if facts.get(name):
            said.append(str(facts[name]))
    if isinstance(facts.get("days"), int):
        said.append(days(facts["days"]))
    if facts.get("starts") and facts.get("resumes"):
        said.append(f"{facts['starts']} – {facts['resumes']}")
    return ", ".join(said)


def letter(handler: str) -> str:
    what = _LETTERS.get(handler, handler.removeprefix("send_").replace("_", " "))
    return _("Letter: %(what)s") % {"what": what}


def snapshot(view: SubscriptionView | None) -> dict[str, Any]:
    """Return the contract as an act's row keeps it: plain values."""
    if view is None:
        return {}
    return {
        "plan": view.plan_code,
        "status": view.status,
        "paid_through": view.paid_through.isoformat(),
        "ends_on": view.ends_on.isoformat() if view.ends_on else None,
        "cancelled": view.cancel_at_period_end,
        "paused_on": view.paused_on.isoformat() if view.paused_on else None,
        "resumes_on": view.resumes_on.isoformat() if view.resumes_on else None,
        "next_charge": str(view.next_charge) if view.next_charge else None,
    }
