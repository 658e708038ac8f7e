from __future__ import annotations

import pytest

from broadsheet.business.subscriptions import queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def save(admin_client, settings):
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": plain}}

    def post(ladder):
        page = admin_client.get(
            "/desk/settings/subscriptions/renewalpolicy/", follow=True
        )
        address = page.redirect_chain[-1][0]
        said = {
            "courtesy_hours": 12,
            "grace_days": 10,
            "longest_pause_days": 90,
            "renewals_on": "on",
            "notice_days_most": 30,
            "notice_days_least": 7,
            "step_notice_days": 21,
            "retry_after_days": ladder,
        }
        return admin_client.post(address, said)

    return post


@pytest.mark.parametrize(("ladder", "days"), [("2 5 7", [2, 5, 7]), ("", [])])
def test_the_desk_says_how_patient_we_are(save, ladder, days):
    assert save(ladder).status_code == 302
    policy = queries.policy()
    assert (policy.courtesy_hours, policy.grace_days, policy.ladder) == (12, 10, days)


@pytest.mark.parametrize("ladder", ["soon", "-1", "1,2", "1 2 333"])
def test_a_ladder_that_is_none_is_refused(save, ladder):
    assert save(ladder).status_code == 200
    assert queries.policy().ladder == [1, 2, 3]
