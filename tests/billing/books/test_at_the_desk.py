"""The books and the letters at the desk: who sees them, and at what cost."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission

from broadsheet.business.ledger import actions
from broadsheet.readers.models import Reader

pytestmark = pytest.mark.django_db
PAGES = [
    "books/",
    "books/gateway/INR/",
    "invoices/",
    "revenue/",
    "letters/",
    "letters/1/",
]


@pytest.fixture(autouse=True)
def plain_files(settings):
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": plain}}


def member(*codenames: str) -> Reader:
    reader = Reader.objects.create_user(email="finance@example.in")
    group = Group.objects.create(name="Finance")
    names = ("access_admin", *codenames)
    group.permissions.set(Permission.objects.filter(codename__in=names))
    reader.groups.add(group)
    return reader


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("page", PAGES)
def test_finance_reads_the_books_and_the_letters(client, paid, at, page):
    paid()
    client.force_login(member("view_entry", "view_subscription"))
    assert client.get(f"/desk/{page}").status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_others_at_the_desk_do_not(client, page):
    client.force_login(member())
    assert client.get(f"/desk/{page}").status_code in (302, 403)


def test_the_trial_balance_balances_on_every_day(admin_client, paid, at):
    paid()
    shown = text_of(admin_client.get("/desk/books/?on=2026-08-03"))
    assert (
        '<th scope="row" colspan="2">Sum, INR</th><td>₹900</td><td>₹900</td>' in shown
    )
    assert "Nothing had moved by then." in text_of(
        admin_client.get("/desk/books/?on=2026-08-02")
    )


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_invoices_costs_one_question(
    admin_client, paid, django_assert_num_queries, rows
):
    for _ in range(rows):
        invoice = paid(recipient="Asha")
    admin_client.get("/desk/invoices/")
    from broadsheet.business.ledger import queries

    with django_assert_num_queries(1):
        assert len(queries.issued()) == rows
    shown = text_of(admin_client.get("/desk/invoices/"))
    assert shown.count(">Asha<") == rows
    assert f"/desk/invoices/{invoice.id}.pdf" in shown


def test_an_invoice_is_found_by_the_beginning_of_its_number(admin_client, paid, at):
    first, second = paid(), paid()
    actions.credit(invoice_id=second.id, minor=100, reason="Kind", at=at)
    shown = text_of(admin_client.get("/desk/invoices/?number=bs/26-27/000002"))
    assert second.number in shown
    assert first.number not in shown
    assert "<td>₹1</td>" in shown


def test_older_invoices_are_on_the_next_page(admin_client, paid):
    from broadsheet.business.ledger import queries

    numbers = [paid().number for _ in range(3)]
    first = queries.issued(limit=2)
    rest = queries.issued(limit=2, before=first[-1].id)
    assert [row.number for row in (*first, *rest)] == numbers[::-1]
    answer = admin_client.get(f"/desk/invoices/?before={first[-1].id}")
    assert numbers[0] in text_of(answer)
    assert numbers[2] not in text_of(answer)


def test_a_letter_may_run_and_fetch_nothing(admin_client):
    answer = admin_client.get("/desk/letters/1/")
    policy = answer["Content-Security-Policy"]
    assert "sandbox;" in policy
    assert "default-src 'none'" in policy
    assert admin_client.get("/desk/letters/99/").status_code == 404


def test_the_chart_of_revenue_is_drawn_on_the_server(admin_client, paid, at):
    paid()
    shown = text_of(admin_client.get("/desk/revenue/"))
    assert "<svg" in shown
    assert "₹762.72 is paid for and not yet delivered" in shown
