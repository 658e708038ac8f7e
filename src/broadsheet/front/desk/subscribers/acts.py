"""Every verb of the desk: what it asks, what it would do, and the room's verb it calls."""

from __future__ import annotations

from datetime import date, timedelta

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.kit import calendar
from broadsheet.plumbing import publication
from broadsheet.readers import actions as readers

from .. import roles
from . import telling
from .case import Act, Case, Given, NoForm, Offer, choose
from .refunds import END, RECEIPT, REFUND

ACCOUNT = "/account/"


def _today(case: Case) -> date:
    return calendar.local_date(case.at, publication.current().zone)


def _plans(case: Case) -> list[tuple[str, str]]:
    offers = catalogue.plans(case.at)
    return [(one.code, f"{one.name}, {telling.money(one.price)}") for one in offers]


class _Date(forms.DateInput):
    input_type = "date"


# --- For nothing ------------------------------------------------------------------------


class GiveForm(NoForm):
    plan = forms.ChoiceField(label=gettext_lazy("Plan"))
    until = forms.DateField(label=gettext_lazy("First day without it"), widget=_Date)

    def ready(self) -> None:
        choose(self, "plan", _plans(self.case))
        self.fields["until"].initial = _today(self.case) + timedelta(days=30)


def _quote_give(case: Case, given: Given) -> Offer:
    sold = catalogue.plan(given["plan"], case.at)
    words = _("%(plan)s is open to her before %(day)s, for nothing. It does not renew.")
    said = {"plan": sold.name, "day": telling.day(given["until"])}
    return Offer((words % said,))


def _give(case: Case, given: Given, offer: Offer, reason: str) -> str:
    subscriptions.comp(
        reader=case.id,
        plan_code=given["plan"],
        until=given["until"],
        reason=reason,
        by=case.by,
        at=case.at,
    )
    return _("It is hers, and a letter tells her.")


class ExtendForm(NoForm):
    days = forms.IntegerField(
        label=gettext_lazy("Days"), min_value=1, max_value=366, initial=7
    )


def _quote_extend(case: Case, given: Given) -> Offer:
    view = case.contract
    through = view.paid_through + timedelta(days=given["days"])
    said = {
        "days": telling.days(given["days"]),
        "before": telling.day(view.paid_through),
        "day": telling.day(through),
    }
    words = _("%(days)s for nothing: everything works through %(day)s, not %(before)s.")
    return Offer((words % said,), stamp=view.paid_through.isoformat())


def _extend(case: Case, given: Given, offer: Offer, reason: str) -> str:
    view = subscriptions.extend(
        subscription_id=case.contract.id,
        days=given["days"],
        reason=reason,
        by=case.by,
        at=case.at,
    )
    said = {"day": telling.day(view.paid_through)}
    return _("Everything works through %(day)s.") % said


# --- Another plan -----------------------------------------------------------------------


class MoveForm(NoForm):
    plan = forms.ChoiceField(label=gettext_lazy("Plan"))

    def ready(self) -> None:
        had = self.case.running
        plans = [one for one in _plans(self.case) if had and one[0] != had.plan_code]
        choose(self, "plan", plans)


def _quote_move(case: Case, given: Given) -> Offer:
    quote = subscriptions.quote_change(
        reader=case.id,
        subscription_id=case.contract.id,
        plan_code=given["plan"],
        at=case.at,
    )
    lines = [f"{line.text}: {telling.money(line.amount)}" for line in quote.lines]
    facts = {"plan": quote.plan.code, "when": quote.when, "charge": str(quote.charge)}
    return Offer((*lines, quote.sentence), stamp=quote.token, facts=facts)


