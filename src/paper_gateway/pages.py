"""The hosted pages: where a payer types her card, and where her bank asks her."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from . import cards, outage, words
from .signing import return_signature
from .store import Row
from .till import Refused, Till

FIELDS = ("number", "expiry", "cvc", "name")


async def pay(request: Request) -> Response:
    """Show the form of an open payment, or where it stands."""
    row = _payment(request)
    if row is None:
        return _missing(request)
    if row["status"] == "requires_action":
        return _to(f"/pay/{row['id']}/confirm")
    if row["status"] != "open":
        return _stands(request, row)
    return _form(request, row, {}, {})


async def submit(request: Request) -> Response:
    """
    Take the card. A second submission finds the payment no longer open, and is sent
    where the first one was.
    """
    row = _payment(request)
    if row is None:
        return _missing(request)
    till: Till = request.app.state.till
    if row["status"] == "open":
        form = await request.form(max_files=0, max_fields=20)
        typed = {name: str(value)[:200] for name, value in form.items()}
        card, errors = cards.read(typed, till.clock.today())
        if card is None:
            return _form(request, row, typed, errors)
        with till.store.transaction():
            row = till.pay(row["id"], card)
    if row["status"] == "requires_action":
        return _to(f"/pay/{row['id']}/confirm")
    return _to(_way_back(request, row, row["status"]))


async def confirm(request: Request) -> Response:
    row = _payment(request)
    if row is None:
        return _missing(request)
    if row["status"] != "requires_action":
        return _to(f"/pay/{row['id']}")
    return _page(request, "confirm", row, {})


async def answer(request: Request) -> Response:
    """Take the payer's answer to her bank."""
    row = _payment(request)
    if row is None:
        return _missing(request)
    till: Till = request.app.state.till
    said = (await request.form()).get("answer")
    if said in ("approve", "refuse"):
        with till.store.transaction():
            row = till.confirm(row["id"], said == "approve")
    if row["status"] in ("open", "requires_action"):
        return _to(f"/pay/{row['id']}")
    return _to(_way_back(request, row, row["status"]))


# --- What is shown -----------------------------------------------------------------


def _form(
    request: Request, row: Row, typed: Mapping[str, str], errors: Mapping[str, str]
) -> Response:
    shown: dict[str, str] = {"summary": _summary(errors), "help": _test_cards()}
    for name in FIELDS:
        words_ = errors.get(name, "")
        shown[f"{name}_error"] = (
            f'<p class="error" id="{name}-error">{escape(words_)}</p>' if words_ else ""
        )
        shown[f"{name}_wrong"] = (
            f'aria-invalid="true" aria-describedby="{name}-error"' if words_ else ""
        )
    # What was typed comes back, but never the number or the security code.
    shown["expiry"] = escape(typed.get("expiry", "")[:12])
    shown["name"] = escape(typed.get("name", "")[:120])
    shown["cancel"] = escape(_way_back(request, row, "cancelled"))
    shown["title_prefix"] = "Error: " if errors else ""
    return _page(request, "pay", row, shown, status=422 if errors else 200)


def _summary(errors: Mapping[str, str]) -> str:
    if not errors:
        return ""
    items = "".join(
        f'<li><a href="#{name}">{escape(errors[name])}</a></li>'
        for name in FIELDS
        if name in errors
    )
    return (
        '<div class="summary" role="alert"><h2>The card was not charged</h2>'
        f"<ul>{items}</ul></div>"
    )


@cache
def _test_cards() -> str:
    rows = "".join(
        f"<tr><td><code>{' '.join(number[i : i + 4] for i in range(0, 16, 4))}</code>"
        f"</td><td>{escape(does)}</td></tr>"
        for number, (_, does) in cards.TEST_NUMBERS.items()
    )
    return f"<tbody>{rows}</tbody>"


def _stands(request: Request, row: Row) -> Response:
    """Say how a payment ended, for whoever comes back to its page."""
    sentence = {
        "succeeded": "This payment went through.",
        "pending": "Your bank is still working on this payment.",
    }.get(row["status"]) or f"{words.reason(row['reason'])} Nothing was charged."
    back = _way_back(request, row, row["status"]) if row["return_url"] else ""
    link = (
        f'<p><a class="button" href="{escape(back)}">Return to '
        f"{escape(request.app.state.merchant)}</a></p>"
    )
    shown = {"sentence": escape(sentence), "link": link if back else ""}
    return _page(request, "stands", row, shown)


def _missing(request: Request) -> Response:
    body = page_template("missing").substitute(
        merchant=escape(request.app.state.merchant)
    )
    return HTMLResponse(body, 404, _headers("'none'"))


async def out_of_order(request: Request, error: Exception) -> Response:
    """Say to a payer that nothing can be paid now. Nothing was charged."""
    merchant = escape(request.app.state.merchant)
    body = page_template("out_of_order").substitute(merchant=merchant)
    return HTMLResponse(body, 503, {**_headers("'none'"), "Retry-After": "60"})


def _page(
    request: Request, name: str, row: Row, shown: Mapping[str, str], status: int = 200
) -> Response:
    body = page_template(name).substitute(
        merchant=escape(request.app.state.merchant),
        description=escape(row["description"]),
        amount=escape(words.amount(row["amount"], row["currency"])),
        reference=escape(row["reference"]),
        id=escape(row["id"]),
        **shown,
    )
    # A browser holds form-action against the redirect that follows a form, so the
    # merchant's origin must be named here, or the way back is blocked.
    parts = urlsplit(row["return_url"])
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return HTMLResponse(body, status, _headers(f"'self' {origin}".strip()))


def _headers(form_action: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; base-uri 'none'; "
            f"frame-ancestors 'none'; form-action {form_action}"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }


@cache
def page_template(name: str, width: str = "") -> Template:
    """Return the page of that name, to be filled in."""
    folder = files("paper_gateway") / "templates"
    page = Template((folder / "page.html").read_text("utf-8"))
    body = (folder / f"{name}.html").read_text("utf-8")
    title, _, main = body.partition("\n")
    return Template(page.safe_substitute(title=title, main=main, width=width))


# --- The way back ------------------------------------------------------------------


def _way_back(request: Request, row: Row, status: str) -> str:
    """Return the merchant's address with a signed hint of how it went."""
    secret = request.app.state.secrets[0]
    hint = urlencode(
        {
            "payment": row["id"],
            "status": status,
            "signature": return_signature(row["id"], status, row["reference"], secret),
        }
    )
    url: str = row["return_url"]
    address, mark, fragment = url.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{hint}{mark}{fragment}"


def _to(url: str) -> Response:
    return RedirectResponse(url, 303, {"Cache-Control": "no-store"})


def _payment(request: Request) -> Row | None:
    """Return the payment that is asked for; during an outage, raise `Refused`."""
    till: Till = request.app.state.till
    outage.refuse(till)
    try:
        row = till.payment(request.path_params["id"])
    except Refused:
        return None
    return None if row["off_session"] else row
