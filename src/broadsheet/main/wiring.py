"""
Who hears what, on one page. `at_once` runs inside the transaction that announces;
`later` runs in a job worker after it, and may run twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from broadsheet.business.catalogue.events import OfferChanged
from broadsheet.business.payments import events as payments
from broadsheet.business.subscriptions import actions as subscribing
from broadsheet.business.subscriptions import events as subscriptions
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.front.web import proofs
from broadsheet.gate.house import minting
from broadsheet.gate.house.events import (
    ErasureOwed,
    GiftTermsChanged,
    PolicyChanged,
    UnionOwed,
    WallsChanged,
)
from broadsheet.news.newsroom import actions as newsrooming
from broadsheet.news.newsroom import events as newsroom
from broadsheet.plumbing import jobs, outbox
from broadsheet.plumbing.outbox import Heard
from broadsheet.readers import events as readers

from . import hearers

ROUTES: Mapping[type, Heard] = {
    # The newsroom. The gate is told, and the search made to forget what is withheld
    # from now on, in the story's own transaction.
    newsroom.StoryPublished: Heard(
        at_once=(hearers.file_story, hearers.shut_search),
        many_at_once=(hearers.file_stories, hearers.shut_searches),
        later=(hearers.press_story, hearers.index_story),
    ),
    newsroom.StoryWithdrawn: Heard(at_once=(hearers.withdraw_story,)),
    newsroom.SectionChanged: Heard(later=(hearers.refile_section,)),
    newsroom.ListingsChanged: Heard(at_once=(hearers.listings_changed,)),
    newsroom.AuthorChanged: Heard(later=(hearers.press_author_anew,)),
    # The gate and the shop: what the wall says.
    PolicyChanged: Heard(later=(hearers.press_all_anew,)),
    GiftTermsChanged: Heard(later=(hearers.furnish,)),
    WallsChanged: Heard(later=(hearers.furnish,)),
    OfferChanged: Heard(later=(hearers.furnish,)),
    # What a meter that was out of reach still owes a reader.
    UnionOwed: Heard(later=(hearers.settle_union,)),
    ErasureOwed: Heard(later=(hearers.settle_erasure,)),
    # Readers. A pass is void the moment that its reason is.
    readers.LoggedIn: Heard(at_once=(hearers.unite_meters,)),
    readers.SessionEnded: Heard(at_once=(hearers.void_passes,)),
    readers.LoggedOutEverywhere: Heard(at_once=(hearers.void_passes,)),
    readers.PasswordChanged: Heard(at_once=(hearers.void_passes,)),
    readers.Erased: Heard(at_once=(hearers.forget_reader,)),
    # Money: one path for the gateway's word, whichever way it came.
    payments.PaymentSucceeded: Heard(at_once=(subscribing.on_payment_succeeded,)),
    payments.PaymentDeclined: Heard(at_once=(subscribing.on_payment_declined,)),
    payments.PaymentRefunded: Heard(
        at_once=(subscribing.on_payment_refunded,), later=(subscribing.send_refunded,)
    ),
    payments.PaymentDisputed: Heard(at_once=(subscribing.on_payment_disputed,)),
    payments.DisputeWon: Heard(at_once=(subscribing.on_dispute_won,)),
    payments.DisputeLost: Heard(at_once=(subscribing.on_dispute_lost,)),
    # Subscriptions. Access is granted and ended with the fact; letters follow.
    subscriptions.Granted: Heard(at_once=(hearers.admit,)),
    subscriptions.GrantEnded: Heard(at_once=(hearers.dismiss,)),
    subscriptions.Started: Heard(later=(subscribing.send_welcome,)),
    subscriptions.Renewed: Heard(later=(subscribing.send_renewed,)),
    subscriptions.Cancelled: Heard(later=(subscribing.send_cancelled,)),
    subscriptions.CancelledNow: Heard(later=(subscribing.send_cancelled_now,)),
    subscriptions.Lapsed: Heard(later=(subscribing.send_ended,)),
    subscriptions.Paused: Heard(
        at_once=(hearers.pause_delivery,), later=(subscribing.send_paused,)
    ),
    subscriptions.Resumed: Heard(
        at_once=(hearers.resume_delivery,), later=(subscribing.send_resumed,)
    ),
    subscriptions.PlanChanged: Heard(later=(subscribing.send_plan_changed,)),
    subscriptions.PriceRises: Heard(later=(subscribing.send_price_rises,)),
    subscriptions.Given: Heard(later=(subscribing.send_given,)),
    subscriptions.RenewalComing: Heard(later=(subscribing.send_renewal_coming,)),
    subscriptions.CardExpiring: Heard(later=(subscribing.send_card_expiring,)),
    subscriptions.PaymentTrouble: Heard(
        at_once=(hearers.void_passes,), later=(subscribing.send_payment_trouble,)
    ),
}


def connect() -> None:
    outbox.connect(ROUTES, defer=jobs.defer, defer_many=jobs.defer_many)
    newsrooming.print_proofs_with(proofs.draw)
    minting.ask_who_owes(subscribed.open_until)
