"""A reader's invoices: each a page of its own, fit to be printed or kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.queries import InvoiceFacts, LineFacts
from broadsheet.kit import places
from broadsheet.kit.money import Money, total


@dataclass(frozen=True, slots=True)
class Listed:
    """An invoice in the account's list."""

    number: str | None
    issued_at: object
    description: str
    total: Money
    path: str


def listed(reader: UUID) -> list[Listed]:
    """Return every invoice that the reader was sent, of past subscriptions too."""
    return [
        Listed(i.number, i.issued_at, i.description, i.total, path(i))
        for i in books.issued_to(reader)
    ]


def path(invoice: InvoiceFacts) -> str:
    return f"/account/invoices/{invoice.id}/"


@never_cache
@login_required
@require_safe
def drawn(request: HttpRequest, invoice_id: UUID) -> HttpResponse:
    """Return an invoice as PDF to the reader whose it is; to others there is none."""
    found = _hers(request, invoice_id)
    return _file(found.number, ledger.draw_invoice(found.id, recipient=_name(request)))


@never_cache
@login_required
@require_safe
def credit_note(request: HttpRequest, note_id: UUID) -> HttpResponse:
    """Return a credit note as PDF to the reader whose it is; to others there is none."""
    assert request.user.is_authenticated  # noqa: S101  login_required saw to it.
    found = books.credit_note(note_id)
    if found is None or found.reader != request.user.public_id:
        raise Http404
    drawn = ledger.draw_credit_note(note_id, recipient=_name(request))
    return _file(found.number, drawn)


@never_cache
@login_required
@require_safe
def invoice(request: HttpRequest, invoice_id: UUID) -> HttpResponse:
    """Show an invoice to the reader whose it is; to others there is none."""
    found = _hers(request, invoice_id)
    context = {
        "invoice": found,
        "recipient": found.recipient or _name(request),
        "email": getattr(request.user, "email", ""),
        "place": _place(found.place),
        "abroad": places.is_abroad(found.place),
        "pdf": f"{path(found)}invoice.pdf",
        "credit_notes": [
            (note, f"/account/credit-notes/{note.id}/note.pdf")
            for note in books.credit_notes(found.id)
        ],
        "lines": [_line(line) for line in found.lines],
        "taxes": _taxes(found),
        "taxable": _sum(found, "taxable"),
        "round_off": _sum(found, "round_off"),
    }
    return render(request, "pages/invoice.html", context)


def _hers(request: HttpRequest, invoice_id: UUID) -> InvoiceFacts:
    assert request.user.is_authenticated  # noqa: S101  login_required saw to it.
    found = books.invoice(invoice_id)
    # One answer for "not hers" and "not there": an address is no way to find out.
    if found is None or found.number is None or found.reader != request.user.public_id:
        raise Http404
    return found


def _name(request: HttpRequest) -> str:
    assert request.user.is_authenticated  # noqa: S101  login_required saw to it.
    return request.user.name or request.user.email


def _file(number: str | None, drawn: bytes) -> HttpResponse:
    name = (number or "").replace("/", "-")
    return HttpResponse(
        drawn,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )


def _place(code: str) -> str:
    """Return `29 Karnataka`, as an Indian invoice names it, or `Germany`."""
    name = places.name(code)
    return name if places.is_abroad(code) or not code else f"{code} {name}"


def _line(line: LineFacts) -> dict[str, object]:
    # A period ends where the next begins; readers are told its last day.
    until = line.period_end and line.period_end - timedelta(days=1)
    return {
        "description": line.description,
        "tax_code": line.tax_code,
        "since": line.period_start,
        "until": until,
        "gross": line.gross,
        "taxable": line.taxable,
    }


def _taxes(invoice: InvoiceFacts) -> list[tuple[str, Money]]:
    """Return each tax with its rate, `CGST 9 %`, summed over the lines."""
    sums: dict[tuple[str, int], Money] = {}
    for line in invoice.lines:
        for name, rate, amount in line.taxes:
            none = Money(0, amount.currency)
            sums[name, rate] = sums.get((name, rate), none) + amount
    return [
        (_("%(tax)s at %(rate)s%%") % {"tax": name, "rate": _percent(rate)}, amount)
        for (name, rate), amount in sums.items()
    ]


def _percent(rate: int) -> str:
    whole, part = divmod(rate, 100)
    return f"{whole}.{part:02d}".rstrip("0") if part else str(whole)


def _sum(invoice: InvoiceFacts, part: str) -> Money:
    amounts = [getattr(line, part) for line in invoice.lines]
    return total(amounts, invoice.total.currency)
