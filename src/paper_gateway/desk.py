"""
The control page: a salesperson's buttons, each of which calls what `/control` calls.
Who enters with the shared secret gets a cookie that proves it and holds it not.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from . import disputes, faults, methods, outage, words
from .pages import page_template
from .store import Row
from .till import Refused, Till

COOKIE = "__Host-paper-control"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

BANK = {
    "decline_soft": "Declines, softly",
    "decline_hard": "Declines, for good",
    "expired_method": "Declines: card expired",
    "requires_action": "Asks the payer’s bank",
    "pending_then_succeed": "Stays pending",
    "late_authorisation": "Declines, succeeds late",
    "short_capture": "Takes half only",
}
LINE = {
    "lost_response": "Lose the answer",
    "error_after": "Answer 500, having done it",
    "drop_before": "Drop the request",
    "rate_limited": "Answer 429",
}
POST = {
    "webhook_duplicate": "Send it twice",
    "webhook_drop": "Lose it",
    "webhook_reorder": "Let the next overtake it",
    "webhook_replay": "Send it again later",
}
OUTAGES = {"60": "1 minute", "300": "5 minutes", "21600": "6 hours", "0": "End it"}
LATER = 60.0  # Seconds after which what is to come later comes.


async def show(request: Request) -> Response:
    if not _entered(request):
        return _enter(request, 401)
    return _desk(request, "")


async def enter(request: Request) -> Response:
    secrets: tuple[str, ...] = request.app.state.secrets
    said = str((await request.form(max_files=0, max_fields=5)).get("secret", ""))
    good = [hmac.compare_digest(said.encode(), one.encode()) for one in secrets]
    if not any(good):
        return _enter(request, 403, "That is not the secret. Nothing was opened.")
    answer = RedirectResponse("/control", 303, HEADERS)
    answer.set_cookie(
        COOKIE, _proof(secrets[0]), httponly=True, secure=True, samesite="strict"
    )
    return answer


async def press(request: Request) -> Response:
    """Do what a button says. SameSite=Strict keeps other sites from pressing it."""
    if not _entered(request):
        return _enter(request, 401)
    form = await request.form(max_files=0, max_fields=5)
    act, _, value = str(form.get("do", "")).partition(":")
    verb = _VERBS.get(act)
    if verb is None:
        return _desk(request, "There is no such button.", 422)
    till: Till = request.app.state.till
    try:
        with till.store.transaction():
            said = verb(till, value)
    except Refused as refused:
        return _desk(request, refused.message, refused.status)
    return _desk(request, said)


# --- What the buttons do -------------------------------------------------------------


def _arm(till: Till, kind: str) -> str:
    if kind not in faults.KINDS:
        raise Refused(422, "no_such_fault", "There is no such fault.")
    faults.arm(till.store, scope="any", value="", kind=kind, times=1, seconds=LATER)
    return f"Armed for the next time: {kind}."


def _disarm(till: Till, _: str) -> str:
    gone = till.store.run("DELETE FROM faults")
    return f"Disarmed: {gone}."


def _break_down(till: Till, seconds: str) -> str:
    if seconds not in OUTAGES:
        raise Refused(422, "bad_seconds", "There is no such outage.")
    outage.start(till, float(seconds))
    return "It is out of order now." if seconds != "0" else "It is in order again."


def _dispute(till: Till, payment: str) -> str:
    disputes.dispute(till, payment)
    return f"{payment} is disputed: the bank has taken the money back."


def _reverse(till: Till, payment: str) -> str:
    disputes.reverse(till, payment)
    return f"The bank has corrected itself: {payment} was never paid."


def _decide(status: str) -> Callable[[Till, str], str]:
    def verb(till: Till, payment: str) -> str:
        disputes.decide(till, disputes.newest(till, payment)["id"], status)
        return f"The dispute about {payment} is {status}."

    return verb


def _settle(status: str) -> Callable[[Till, str], str]:
    def verb(till: Till, payment: str) -> str:
        till.settle(payment, status)
        return f"{payment} is {status} now."

    return verb


def _expire(till: Till, method: str) -> str:
    year, month = till.clock.today()
    year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    methods.reissue(till, method, expires=f"{year:04d}-{month:02d}")
    return f"{method} has expired."


def _remove(till: Till, method: str) -> str:
    methods.remove(till, method)
    return f"{method} is removed."


_VERBS: dict[str, Callable[[Till, str], str]] = {
    "arm": _arm,
    "disarm": _disarm,
    "outage": _break_down,
    "dispute": _dispute,
    "reverse": _reverse,
    "won": _decide("won"),
    "lost": _decide("lost"),
    "succeed": _settle("succeeded"),
    "decline": _settle("declined"),
    "expire": _expire,
    "remove": _remove,
}


# --- What is shown -------------------------------------------------------------------


def _desk(request: Request, said: str, status: int = 200) -> Response:
    till: Till = request.app.state.till
    down = outage.until(till)
    state = f"It is out of order until {_moment(down)}." if down else "It is in order."
    body = page_template("desk", "wide").substitute(
        merchant=escape(request.app.state.merchant),
        now=_moment(till.clock.now()),
        state=state,
        said=f'<p class="said" role="status">{escape(said)}</p>' if said else "",
        bank=_buttons("arm", BANK),
        line=_buttons("arm", LINE),
        post=_buttons("arm", POST),
        outage=_buttons("outage", OUTAGES),
        armed=_armed(till),
        payments=_payments(till),
        methods=_methods(till),
    )
    return HTMLResponse(body, status, HEADERS)


def _enter(request: Request, status: int, wrong: str = "") -> Response:
    body = page_template("enter").substitute(
        merchant=escape(request.app.state.merchant),
        wrong=f'<p class="error" role="alert">{wrong}</p>' if wrong else "",
    )
    return HTMLResponse(body, status, HEADERS)


def _armed(till: Till) -> str:
    rows = till.store.all("SELECT kind, scope, value, times FROM faults ORDER BY id")
    if not rows:
        return "<p>None.</p>"
    items = "".join(
        f"<li>{escape(row['kind'])} × {row['times']}: {escape(row['scope'])}"
        f" {escape(row['value'])}</li>"
        for row in rows
    )
    form = _form(_button("disarm:", "Disarm all"))
    return f"<ul>{items}</ul>{form}"


def _payments(till: Till) -> str:
    rows = till.store.all(
        "SELECT payments.*, (SELECT status FROM disputes WHERE payment = payments.id"
        " ORDER BY rowid DESC LIMIT 1) AS dispute"
        " FROM payments ORDER BY created_at DESC, rowid DESC LIMIT 20"
    )
    return _table(
        ("Payment", "Amount", "For", "Status", "What becomes of it"),
        [
            (
                f"<code>{escape(row['id'])}</code>",
                escape(words.amount(row["amount"], row["currency"])),
                escape(row["description"]),
                escape(_standing(row)),
                _form("".join(_button(f"{verb}:{row['id']}", said)
                              for verb, said in _choices(row).items())),
            )
            for row in rows
        ],
    )  # fmt: skip


def _standing(row: Row) -> str:
    told = f" ({row['reason']})" if row["reason"] else ""
    dispute = f", dispute {row['dispute']}" if row["dispute"] else ""
    return f"{row['status']}{told}{dispute}"


def _choices(row: Row) -> dict[str, str]:
    """Return the buttons that make sense for a payment now."""
    if row["status"] == "pending":
        return {"succeed": "Let it succeed", "decline": "Let it fail"}
    if row["status"] == "declined":
        return {"succeed": "Authorise it late"}
    if row["dispute"] == "open":
        return {"won": "Merchant wins", "lost": "Merchant loses"}
    if row["captured"] > row["refunded"] + row["disputed"]:
        return {"dispute": "Dispute it", "reverse": "Correct to failed"}
    return {}


def _methods(till: Till) -> str:
    return _table(
        ("Card", "Expires", "What becomes of it"),
        [
            (
                f"{escape(row['network'])} …{escape(row['last4'])}",
                escape(row["expires"]),
                _form(
                    _button(f"expire:{row['id']}", "Let it expire")
                    + _button(f"remove:{row['id']}", "Remove it")
                ),
            )
            for row in methods.saved(till)[:20]
        ],
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return "<p>None yet.</p>"
    titles = "".join(f'<th scope="col">{one}</th>' for one in head)
    lines = "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{titles}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _buttons(verb: str, choices: dict[str, str]) -> str:
    return "".join(_button(f"{verb}:{one}", said) for one, said in choices.items())


def _button(do: str, said: str) -> str:
    return (
        f'<button class="quiet" name="do" value="{escape(do)}">{escape(said)}</button>'
    )


def _form(buttons: str) -> str:
    return f'<form method="post" action="/control" class="buttons">{buttons}</form>'


def _moment(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%A %d %B %Y, %H:%M:%S} UTC"


def _entered(request: Request) -> bool:
    shown = request.cookies.get(COOKIE, "")
    known: tuple[str, ...] = request.app.state.secrets
    good = [hmac.compare_digest(shown.encode(), _proof(one).encode()) for one in known]
    return any(good)


def _proof(secret: str) -> str:
    return hmac.new(secret.encode(), b"control page", hashlib.sha256).hexdigest()