def _move(case: Case, given: Given, offer: Offer, reason: str) -> str:
    done = subscriptions.change(**case.asked, quote=offer.stamp, return_path=ACCOUNT)
    if done.status == "pay":
        return _("She has no card on file. She pays here: %(page)s") % {
            "page": done.pay_at
        }
    return {
        "changed": _("The plan is changed."),
        "scheduled": _("The plan changes when the paid time is over."),
        "declined": _("The payment was declined; the old plan stays."),
        "pending": _("The payment is under way; the plan changes when it is in."),
    }[done.status]


def _quote_keep(case: Case, given: Given) -> Offer:
    said = {"plan": case.contract.plan_name}
    return Offer((_("The change is withdrawn; %(plan)s goes on.") % said,))


def _keep(case: Case, given: Given, offer: Offer, reason: str) -> str:
    subscriptions.withdraw_change(**case.asked)
    return _("She keeps her plan.")


# --- Leaving, and staying ---------------------------------------------------------------


def _quote_cancel(case: Case, given: Given) -> Offer:
    view = case.contract
    until = view.grace_until or view.paid_through
    lines = [_("Everything works until %(day)s. She will not be charged again.")]
    if view.paused_on and view.resumes_on and view.status != "paused":
        until -= view.resumes_on - view.paused_on
        lines.append(_("The pause that was to come is withdrawn."))
    said = {"day": telling.day(until)}
    return Offer(tuple(line % said for line in lines), stamp=until.isoformat())


def _cancel(case: Case, given: Given, offer: Offer, reason: str) -> str:
    view = subscriptions.cancel(**case.asked, reason=reason)
    until = telling.day(view.ends_on or view.paid_through)
    return _("Cancelled; everything works until %(day)s.") % {"day": until}


def _quote_undo(case: Case, given: Given) -> Offer:
    words = _("It renews after all, on the dates that it had: next on %(day)s.")
    return Offer((words % {"day": telling.day(case.contract.paid_through)},))


def _undo(case: Case, given: Given, offer: Offer, reason: str) -> str:
    subscriptions.undo_cancel(**case.asked)
    return _("It renews as before.")


class PauseForm(NoForm):
    starts = forms.DateField(label=gettext_lazy("First day of the pause"), widget=_Date)
    resumes = forms.DateField(label=gettext_lazy("First day after it"), widget=_Date)

    def ready(self) -> None:
        tomorrow = _today(self.case) + timedelta(days=1)
        self.fields["starts"].initial = tomorrow
        self.fields["resumes"].initial = tomorrow + timedelta(days=14)


def _quote_pause(case: Case, given: Given) -> Offer:
    view, apart = case.contract, given["resumes"] - given["starts"]
    said = {
        "starts": telling.day(given["starts"]),
        "resumes": telling.day(given["resumes"]),
        "days": telling.days(max(0, apart.days)),
        "bills": telling.day(view.paid_through + timedelta(seconds=1) + apart),
    }
    return Offer(
        (
            _("Nothing is open from %(starts)s until %(resumes)s: %(days)s.") % said,
            _("Those days come back at the end; billing resumes on %(bills)s.") % said,
        ),
        stamp=view.paid_through.isoformat(),
    )


def _pause(case: Case, given: Given, offer: Offer, reason: str) -> str:
    subscriptions.pause(**case.asked, starts=given["starts"], resumes=given["resumes"])
    return _("The pause is set, and a letter confirms it.")


def _quote_resume(case: Case, given: Given) -> Offer:
    words = _("The pause ends today, or is withdrawn if it has not begun.")
    return Offer((words, _("The days that she was away are added to her paid time.")))


def _resume(case: Case, given: Given, offer: Offer, reason: str) -> str:
    subscriptions.resume(**case.asked)
    return _("The pause is over.")


# --- Letting in, shutting out, noting -----------------------------------------------------


def _quote_link(case: Case, given: Given) -> Offer:
    words = _("A mail with a link to sign in, good for fifteen minutes, goes to her.")
    return Offer((words, _("An older one that is not used stops working.")))


