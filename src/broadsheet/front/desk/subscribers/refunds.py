"""The acts that give money back, and the one that sends a receipt again."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.kit.money import Money, UnreadableMoney, parse

from .. import roles
from . import telling
from .case import Act, Case, Given, NoForm, Offer, Refused, choose

REFUNDS = (roles.REFUND_ANY, roles.REFUND_SOME)


def _choices(case: Case) -> list[tuple[str, str]]:
    return [
        (
            str(one.id),
            f"{one.number}, {telling.day(one.issued_at or one.made_at)}, "
            f"{telling.money(one.total)}",
        )
        for one in case.invoices
    ]


class InvoiceForm(NoForm):
    invoice = forms.ChoiceField(label=gettext_lazy("Invoice"))

    def ready(self) -> None:
        choose(self, "invoice", _choices(self.case))


class RefundForm(InvoiceForm):
    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        required=False,
        max_length=20,
        help_text=gettext_lazy("Empty: all that is left of it."),
    )


def _amount(text: str, left: Money) -> Money:
    if not text.strip():
        return left
    try:
        return parse(text, left.currency)
    except UnreadableMoney:
        raise Refused(_("This is not an amount of money.")) from None


def _quote_refund(case: Case, given: Given) -> Offer:
    found = subscriptions.quote_repayment(
        reader=case.id, invoice_id=UUID(given["invoice"])
    )
    amount = _amount(given["amount"], found.left)
    if not 0 < amount.minor <= found.left.minor:
        said = {"left": telling.money(found.left), "number": found.invoice.number}
        raise Refused(
            _("Of %(number)s, %(left)s can be given back; not more, not nothing.")
            % said
        )
    case.allow_refund(amount)
    said = {
        "amount": telling.money(amount),
        "left": telling.money(found.left - amount),
        "number": found.invoice.number,
    }
    return Offer(
        (
            _("%(amount)s of invoice %(number)s goes back the way it came.") % said,
            _("A credit note is issued; %(left)s is left of what was paid.") % said,
            _("The subscription goes on as it is."),
        ),
        stamp=f"{amount.minor}/{found.left.minor}",
        back=amount,
        facts={"invoice": found.invoice.number, "left": str(found.left)},
    )


def _refund(case: Case, given: Given, offer: Offer, reason: str) -> str:
    assert offer.back is not None  # noqa: S101  Quoted so.
    subscriptions.repay(
        reader=case.id,
        invoice_id=UUID(given["invoice"]),
        amount=offer.back,
        key=given["key"],
        at=case.at,
    )
    said = {"amount": telling.money(offer.back)}
    return _("%(amount)s is on its way back, and a letter tells her.") % said


def _quote_end(case: Case, given: Given) -> Offer:
    found = subscriptions.quote_refund(
        reader=case.id, subscription_id=case.contract.id, at=case.at
    )
    case.allow_refund(found.back)
    said = {
        "amount": telling.money(found.back),
        "days": telling.days(found.days),
        "of": found.of,
    }
    return Offer(
        (
            _("Everything is shut at once. She will not be charged again."),
            _("%(amount)s goes back: %(days)s of %(of)s, today's included.") % said,
        ),
        stamp=str(found.back.minor),
        back=found.back,
        facts={"back": str(found.back)},
    )


def _end(case: Case, given: Given, offer: Offer, reason: str) -> str:
    subscriptions.cancel_now(**case.asked, quoted_minor=int(offer.stamp), reason=reason)
    return _("It is over, and a letter confirms it.")


def _quote_receipt(case: Case, given: Given) -> Offer:
    chosen = dict(_choices(case))[given["invoice"]]
    return Offer(
        (_("The receipt goes to her mail again: %(what)s.") % {"what": chosen},)
    )


def _receipt(case: Case, given: Given, offer: Offer, reason: str) -> str:
    subscriptions.ask_for_receipt(
        reader=case.id, invoice_id=UUID(given["invoice"]), at=case.at
    )
    return _("The receipt is on its way.")


def _was_billed(case: Case) -> bool:
    return bool(case.invoices)


REFUND = Act(
    "refund", gettext_lazy("Refund"), gettext_lazy("Give it back"),
    REFUNDS, _quote_refund, _refund, RefundForm, _was_billed, grave=True,
)  # fmt: skip
RECEIPT = Act(
    "receipt", gettext_lazy("Send a receipt again"), gettext_lazy("Send it"),
    (roles.SERVE,), _quote_receipt, _receipt, InvoiceForm, _was_billed,
)  # fmt: skip
END = Act(
    "end", gettext_lazy("End at once"), gettext_lazy("End it now"),
    (roles.SERVE,), _quote_end, _end,
    shown=lambda case: case.running is not None, grave=True,
)  # fmt: skip
