"""The pure rules: sentences, lead-ins, counting, addresses, embargoes, markup."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.news.newsroom.rules import (
    RESERVED,
    Block,
    bad_access,
    bad_slug,
    clean_block,
    lead_in,
    reading_minutes,
    sentence_ends,
    story_path,
    under_embargo,
    word_count,
)
from broadsheet.news.newsroom.rules.blocks import plain
from broadsheet.news.newsroom.rules.clean import paragraphs


def paragraph(markup: str) -> Block:
    return Block("paragraph", {"html": markup})


def sentences(text: str) -> list[str]:
    cuts = [0, *sentence_ends(text)]
    return [text[a:b].strip() for a, b in zip(cuts, cuts[1:], strict=False)]


@pytest.mark.parametrize(
    "expected",
    [
        ["The rate was held.", "Nobody was surprised."],
        ["Mr. Rao paid Rs. 4,500 to Dr. A. K. Menon.", "He was pleased."],
        ["The U.S. Federal Reserve waited.", "So did we."],
        ["It rose 2.5 per cent to 24,812.40 points.", "Then it fell."],
        ["“Why now?” asked Asha.", "No one knew!", "(Not even the bank.)"],
        ["“We wait.”", "He left."],
        ["रिज़र्व बैंक ने दर नहीं बदली।", "किसी को आश्चर्य नहीं हुआ।"],
        ["He waited … and waited.", "Then he left."],
        ["Turnover at Tata Motors Ltd. rose.", "Profit fell."],
        ["It ended at 5 p.m. on Monday.", "Rain fell."],
        ["No stop at all"],
        ["One.", "Two without a stop"],
        ["Prices, i.e. those of St. Petersburg and Mt. Abu, rose.", "Really?"],
    ],
)
def test_sentences_end_where_a_reader_would_say(expected):
    assert sentences(" ".join(expected)) == expected


def words(number: int) -> str:
    """Return a sentence of `number` words."""
    return " ".join(["word"] * (number - 1) + ["end."]).capitalize()


def shown(blocks, least=50, most=100):
    return [block.data["html"] for block in lead_in(blocks, least, most)]


def test_a_lead_in_takes_whole_sentences_until_it_has_enough():
    story = [paragraph(f"{words(30)} {words(30)} {words(30)}"), paragraph(words(30))]

    assert shown(story) == [f"{words(30)} {words(30)}"]


def test_a_lead_in_goes_over_paragraphs_and_past_a_picture():
    story = [
        Block("image", {"picture": 1}),
        paragraph(words(20)),
        Block("heading", {"text": "More", "level": 2}),
        paragraph(f"{words(40)} {words(40)}"),
    ]

    assert shown(story) == [words(20), words(40)]


def test_a_sentence_that_would_pass_the_maximum_is_left_out():
    story = [paragraph(f"{words(40)} {words(70)} {words(5)}")]

    assert shown(story) == [words(40)]


def test_a_single_long_sentence_is_cut_at_a_word_with_an_ellipsis():
    story = [paragraph(words(140)), paragraph(words(5))]

    assert shown(story) == [" ".join(["Word"] + ["word"] * 99) + "…"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["First fact. The withheld fact."], ["First fact."]),
        (["First fact.", "The withheld fact."], ["First fact."]),
        (["One sentence of six words only."], ["One sentence of…"]),
        (["Word"], []),
        ([" "], []),
        ([], []),
    ],
)
def test_the_last_sentence_is_never_shown(texts, expected):
    assert shown([paragraph(text) for text in texts]) == expected


def test_a_cut_paragraph_keeps_its_markup_well_formed():
    story = [
        paragraph(
            'A <b>bold <a href="/x/" rel="noopener">claim &amp; more. It</a> goes on</b>'
            " and on. End."
        )
    ]

    assert shown(story, least=1) == [
        'A <b>bold <a href="/x/" rel="noopener">claim &amp; more.</a></b>'
    ]


def test_text_is_never_taken_for_markup():
    story = [paragraph("If a &lt; b then &lt;script&gt; is text. Yes. No.")]

    assert shown(story, least=1) == ["If a &lt; b then &lt;script&gt; is text."]


TEXT = st.text(
    alphabet=st.sampled_from(list("ab Zé.?!…।Mr<>&\"'0,\n\u00a0 ")), max_size=120
)
MARKUP = st.builds(
    lambda texts, tags: "".join(
        f"<{tag}>{html.escape(text, quote=False)}</{tag}>"
        if tag
        else html.escape(text, quote=False)
        for text, tag in zip(texts, tags, strict=False)
    ),
    st.lists(TEXT, max_size=5),
    st.lists(st.sampled_from(["", "b", "em", "a"]), min_size=5, max_size=5),
)


@settings(max_examples=300, deadline=None)
@given(
    markups=st.lists(MARKUP, max_size=6),
    least=st.integers(1, 30),
    more=st.integers(0, 30),
)
def test_a_lead_in_is_a_prefix_and_never_longer_than_the_maximum(markups, least, more):
    story = [paragraph(markup) for markup in markups]
    whole = _text(story)
    lead = lead_in(story, least, least + more)
    text = _text(lead).removesuffix("…").rstrip()

    assert whole.startswith(text)
    assert len(text.split()) <= least + more
    assert whole == "" or len(text) < len(whole)  # Something is always withheld.
    for block in lead:
        assert _well_formed(block.data["html"])


def _text(blocks) -> str:
    parts = (html.unescape(re.sub("<[^>]*>", "", b.data["html"])) for b in blocks)
    return " ".join(" ".join(part.split()) for part in parts if part.strip())


def _well_formed(markup: str) -> bool:
    opened = []
    for closing, name in re.findall(r"<(/?)(\w+)[^>]*>", markup):
        if not closing:
            opened.append(name)
        elif not opened or opened.pop() != name:
            return False
    return opened == []


def test_a_paragraph_of_thousands_of_stops_is_read_in_linear_time():
    story = [paragraph("a. " * 50_000)]

    assert len(lead_in(story)) == 1


def test_words_are_counted_where_a_reader_reads():
    blocks = [
        paragraph("Two <b>wo</b>rds<br>three"),
        Block("heading", {"text": "One", "level": 2}),
        Block("quote", {"html": "<p>He said</p><p>so</p>", "attribution": "A Rao"}),
        Block("list", {"html": "<ul><li>one</li><li>two</li></ul>"}),
        Block("table", {"rows": [["not", "counted"]], "header": False, "caption": ""}),
        Block("image", {"picture": 3}),
    ]

    assert word_count(blocks) == 3 + 1 + 5 + 2


@pytest.mark.parametrize(
    ("count", "minutes"), [(0, 1), (1, 1), (230, 1), (231, 2), (2300, 10)]
)
def test_reading_time_is_rounded_up(count, minutes):
    assert reading_minutes(count) == minutes


@pytest.mark.parametrize("slug", ["markets", "world-news", "g20", "2026"])
def test_a_section_may_live_at_a_plain_address(slug):
    assert bad_slug(slug) is None


@pytest.mark.parametrize(
    "slug", ["", "Markets", "a--b", "-a", "a_b", "a/b", "बाज़ार", "a" * 81, "a\n"]
)
def test_a_section_cannot_live_at_a_strange_address(slug):
    assert bad_slug(slug) is not None


def test_a_section_cannot_take_an_address_of_the_site():
    asked = (
        "accounts account subscribe search archive epaper newsletters api desk feeds "
        "static media authors topics healthz readyz metrics payments sitemap.xml"
    ).split()

    assert set(asked) <= RESERVED
    assert [slug for slug in RESERVED if bad_slug(slug) is None] == []


@pytest.mark.parametrize("access", ["free", "metered", "premium", "vertical:smart"])
def test_known_classes_are_taken(access):
    assert bad_access(access) is None


@pytest.mark.parametrize("access", ["", "paid", "vertical:", "vertical:A", "free\n"])
def test_unknown_classes_are_refused(access):
    assert bad_access(access) is not None


def test_a_storys_address():
    assert story_path("markets", "rate-held", 41) == "/markets/rate-held-41/"


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("until", "go_live_at", "barred"),
    [
        (None, None, False),
        (-HOUR, None, False),
        (0 * HOUR, None, False),
        (HOUR, None, True),
        (HOUR, 0 * HOUR, True),
        (HOUR, HOUR, False),
        (HOUR, 2 * HOUR, False),
        (HOUR, -2 * HOUR, True),
        (None, HOUR, False),
    ],
)
def test_an_embargo_bars_what_would_go_live_before_its_instant(
    at: datetime, until, go_live_at, barred
):
    until = None if until is None else at + until
    go_live_at = None if go_live_at is None else at + go_live_at

    assert under_embargo(until, go_live_at, at) is barred


@pytest.mark.parametrize(
    ("kind", "given_html", "stored"),
    [
        ("paragraph", "<p>a<script>alert(1)</script>b</p>", "<p>ab</p>"),
        ("paragraph", '<p onclick="x()">a</p>', "<p>a</p>"),
        ("paragraph", '<b style="color:red">a</b>', "<p><b>a</b></p>"),
        (
            "paragraph",
            '<a href="javascript:alert(1)">a</a>',
            '<p><a rel="noopener">a</a></p>',
        ),
        (
            "paragraph",
            '<a href="JaVa\tscript:alert(1)">a</a>',
            '<p><a rel="noopener">a</a></p>',
        ),
        (
            "paragraph",
            '<a href="/markets/" target="_blank" rel="opener">a</a>',
            '<p><a href="/markets/" rel="noopener">a</a></p>',
        ),
        (
            "paragraph",
            '<a href="mailto:a@example.com">a</a>',
            '<p><a href="mailto:a@example.com" rel="noopener">a</a></p>',
        ),
        ("paragraph", "<p>a</p><p> </p><p>b</p>", "<p>a</p><p>b</p>"),
        ("paragraph", "<style>p{}</style>a<img src=x onerror=y>", "<p>a</p>"),
        ("paragraph", "<b><p>a</p></b>", "<p>a</p>"),
        ("list", "<ul><li onload=x>a</li></ul><table></table>", "<ul><li>a</li></ul>"),
        ("html", '<div style="x"><iframe src="//e"></iframe>a</div>', "<div>a</div>"),
        ("html", '<img src="data:text/html,x" alt="a">', '<img alt="a">'),
        ("html", '<svg onload="x"><a>b</a></svg>c', "c"),
        ("html", "<form><input name=a></form>b", "b"),
        ("quote", "<p>a<script>x</script></p>", "<p>a</p>"),
    ],
)
def test_markup_is_stored_only_as_the_allow_list_has_it(kind, given_html, stored):
    assert clean_block(Block(kind, {"html": given_html})).data["html"] == stored


@pytest.mark.parametrize(
    ("url", "kept", "provider"),
    [
        ("https://www.youtube.com/watch?v=1", "same", "youtube.com"),
        ("javascript:alert(1)", "", ""),
        ("//example.com/x", "", ""),
        ("http://[broken", "", ""),
    ],
)
def test_an_embeds_address_is_http_or_nothing(url, kept, provider):
    data = clean_block(Block("embed", {"url": url, "title": "A film"})).data

    assert data["url"] == (url if kept == "same" else kept)
    assert data["provider"] == provider


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("<>/pab =\"'&;:scriptjon")), max_size=80))
def test_cleaning_twice_changes_nothing_more(markup):
    once = "".join(f"<p>{part}</p>" for part in paragraphs(markup))
    twice = "".join(f"<p>{part}</p>" for part in paragraphs(once))

    assert twice == once
    assert "<script" not in once
    assert plain(once) == " ".join(plain(once).split())
