from __future__ import annotations

import pytest

from broadsheet.business.ledger import queries

pytestmark = pytest.mark.django_db

GOOD = {"legal_name": "Broadsheet Ltd", "address": "Fort, Mumbai", "state": "27",
        "gstin": "27AAPFU0939F1ZV", "series": "BS", "first_month": "4"}  # fmt: skip


@pytest.fixture
def save(admin_client, settings):
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": plain}}

    def post(**changes):
        page = admin_client.get("/desk/settings/ledger/seller/", follow=True)
        address = page.redirect_chain[-1][0]
        return admin_client.post(address, GOOD | changes)

    return post


def test_the_desk_says_who_issues_the_invoices(save):
    assert save().status_code == 302
    seller = queries.seller()
    assert (seller.legal_name, seller.gstin) == ("Broadsheet Ltd", "27AAPFU0939F1ZV")


@pytest.mark.parametrize(
    "change",
    [{"gstin": "27AAPFU0939F1ZW"}, {"state": "29"}, {"series": "TOOLONG"}],
)
def test_the_desk_refuses_what_no_invoice_may_carry(save, change):
    assert save(**change).status_code == 200
    assert queries.seller().legal_name == ""
