"""Information pages: free, sanitised, served by Wagtail's own routing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import RequestFactory
from wagtail.models import Site

from broadsheet.news.newsroom.models import InfoPage
from broadsheet.news.newsroom.models.showing import blocks_of
from broadsheet.news.newsroom.rules import Block


@pytest.fixture
def about(db: None) -> Any:
    body = json.dumps([{"type": "paragraph", "value": "<p>Who we are.</p>"}])
    page = InfoPage(title="About us", slug="about", body=body)
    Site.objects.get().root_page.add_child(instance=page)
    return page


def test_an_information_page_is_shown_as_blocks(about):
    request = RequestFactory().get("/about/")
    context = about.get_context(request)

    assert context["blocks"] == (Block("paragraph", {"html": "Who we are."}),)
    assert context["page"] == about
    assert about.get_template(request) == "pages/info.html"


@pytest.mark.parametrize("served", [True, False])
def test_a_link_to_a_page_becomes_its_address(about, settings, served):
    settings.ROOT_URLCONF = "wagtail.urls" if served else "wagtail.admin.urls"
    html = f'<p>See <a linktype="page" id="{about.pk}">us</a>.</p>'
    page = InfoPage(body=json.dumps([{"type": "paragraph", "value": html}]))
    (block,) = blocks_of(page.body)
    link = '<a href="/about/" rel="noopener">' if served else '<a rel="noopener">'

    assert block.data["html"] == f"See {link}us</a>."
