"""Invoices and credit notes as PDF: what stands on them, and that names are set right."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

import pypdfium2
import pytest

from broadsheet.business.ledger import actions
from broadsheet.business.ledger.models import Seller
from broadsheet.readers.models import Reader

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def seller():
    return Seller.objects.create(
        legal_name="Broadsheet Media Ltd",
        address="Nariman Point\nMumbai 400021",
        gstin="27AAPFU0939F1ZV",
    )


def words(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) == 1
        text = document[0].get_textpage().get_text_bounded()
    return " ".join(text.split())


def ink(pdf: bytes) -> int:
    """How many pixels wide the recipient's name is, on a page drawn large."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0].render(scale=4).to_pil().convert("L")
    half = page.crop((page.width // 2, page.height // 5, page.width, page.height // 4))
    left, _, right, _ = half.point(lambda shade: 255 * (shade < 128)).getbbox()
    return right - left


def test_an_invoice_says_all_that_rule_46_asks(paid):
    invoice = paid(recipient="Asha Kulkarni")
    text = words(actions.draw_invoice(invoice.id))
    for said in (
        "Tax invoice",
        "Number BS/26-27/000001",
        "Date 3 August 2026",
        "Place of supply 27 Maharashtra",
        "Broadsheet Media Ltd Nariman Point Mumbai 400021 GSTIN 27AAPFU0939F1ZV",
        "Asha Kulkarni",
        "Smart Quarterly 3 August 2026 to 2 November 2026 998431 ₹762.72",
        "CGST at 9% ₹68.64 SGST at 9% ₹68.64 Total ₹900.00",
        "Rupees Nine Hundred Only",
        "No tax is payable on reverse charge.",
    ):
        assert said in text


def test_case_112_a_businesss_gstin_stands_on_its_invoice(billed, paid, at):
    reader = uuid4()
    with pytest.raises(actions.NotAGstin):
        actions.record_buyer(
            reader, gstin="29AAGCB7383J1Z5", name="X", address="", at=at
        )
    actions.record_buyer(
        reader, gstin=" 29aagcb7383j1z4 ", name="Basava Pvt Ltd",
        address="MG Road\nBengaluru 560001", at=at,
    )  # fmt: skip
    invoice = paid(reader=reader)
    assert (invoice.recipient_gstin, invoice.place) == ("29AAGCB7383J1Z4", "29")
    text = words(actions.draw_invoice(invoice.id))
    assert "Basava Pvt Ltd MG Road Bengaluru 560001 GSTIN 29AAGCB7383J1Z4" in text
    assert "IGST at 18%" in text
    # She moves: the registration does not move along.
    actions.record_place(reader, "27", at=at)
    assert paid(reader=reader).recipient_gstin == ""


def test_an_export_names_no_code_of_service_and_says_that_it_is_one(paid):
    text = words(actions.draw_invoice(paid(place="DE").id))
    assert "998431" not in text
    assert "Supply meant for export under letter of undertaking" in text


def test_case_113_a_credit_note_refers_to_its_invoice(paid, at):
    invoice = paid()
    note = actions.credit(
        invoice_id=invoice.id, minor=45_000, reason="Left early", at=at
    )
    text = words(actions.draw_credit_note(note.id))
    for said in (
        "Credit note Number CN/26-27/000001",
        "On invoice BS/26-27/000001, 3 August 2026",
        "Left early",
        "₹381.36 CGST at 9% ₹34.32 SGST at 9% ₹34.32 Total ₹450.00",
    ):
        assert said in text


@pytest.mark.parametrize(
    "name",
    ["ज्ञानेश्वरी क्षेत्रपाल", "கௌசல்யா ராமகிருஷ்ணன்", "ক্ষুদিরাম", "ਸ਼੍ਰੀ", "క్షేత్రయ్య", "ಕೃಷ್ಣ"]
    + ["ക്ഷേത്രം", "କ୍ଷେତ୍ର", "ક્ષેત્ર", "Đặng Zoë Łukasiewicz"],
)  # fmt: skip
def test_names_of_india_and_elsewhere_are_all_there(paid, name):
    # What a face has no letter for is not among the words of the page.
    assert name in words(actions.draw_invoice(paid(recipient=name).id))


@pytest.mark.parametrize(
    ("joined", "apart"), [("क्ष" * 4, "क्\u200cष" * 4), ("ஸ்ரீ" * 4, "ஸ்\u200cரீ" * 4)]
)
def test_letters_that_join_are_joined(paid, joined, apart):
    widths = [
        ink(actions.draw_invoice(paid(recipient=name).id)) for name in (joined, apart)
    ]
    assert widths[0] < widths[1] * 9 // 10


def test_a_name_is_never_markup(paid):
    name = '#eval("1+1") $x$ *b* `c` <a> @d \\ "'
    assert name in words(actions.draw_invoice(paid(recipient=name).id))


def test_the_same_invoice_is_the_same_bytes(paid):
    invoice = paid(recipient="Asha Kulkarni")
    first = actions.draw_invoice(invoice.id)
    assert actions.draw_invoice(invoice.id) == first
    assert first != actions.draw_invoice(paid(recipient="Asha Kulkarni").id)


def test_an_open_invoice_is_not_drawn(billed):
    with pytest.raises(actions.NotIssued):
        actions.draw_invoice(billed().id)


def test_a_reader_downloads_her_own_documents_and_no_others(
    client, paid, settings, at: datetime
):
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": plain}}
    hers, other = (
        Reader.objects.create_user(email=f"{name}@example.in") for name in ("a", "b")
    )
    invoice = paid(reader=hers.public_id)
    note = actions.credit(invoice_id=invoice.id, minor=100, reason="Kind", at=at)
    pages = [
        f"/account/invoices/{invoice.id}/invoice.pdf",
        f"/account/credit-notes/{note.id}/note.pdf",
    ]
    client.force_login(hers)
    for page, name in zip(pages, ("BS-26-27-000001", "CN-26-27-000001"), strict=True):
        answer = client.get(page)
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"] == f'inline; filename="{name}.pdf"'
        assert answer.content.startswith(b"%PDF-1.7")
    client.force_login(other)
    assert [client.get(page).status_code for page in pages] == [404, 404]
