"""What stands on a printed invoice or credit note, in the publication's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils import formats
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from broadsheet.kit import places
from broadsheet.kit.calendar import Period, local_date
from broadsheet.kit.money import Money, total
from broadsheet.plumbing import publication

from ..queries import CreditNoteFacts, InvoiceFacts
from ..rules import rupees_in_words


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what, its code of service, its taxable value."""

    what: str
    when: str
    code: str
    amount: str


@dataclass(frozen=True, slots=True)
class Document:
    """All text of one document, in reading order. Nothing in it is markup."""

    lang: str
    paper: str
    title: str
    facts: tuple[tuple[str, str], ...]
    seller: tuple[str, ...]
    recipient: tuple[str, ...]
    head: tuple[str, str, str]
    rows: tuple[Row, ...]
    sums: tuple[tuple[str, str], ...]
    total: tuple[str, str]
    words: str
    notes: tuple[str, ...]
    from_label: str
    to_label: str


def invoice(facts: InvoiceFacts, *, recipient: str = "") -> Document:
    """Word an issued invoice; `recipient` stands in where it names nobody."""
    with override(settings.LANGUAGE_CODE):
        abroad = places.is_abroad(facts.place)
        paid = [(_("Paid on"), _day(facts.paid_at))] if facts.paid_at else []
        rows = tuple(
            Row(
                line.description,
                _span(line.period_start, line.period_end),
                "" if abroad else line.tax_code,
                _exact(line.taxable),
            )
            for line in facts.lines
        )
        taxes = [tax for line in facts.lines for tax in line.taxes]
        off = total([line.round_off for line in facts.lines], facts.total.currency)
        taxed = _("Tax invoice") if facts.seller_gstin else _("Invoice")
        return _document(
            facts,
            title=taxed,
            recipient=recipient,
            facts=[
                (_("Number"), facts.number or ""),
                (_("Date"), _day(facts.issued_at)),
                *paid,
                *_supply(facts),
            ],
            rows=rows,
            sums=_sums(taxes, off),
            amount=facts.total,
            notes=_notes(facts, abroad),
        )


def credit_note(
    note: CreditNoteFacts, of: InvoiceFacts, *, recipient: str = ""
) -> Document:
    """Word a credit note on the invoice `of`."""
    with override(settings.LANGUAGE_CODE):
        what = ", ".join(line.description for line in of.lines)
        code = "" if places.is_abroad(of.place) else of.lines[0].tax_code
        return _document(
            of,
            title=_("Credit note"),
            recipient=recipient,
            facts=[
                (_("Number"), note.number),
                (_("Date"), _day(note.issued_at)),
                (_("On invoice"), f"{note.invoice_number}, {_day(of.issued_at)}"),
                *_supply(of),
            ],
            rows=(Row(what, note.reason, code, _exact(note.taxable)),),
            sums=_sums(note.taxes, note.round_off),
            amount=note.total,
            notes=_notes(of, places.is_abroad(of.place)),
        )


def _document(
    of: InvoiceFacts,
    *,
    title: str,
    recipient: str,
    facts: list[tuple[str, str]],
    rows: tuple[Row, ...],
    sums: list[tuple[str, str]],
    amount: Money,
    notes: list[str],
) -> Document:
    language = get_language() or "en"
    return Document(
        lang=language.split("-")[0],
        paper=publication.current().name,
        title=title,
        facts=tuple(facts),
        from_label=_("From"),
        to_label=_("To"),
        seller=_lines(of.seller_name, of.seller_address, _gstin(of.seller_gstin)),
        recipient=_lines(
            of.recipient or recipient,
            of.recipient_address,
            _gstin(of.recipient_gstin),
            _place(of.place),
        ),
        head=(_("For"), _("SAC"), _("Taxable value")),
        rows=rows,
        sums=tuple(sums),
        total=(_("Total"), _exact(amount)),
        words=rupees_in_words(amount) if language.startswith("en") else "",
        notes=tuple(notes),
    )


def _notes(of: InvoiceFacts, abroad: bool) -> list[str]:
    if not of.seller_gstin:
        return []
    exported = _(
        "Supply meant for export under letter of undertaking without payment of "
        "integrated tax."
    )
    return [
        _("No tax is payable on reverse charge."),
        *([exported] if abroad else []),
        _("This document is issued electronically and bears no signature."),
    ]


def _supply(of: InvoiceFacts) -> list[tuple[str, str]]:
    return [(_("Place of supply"), _place(of.place))] if of.place else []


def _sums(
    taxes: Iterable[tuple[str, int, Money]], round_off: Money
) -> list[tuple[str, str]]:
    by_rate: dict[tuple[str, int], Money] = {}
    for name, rate, amount in taxes:
        none = Money(0, amount.currency)
        by_rate[name, rate] = by_rate.get((name, rate), none) + amount
    lines = [
        (
            _("%(tax)s at %(rate)s%%") % {"tax": name, "rate": _percent(rate)},
            _exact(sum_),
        )
        for (name, rate), sum_ in by_rate.items()
    ]
    return lines + ([(_("Round-off"), _exact(round_off))] if round_off else [])


def _percent(rate: int) -> str:
    whole, part = divmod(rate, 100)
    return f"{whole}.{part:02d}".rstrip("0") if part else str(whole)


def _place(code: str) -> str:
    name = places.name(code)
    return name if places.is_abroad(code) or not code else f"{code} {name}"


def _gstin(number: str) -> str:
    return _("GSTIN %(number)s") % {"number": number} if number else ""


def _lines(*parts: str) -> tuple[str, ...]:
    return tuple(
        line.strip() for part in parts for line in part.splitlines() if line.strip()
    )


def _exact(amount: Money) -> str:
    return amount.format(publication.current().locale, exact=True)


def _day(at: datetime | None) -> str:
    if at is None:
        return ""
    return formats.date_format(local_date(at, publication.current().zone), _("j F Y"))


def _span(start: date | None, end: date | None) -> str:
    if start is None or end is None:
        return ""
    days = {
        "since": formats.date_format(start, _("j F Y")),
        "until": formats.date_format(Period(start, end).last_day, _("j F Y")),
    }
    return _("%(since)s to %(until)s") % days
