"""The cases of docs/algorithms/cases.md, on the same paper as tests/subscriptions."""

from __future__ import annotations

import pytest

from broadsheet.business.subscriptions import actions
from broadsheet.business.subscriptions.models import Subscription
from tests.subscriptions.conftest import ear, gateway, paper

__all__ = ["ear", "gateway", "paper"]


@pytest.fixture
def row(paper) -> Subscription:
    """A quarterly subscriber since 3 August 2026; her time ends with 2 November."""
    row = paper.buy()
    paper.said()
    return row


@pytest.fixture
def fresh(row):
    """Read the subscription again."""
    return lambda: Subscription.objects.get(pk=row.pk)


@pytest.fixture
def hers(paper, row):
    """Call a verb as the subscription's own reader."""

    def call(verb, at, **said):
        asked = {"reader": paper.reader, "subscription_id": row.pk, "at": at, **said}
        return getattr(actions, verb)(**asked)

    return call
