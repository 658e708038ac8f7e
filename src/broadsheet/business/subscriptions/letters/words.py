"""
What each letter says. One function a letter: facts in words go in, the letter comes out,
in the language that is active. Nothing here reads a table or a clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

ACCOUNT = "/account/"


@dataclass(frozen=True, slots=True)
class About:
    """Whom it is about: the paper, the plan, its price; days are written out."""

    paper: str
    plan: str
    price: str
    renews_on: str = ""  # Empty: it does not renew.


@dataclass(frozen=True, slots=True)
class Receipt:
    """An invoice that was paid, as a letter shows it."""

    number: str
    path: str
    what: str
    place: str
    taxable: str
    taxes: tuple[tuple[str, str], ...]
    total: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter without its address. `way` is the one place it leads to."""

    name: str
    subject: str
    paragraphs: tuple[str, ...]
    heading: str = ""  # Else the subject.
    receipt: Receipt | None = None
    way: str = ACCOUNT
    way_words: str = ""  # Else "Your account".


def _next_charge(about: About) -> tuple[str, ...]:
    if not about.renews_on:
        return ()
    says = _(
        "The next charge is %(price)s on %(day)s. You can cancel at any time in your "
        "account."
    )
    return (says % {"price": about.price, "day": about.renews_on},)


def welcome(about: About, receipt: Receipt | None) -> Letter:
    words = {
        "paper": about.paper,
        "plan": about.plan,
        "price": about.price,
        "day": about.renews_on,
    }
    renews = _(
        "It renews on %(day)s for %(price)s, unless you cancel before. You can cancel at "
        "any time in your account."
    )
    opening = _(
        "Welcome. You have %(plan)s, and everything in %(paper)s is open to you."
    )
    return Letter(
        "welcome",
        (
            _("Welcome to %(paper)s: your receipt")
            if receipt
            else _("Welcome to %(paper)s")
        )
        % words,
        (opening % words, *([renews % words] if about.renews_on else [])),
        heading=_("Welcome to %(paper)s") % words,
        receipt=receipt,
    )


def renewed(about: About, receipt: Receipt) -> Letter:
    words = {"paper": about.paper, "plan": about.plan}
    return Letter(
        "renewed",
        _("Your subscription to %(paper)s is renewed: your receipt") % words,
        (_("Your %(plan)s is renewed. Thank you.") % words, *_next_charge(about)),
        heading=_("Your subscription is renewed"),
        receipt=receipt,
    )


def receipt_again(about: About, receipt: Receipt) -> Letter:
    words = {"paper": about.paper, "number": receipt.number}
    return Letter(
        "receipt-again",
        _("Your receipt %(number)s from %(paper)s") % words,
        (_("Here is the receipt again, as it was issued."),),
        heading=_("Your receipt"),
        receipt=receipt,
    )


def renewal_coming(about: About, *, amount: str, day: str) -> Letter:
    words = {"paper": about.paper, "plan": about.plan, "amount": amount, "day": day}
    return Letter(
        "renewal-coming",
        _("Your subscription to %(paper)s renews on %(day)s") % words,
        (
            _("Your %(plan)s renews on %(day)s, and %(amount)s will be charged.")
            % words,
            _(
                "You need do nothing to keep it. If you do not want it any more, cancel "
                "before that day with one button in your account, and nothing is charged."
            ),
        ),
        heading=_("Your subscription renews soon"),
        way_words=_("Keep, change or cancel it"),
    )


def trial_ending(about: About, *, amount: str, day: str) -> Letter:
    words = {"paper": about.paper, "plan": about.plan, "amount": amount, "day": day}
    return Letter(
        "trial-ending",
        _("Your trial of %(paper)s ends on %(day)s") % words,
        (
            _(
                "Your trial of %(plan)s ends on %(day)s. From then on it is %(amount)s, "
                "which is charged on that day."
            )
            % words,
            _(
                "If you do not want to go on, cancel before that day with one button in "
                "your account, and nothing is charged."
            ),
        ),
        heading=_("Your trial ends soon"),
        way_words=_("Keep or cancel it"),
    )


def price_change(about: About, *, old: str, new: str, day: str) -> Letter:
    words = {
        "paper": about.paper,
        "plan": about.plan,
        "old": old,
        "new": new,
        "day": day,
    }
    return Letter(
        "price-change",
        _("The price of your subscription to %(paper)s changes on %(day)s") % words,
        (
            _(
                "From your renewal on %(day)s, your %(plan)s costs %(new)s. Until then it "
                "stays at %(old)s."
            )
            % words,
            _(
                "If you agree, you need do nothing. If not, cancel before that day with "
                "one button in your account; what you have paid for stays yours."
            ),
        ),
        heading=_("A new price from your next renewal"),
        way_words=_("See your plan"),
    )


def card_expiring(about: About, *, card: str, month: str) -> Letter:
    words = {"plan": about.plan, "card": card, "month": month, "price": about.price}
    paragraphs = [
        _("The card with which you pay for %(plan)s, %(card)s, expires in %(month)s.")
        % words,
        _(
            "Many banks tell us the new card by themselves, so it may go on as before. To "
            "be sure, name another card in your account; nothing is charged for that."
        ),
    ]
    return Letter(
        "card-expiring",
        _("Your card expires in %(month)s") % words,
        tuple(paragraphs),
        way_words=_("Change the card"),
    )


