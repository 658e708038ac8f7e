from __future__ import annotations

import pytest

from broadsheet.kit.addresses import local_path


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/account/",
        "/markets/rupee-12/#p-7",
        "/search/?q=rupee&from=1997-01-01#results",
        "/search/?next=https://example.com/",
        "/a%20b/",
        "/%2F%2Fevil.example/",
        "/समाचार/कहानी-1/",
    ],
)
def test_a_path_on_this_site_is_kept(path):
    assert local_path(path) == path


@pytest.mark.parametrize(
    "value",
    [
        "",
        "account/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/ /evil.example",
        " //evil.example",
        "\x00/account/",
        "https:evil.example",
        "https://evil.example/",
        "http:///evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "%2F%2Fevil.example",
        "/.//evil.example",
        "/a/..//evil.example",
        "/account/\r\nSet-Cookie: a=b",
        "/" + "a" * 2000,
    ],
)
def test_every_other_place_is_refused(value):
    assert local_path(value) == ""


def test_what_is_too_long_to_keep_or_goes_elsewhere_is_replaced_whole():
    path = "/" + "a" * 499
    assert local_path(path, otherwise="/account/", longest=500) == path
    assert local_path(path + "a", otherwise="/account/", longest=500) == "/account/"
    assert local_path("//evil.example", otherwise="/") == "/"