def _link(case: Case, given: Given, offer: Offer, reason: str) -> str:
    readers.ask_for_key(
        email=case.reader.email,
        purpose=readers.Purpose.SIGN_IN,
        next_path=ACCOUNT,
        network=f"desk:{case.by}",
        browser="",
        language=get_language() or "en-in",
        at=case.at,
    )
    return _("The link is on its way.")


def _quote_logout(case: Case, given: Given) -> Offer:
    words = _("Every browser in which she is logged in is logged out, at once.")
    return Offer((words,))


def _logout(case: Case, given: Given, offer: Offer, reason: str) -> str:
    readers.log_out_everywhere(reader=case.reader, at=case.at)
    return _("She is logged out everywhere.")


def _quote_note(case: Case, given: Given) -> Offer:
    return Offer((_("Everybody at this desk reads it; it cannot be taken back."),))


def _note(case: Case, given: Given, offer: Offer, reason: str) -> str:
    return _("The note is kept.")


def _quote_reveal(case: Case, given: Given) -> Offer:
    words = _("You see her name and address for fifteen minutes. It is recorded.")
    return Offer((words,))


def _reveal(case: Case, given: Given, offer: Offer, reason: str) -> str:
    return _("Her name and address are shown for fifteen minutes.")


def _runs(case: Case) -> bool:
    return case.running is not None


def _renews(case: Case) -> bool:
    view = case.running
    return view is not None and view.renews_on is not None


def _may_pause(case: Case) -> bool:
    view = case.running
    return _renews(case) and view is not None and view.paused_on is None


_ALL = (
    Act("reveal", gettext_lazy("Show name and address"), gettext_lazy("Show them"),
        (roles.REVEAL,), _quote_reveal, _reveal),
    REFUND,
    RECEIPT,
    Act("extend", gettext_lazy("Give days"), gettext_lazy("Give the days"),
        (roles.GIVE,), _quote_extend, _extend, ExtendForm, _runs),
    Act("give", gettext_lazy("Give a subscription"), gettext_lazy("Give it"),
        (roles.GIVE,), _quote_give, _give, GiveForm, lambda case: not _runs(case)),
    Act("move", gettext_lazy("Move to another plan"), gettext_lazy("Move her"),
        (roles.MOVE,), _quote_move, _move, MoveForm, _renews, apart=True),
    Act("keep", gettext_lazy("Withdraw the change of plan"), gettext_lazy("Withdraw it"),
        (roles.MOVE,), _quote_keep, _keep,
        shown=lambda case: bool(case.running and case.running.next_plan)),
    Act("pause", gettext_lazy("Pause"), gettext_lazy("Pause it"),
        (roles.SERVE,), _quote_pause, _pause, PauseForm, _may_pause),
    Act("resume", gettext_lazy("End the pause"), gettext_lazy("End it"),
        (roles.SERVE,), _quote_resume, _resume,
        shown=lambda case: bool(case.running and case.running.paused_on)),
    Act("cancel", gettext_lazy("Cancel at the end"), gettext_lazy("Cancel it"),
        (roles.SERVE,), _quote_cancel, _cancel, shown=_renews, grave=True),
    Act("undo", gettext_lazy("Undo the cancellation"), gettext_lazy("Undo it"),
        (roles.SERVE,), _quote_undo, _undo,
        shown=lambda case: bool(case.running and case.running.cancel_at_period_end)),
    END,
    Act("link", gettext_lazy("Send a link to sign in"), gettext_lazy("Send it"),
        (roles.SERVE,), _quote_link, _link),
    Act("logout", gettext_lazy("Log out everywhere"), gettext_lazy("Log her out"),
        (roles.SERVE,), _quote_logout, _logout, grave=True),
    Act("note", gettext_lazy("Leave a note"), gettext_lazy("Keep the note"),
        (roles.NOTE,), _quote_note, _note, reason=gettext_lazy("Note")),
)  # fmt: skip
ACTS: dict[str, Act] = {act.name: act for act in _ALL}