def payment_trouble(about: About, *, until: str, again: str, tries: int) -> Letter:
    words = {
        "paper": about.paper,
        "plan": about.plan,
        "price": about.price,
        "until": until,
        "again": again,
    }
    first = _("We could not collect %(price)s for your %(plan)s. Nothing was charged.")
    later = _(
        "We tried again to collect %(price)s for your %(plan)s, and your bank refused. "
        "Nothing was charged."
    )
    planned = _("We try again on %(again)s.")
    last = _("We do not try again by ourselves.")
    return Letter(
        "payment-trouble",
        _("Your payment to %(paper)s did not go through") % words,
        (
            (first if tries <= 1 else later) % words,
            _("Everything stays open until the end of %(until)s.") % words
            + " "
            + (planned if again else last) % words,
            _(
                "You can also pay now with any card: one button in your account does it."
            ),
        ),
        heading=_("Your payment did not go through"),
        way_words=_("Pay in your account"),
    )


def ended(about: About, *, unpaid: bool) -> Letter:
    words = {"paper": about.paper, "plan": about.plan}
    why = _(
        "Your %(plan)s has ended, because it could not be paid. You owe nothing, and "
        "nothing will be charged."
    )
    over = _("Your %(plan)s has ended. Nothing will be charged.")
    return Letter(
        "ended",
        _("Your subscription to %(paper)s has ended") % words,
        (
            (why if unpaid else over) % words,
            _(
                "You are welcome back at any time. Your account and what you saved stay."
            ),
        ),
        heading=_("Your subscription has ended"),
        way="/subscribe/",
        way_words=_("Subscribe again"),
    )


def cancelled(about: About, *, until: str) -> Letter:
    words = {"paper": about.paper, "plan": about.plan, "until": until}
    return Letter(
        "cancelled",
        _("Your subscription to %(paper)s is cancelled") % words,
        (
            _(
                "Your %(plan)s is cancelled. Everything works until the end of %(until)s. "
                "You will not be charged again."
            )
            % words,
            _(
                "If you change your mind before that day, you can keep the subscription "
                "with one button in your account."
            ),
        ),
        heading=_("Your subscription is cancelled"),
    )


def cancelled_now(about: About, *, back: str) -> Letter:
    words = {"paper": about.paper, "plan": about.plan, "back": back}
    goes = _(
        "%(back)s go back to the card you paid with, for the days you gave up. Banks take "
        "five to seven days to show it."
    )
    return Letter(
        "cancelled-now",
        _("Your subscription to %(paper)s has ended, as you asked") % words,
        (
            _("Your %(plan)s has ended. You will not be charged again.") % words,
            *([goes % words] if back else []),
        ),
        heading=_("Your subscription has ended"),
    )


def refunded(about: About, *, back: str, noted: bool) -> Letter:
    words = {"paper": about.paper, "back": back}
    return Letter(
        "refunded",
        _("%(paper)s has returned %(back)s to you") % words,
        (
            _(
                "%(back)s have gone back to the card you paid with. Banks take five to "
                "seven days to show it."
            )
            % words,
            *(
                [_("The credit note is with the invoice in your account.")]
                if noted
                else []
            ),
        ),
        heading=_("Your refund is on its way"),
    )


def paused(about: About, *, since: str, resumes: str, bills: str) -> Letter:
    words = {
        "paper": about.paper,
        "plan": about.plan,
        "since": since,
        "resumes": resumes,
        "bills": bills,
    }
    return Letter(
        "paused",
        _("Your subscription to %(paper)s is paused until %(resumes)s") % words,
        (
            _(
                "Your %(plan)s is paused from %(since)s. It starts again by itself on "
                "%(resumes)s, with every day you have paid for."
            )
            % words,
            _(
                "Nothing is charged meanwhile; the next charge is on %(bills)s. You can "
                "end the pause, or cancel, at any time in your account."
            )
            % words,
        ),
        heading=_("Your subscription is paused"),
    )


def resumed(about: About, *, bills: str) -> Letter:
    words = {
        "paper": about.paper, "plan": about.plan, "price": about.price, "bills": bills,
    }  # fmt: skip
    return Letter(
        "resumed",
        _("Your subscription to %(paper)s is running again") % words,
        (
            _("The pause is over: your %(plan)s is open to you again.") % words,
            _(
                "The next charge is %(price)s on %(bills)s. You can cancel at any time in "
                "your account."
            )
            % words,
        ),
        heading=_("Welcome back"),
    )


def plan_changed(about: About, *, since: str, receipt: Receipt | None) -> Letter:
    words = {"paper": about.paper, "plan": about.plan, "since": since}
    return Letter(
        "plan-changed",
        _("Your subscription to %(paper)s is now %(plan)s") % words,
        (
            _("You have changed to %(plan)s, from %(since)s on.") % words,
            *_next_charge(about),
        ),
        heading=_("Your plan has changed"),
        receipt=receipt,
    )


def comp_given(about: About, *, until: str) -> Letter:
    words = {"paper": about.paper, "plan": about.plan, "until": until}
    return Letter(
        "comp-given",
        _("A subscription to %(paper)s, with our compliments") % words,
        (
            _(
                "%(paper)s gives you %(plan)s. Everything is open to you until the end of "
                "%(until)s."
            )
            % words,
            _("It costs nothing, now or later: it simply ends on that day."),
        ),
        heading=_("With our compliments"),
    )
