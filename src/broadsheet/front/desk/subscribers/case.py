"""One reader, one of the staff, and what an act is: asked, quoted, done, written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _

from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.queries import InvoiceFacts
from broadsheet.business.subscriptions import queries as subscriptions
from broadsheet.business.subscriptions.queries import SubscriptionView
from broadsheet.kit.money import Money
from broadsheet.plumbing import audit

from .. import roles
from . import telling

LIMIT_OVER = timedelta(days=30)


class Refused(Exception):
    """It cannot be done so; the sentence says why, and nothing moved."""


class Case:
    """A reader as one of the staff has her before her, at one instant."""

    def __init__(self, reader: Any, staff: Any, at: datetime) -> None:
        self.reader, self.staff, self.at = reader, staff, at

    @property
    def id(self) -> UUID:
        found: UUID = self.reader.public_id
        return found

    @property
    def by(self) -> str:
        return str(self.staff.public_id)

    @cached_property
    def view(self) -> SubscriptionView | None:
        """Her running subscription, or the last one that she had."""
        current = subscriptions.current(self.id, self.at)
        if current is not None:
            return current
        had = subscriptions.subscriptions(self.id)
        return subscriptions.view(had[0]) if had else None

    @cached_property
    def invoices(self) -> tuple[InvoiceFacts, ...]:
        return books.issued_to(self.id)

    @property
    def running(self) -> SubscriptionView | None:
        view = self.view
        over = view is None or view.status in ("cancelled", "expired")
        return None if over else view

    @property
    def contract(self) -> SubscriptionView:
        """Her running subscription. Raise `Refused` if she has none."""
        if self.running is None:
            raise Refused(_("She has no running subscription."))
        return self.running

    @property
    def asked(self) -> dict[str, Any]:
        """What every verb about her contract is told."""
        return {
            "reader": self.id,
            "subscription_id": self.contract.id,
            "by": self.by,
            "at": self.at,
        }

    def snapshot(self) -> dict[str, Any]:
        """Read the contract again, for the record."""
        self.__dict__.pop("view", None)
        return telling.snapshot(self.view)

    def allow_refund(self, amount: Money) -> None:
        """Raise `Refused` if this one of the staff may not give so much back."""
        if not amount or self.staff.has_perm(roles.REFUND_ANY):
            return
        if not self.staff.has_perm(roles.REFUND_SOME):
            raise Refused(_("You may not give money back. Ask finance."))
        given = audit.given_back(
            actor=self.staff.public_id,
            subject=self.id,
            currency=amount.currency,
            since=self.at - LIMIT_OVER,
        )
        limit = audit.refund_limit()
        if given + amount.minor > limit:
            said = {
                "limit": telling.money(Money(limit, amount.currency)),
                "given": telling.money(Money(given, amount.currency)),
            }
            raise Refused(
                _(
                    "Your limit is %(limit)s for one reader in thirty days, and "
                    "%(given)s of it is given. Ask finance."
                )
                % said
            )


@dataclass(frozen=True, slots=True)
class Offer:
    """What an act would do, in sentences. `stamp` is what must still be true then."""

    lines: tuple[str, ...]
    stamp: str = ""
    back: Money | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


Given = dict[str, Any]


def choose(form: forms.Form, name: str, choices: list[tuple[str, Any]]) -> None:
    """Say what may be chosen in a form that exists."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  Declared so.
    field.choices = choices


class NoForm(forms.Form):
    """An act that asks for nothing but the reason."""

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = case
        self.ready()

    def ready(self) -> None:
        """Fill choices from the case."""


@dataclass(frozen=True, slots=True)
class Act:
    """
    One verb of the desk. `quote` says what `do` would do, or raises; `do` does it and
    returns what to tell. `shown` says whether its button makes sense at all. An act
    that is `apart` talks to a provider and has transactions of its own.
    """

    name: str
    title: Any
    verb: Any
    permissions: tuple[str, ...]
    quote: Callable[[Case, Given], Offer]
    do: Callable[[Case, Given, Offer, str], str]
    form: type[NoForm] = NoForm
    shown: Callable[[Case], bool] = lambda case: True
    apart: bool = False
    grave: bool = False
    reason: Any = ""  # What its reason is called, if not so.

    def allowed(self, staff: Any) -> bool:
        return any(staff.has_perm(name) for name in self.permissions)
