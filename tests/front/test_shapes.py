"""The pattern book's samples have the shapes of what the rooms hand out."""

from __future__ import annotations

from dataclasses import fields

import pytest

from broadsheet.business.catalogue.queries import PlanOffer
from broadsheet.business.ledger.queries import InvoiceFacts
from broadsheet.business.subscriptions.queries import SubscriptionView
from broadsheet.front.theme.patterns import sample, story
from broadsheet.news.newsroom import queries as newsroom


def real(kind: type) -> set[str]:
    derived = {n for n, v in vars(kind).items() if isinstance(v, property)}
    return {field.name for field in fields(kind)} | derived


@pytest.mark.parametrize(
    "made, kind",
    [
        (lambda: sample.teaser(0), newsroom.Teaser),
        (lambda: sample.teaser(0).picture, newsroom.Picture),
        (lambda: sample.SECTIONS[0], newsroom.SectionLink),
        (lambda: sample.listing("Economy"), newsroom.Listing),
        (lambda: sample.front(), newsroom.FrontPage),
        (lambda: story.page(), newsroom.StoryPage),
        (lambda: story.blocks()[0], newsroom.Block),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_sample_has_all_the_fields_and_no_others(made, kind):
    assert set(vars(made())) == real(kind)


@pytest.mark.parametrize(
    "made, kind",
    [
        (lambda: sample.offers()[0], PlanOffer),
        (lambda: sample.subscription(), SubscriptionView),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_sample_has_no_field_that_the_room_does_not_hand_out(made, kind):
    assert set(vars(made())) - real(kind) == set()


def test_an_invoice_is_shown_by_fields_that_it_has():
    shown = set(vars(sample.invoices()[0]))
    # An address is the account's to add, when it shows invoices one by one.
    assert shown - real(InvoiceFacts) == {"path"}
