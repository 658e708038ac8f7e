from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from broadsheet.business.ledger.models import InvoiceSeries
from broadsheet.main.cli.ledger import ledger

pytestmark = pytest.mark.django_db


def test_sound_books_are_said_to_be_sound(billed, at):
    result = CliRunner().invoke(ledger, ["check"])
    assert (result.exit_code, result.output) == (0, "0 findings.\n")


def test_a_gap_in_the_numbers_is_found_and_fails_the_command():
    InvoiceSeries.objects.create(series="BS", financial_year="26-27", last=3)
    result = CliRunner().invoke(ledger, ["check", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.output) == [
        {
            "invariant": "I10 numbers of a series are consecutive",
            "subject": "BS/26-27",
            "message": "last 3, issued 0",
        }
    ]
