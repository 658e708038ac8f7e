"""Every letter with made-up facts, for the desk to look at. Nobody is written to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import override

from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

from . import words
from .sending import compose
from .words import About, Letter, Receipt

NAME = "Asha Kulkarni"


@dataclass(frozen=True, slots=True)
class Sample:
    """A letter as it would arrive: subject, text, and HTML with its styles inlined."""

    name: str
    subject: str
    text: str
    html: str


def samples(*, at: datetime) -> tuple[Sample, ...]:
    """Return every letter there is, about a reader who does not exist."""
    with override(settings.LANGUAGE_CODE):
        return tuple(_sample(letter, at) for letter in _letters())


def _sample(letter: Letter, at: datetime) -> Sample:
    mail = compose(letter, to="asha@example.com", name=NAME, key=letter.name, at=at)
    html, _type = mail.alternatives[0]
    return Sample(letter.name, str(mail.subject), str(mail.body), str(html))


def _letters() -> list[Letter]:
    paper = publication.current()

    def money(minor: int) -> str:
        return Money(minor, "INR").format(paper.locale)

    about = About(paper.name, "Smart Quarterly", money(90_000), "3 November 2026")
    receipt = Receipt(
        number="BS/26-27/000001",
        path="/account/",
        what="Smart Quarterly",
        place="Maharashtra",
        taxable=money(76_272),
        taxes=(("CGST", money(6_864)), ("SGST", money(6_864))),
        total=money(90_000),
    )
    day, later = "2 November 2026", "9 November 2026"
    return [
        words.welcome(about, receipt),
        words.trial_ending(about, amount=money(90_000), day=day),
        words.renewal_coming(about, amount=money(90_000), day=day),
        words.renewed(about, receipt),
        words.receipt_again(about, receipt),
        words.price_change(about, old=money(90_000), new=money(99_000), day=day),
        words.card_expiring(about, card="Visa ···· 4242", month="November 2026"),
        words.payment_trouble(about, until=later, again="4 November 2026", tries=1),
        words.payment_trouble(about, until=later, again="6 November 2026", tries=2),
        words.payment_trouble(about, until=later, again="", tries=3),
        words.ended(about, unpaid=True),
        words.ended(about, unpaid=False),
        words.paused(about, since=day, resumes="2 December 2026", bills="3 March 2027"),
        words.resumed(about, bills="3 March 2027"),
        words.plan_changed(about, since=day, receipt=receipt),
        words.cancelled(about, until=day),
        words.cancelled_now(about, back=money(45_000)),
        words.refunded(about, back=money(45_000), noted=True),
        words.comp_given(about, until=day),
    ]
