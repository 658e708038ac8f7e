"""A post's text becomes blocks, and no word is lost on the way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import html5lib
import pytest

from broadsheet.news.archive.formats.wxr.body import Body, convert, text_of_piece
from broadsheet.news.archive.formats.wxr.pieces import Shot, Surroundings

from .conftest import EXPORTS, items


def pieces(content: str, around: Surroundings | None = None) -> list[tuple[str, Any]]:
    return [(one.kind, dict(one.data)) for one in convert(content, around).pieces]


def paragraphs(content: str) -> list[str]:
    return [data["html"] for kind, data in pieces(content) if kind == "paragraph"]


YOUTUBE = {
    "url": "https://www.youtube.com/watch?v=abcDEF12345",
    "provider": "YouTube",
    "title": "YouTube",
    "said": False,
}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("One.\n\nTwo,\nthree.", ["One.", "Two,<br>three."]),
        ("One.\r\n\r\n\r\nTwo.", ["One.", "Two."]),
        ("One.<br><br>Two.<br />Three.", ["One.", "Two.<br>Three."]),
        ("<p>One.</p>\n<p>Two\nthree</p>", ["One.", "Two<br>three"]),
        ("<!-- wp:paragraph --><p>A\nb</p><!-- /wp:paragraph -->", ["A b"]),
        (
            "<div>One.\n\nTwo.<div>Three</div>four</div>",
            ["One.", "Two.", "Three", "four"],
        ),
        (
            "<p>Open <b>bold <i>both</b> it</i> on",
            ["Open <strong>bold <em>both</em></strong><em> it</em> on"],
        ),
        (
            "before<!--more Read on-->after<!--nextpage-->last",
            ["before", "after", "last"],
        ),
        ("5 < 6 & 7 > 3 <3", ["5 &lt; 6 &amp; 7 &gt; 3 &lt;3"]),
        (
            "Tom &amp;amp; Jerry&amp;nbsp;x&#8217;s &eacute;",
            ["Tom &amp; Jerry\xa0x’s é"],
        ),
        ('<p style="color:red" onclick="x()">A <span class="x">b</span></p>', ["A b"]),
        ("<font><p>odd</p></font><center>mid</center>", ["odd", "mid"]),
        (
            "He said [sic] and [1] and [Laughter].",
            ["He said [sic] and [1] and [Laughter]."],
        ),
        (
            '[see <a href="http://x.in/">this</a>]',
            ['[see <a href="http://x.in/">this</a>]'],
        ),
        ("[[gallery]] is a shortcode", ["[gallery] is a shortcode"]),
        ('[box type="x"]inside[/box] out', ["inside out"]),
        ("[vc_row][vc_column]deep[/vc_column][/vc_row]", ["deep"]),
        ('a [contact-form-7 id="12" title="Us"] b', ["a  b"]),
        ('<a href="javascript:alert(1)">click</a>', ["click"]),
        ("<script>alert('no')</script><style>p{}</style>yes", ["yes"]),
        ("<noscript><img src=x></noscript>yes", ["yes"]),
        ("<q>quoted</q> <u>under</u> <del>old</del>", ["“quoted” under <s>old</s>"]),
        ("hello :) <img class='wp-smiley' src='x.png' alt=':)'>", ["hello :) :)"]),
        ("\ufeff\u200b", []),
        ("", []),
        ("&nbsp;\n\n<p>&nbsp;</p>", []),
    ],
)
def test_words_become_paragraphs(content: str, expected: list[str]) -> None:
    assert paragraphs(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<h1>Head <b>line</b></h1>", [("heading", {"text": "Head line", "level": 2})]),
        ("<h3>A</h3>", [("heading", {"text": "A", "level": 3})]),
        ("<h6>A</h6>", [("heading", {"text": "A", "level": 4})]),
        (
            "<blockquote><p>To be</p><p>or not</p><cite>Hamlet</cite></blockquote>",
            [("quote", {"html": "<p>To be</p><p>or not</p>", "attribution": "Hamlet"})],
        ),
        (
            "<blockquote>I read <cite>Emma</cite> twice.</blockquote>",
            [
                (
                    "quote",
                    {"html": "<p>I read <em>Emma</em> twice.</p>", "attribution": ""},
                )
            ],
        ),
        (
            "<ul><li>one<ol><li>two</ol><li>three</ul>",
            [
                (
                    "list",
                    {
                        "html": "<ul><li>one<ol><li>two</li></ol></li><li>three</li></ul>"
                    },
                )
            ],
        ),
        ("<pre>a\n  b</pre>", [("html", {"html": "<pre>a\n  b</pre>"})]),
        ("<hr>", [("html", {"html": "<hr>"})]),
        ("<dl><dt>T<dd>D</dl>", [("html", {"html": "<dl><dt>T</dt><dd>D</dd></dl>"})]),
        (
            "<table><caption>C</caption><tr><th>a<th>b<tr><td>1</table>",
            [
                (
                    "table",
                    {"rows": [["a", "b"], ["1", ""]], "header": True, "caption": "C"},
                )
            ],
        ),
        ("https://youtu.be/abcDEF12345", [("embed", YOUTUBE)]),
        (
            "x\nhttps://www.youtube.com/watch?v=abcDEF12345\ny",
            [
                ("paragraph", {"html": "x"}),
                ("embed", YOUTUBE),
                ("paragraph", {"html": "y"}),
            ],
        ),
        (
            "<iframe src='//www.youtube.com/embed/abcDEF12345?rel=0'></iframe>",
            [("embed", YOUTUBE)],
        ),
        (
            "[youtube=https://www.youtube.com/watch?v=abcDEF12345&w=300]",
            [("embed", YOUTUBE)],
        ),
        ("[youtube abcDEF12345]", [("embed", YOUTUBE)]),
        ("[embed width='1']https://youtu.be/abcDEF12345[/embed]", [("embed", YOUTUBE)]),
        (
            '<object><param name="movie" value="http://www.youtube.com/v/abcDEF12345">'
            "</object>",
            [("embed", YOUTUBE)],
        ),
        (
            "https://twitter.com/pti/status/123",
            [
                (
                    "embed",
                    {
                        "url": "https://twitter.com/pti/status/123",
                        "provider": "X",
                        "title": "X",
                        "said": False,
                    },
                )
            ],
        ),
        (
            "https://www.rbi.org.in/speech.aspx",
            [("paragraph", {"html": "https://www.rbi.org.in/speech.aspx"})],
        ),
        (
            '[audio mp3="https://x.in/a.mp3"][/audio]',
            [
                (
                    "embed",
                    {
                        "url": "https://x.in/a.mp3",
                        "provider": "x.in",
                        "title": "x.in",
                        "said": False,
                    },
                )
            ],
        ),
    ],
)
def test_other_elements_become_their_blocks(
    content: str, expected: list[tuple[str, Any]]
) -> None:
    assert pieces(content) == expected


CAPTION = '[caption id="attachment_12" width="300"]<a href="/b.jpg"><img class="size-full wp-image-12" src="/b-300x200.jpg" alt="A" /></a> The <em>words</em>[/caption]'


@pytest.mark.parametrize(
    ("content", "shots"),
    [
        (CAPTION, [Shot("/b-300x200.jpg", 12, "A", "The words")]),
        (f"<p>{CAPTION}</p>", [Shot("/b-300x200.jpg", 12, "A", "The words")]),
        (
            '[caption id="attachment_9" caption="Old “style”"]<img src="/a.jpg">[/caption]',
            [Shot("/a.jpg", 9, "", "Old “style”")],
        ),
        ("<p><b><a href='x'><img src='/deep.jpg'></a></b></p>", [Shot("/deep.jpg")]),
        (
            "<img src='data:image/gif;base64,R0' data-lazy-src='/lazy.jpg'>",
            [Shot("/lazy.jpg")],
        ),
        ("<ul><li>x <img src='/in-list.jpg'></li></ul>", [Shot("/in-list.jpg")]),
        ("<table><tr><td><img src='/cell.jpg'>y</table>", [Shot("/cell.jpg")]),
        ("<img src='http://stats/x.gif' width='1' height='1'>", []),
    ],
)
def test_pictures_are_found_at_any_depth(content: str, shots: list[Shot]) -> None:
    found = [data["shot"] for kind, data in pieces(content) if kind == "image"]
    assert found == shots


def test_a_picture_stands_where_its_paragraph_shows_it() -> None:
    kinds = [
        kind for kind, _ in pieces("<p><img src='/a.jpg'>One <img src='/b.jpg'>two</p>")
    ]
    assert kinds == ["image", "paragraph", "image"]


def test_galleries() -> None:
    shots = (Shot("/1.jpg", 1, "", "One"), Shot("/2.jpg", 2))

    def gallery(ids: Sequence[int]) -> list[Shot]:
        return [shot for shot in shots if shot.attachment in ids]

    around = Surroundings(gallery=gallery, children=lambda: shots)
    assert pieces('a[gallery ids="1,2"]b', around) == [
        ("paragraph", {"html": "a"}),
        ("gallery", {"shots": shots}),
        ("paragraph", {"html": "b"}),
    ]
    assert pieces("[gallery]", around) == [("gallery", {"shots": shots})]
    assert pieces('[gallery ids="2"]', around) == [("image", {"shot": shots[1]})]
    lost = convert('[gallery ids="9"]', around)
    assert lost.pieces == ()
    assert lost.notes == ("dropped a gallery whose pictures are not in the export",)


def test_a_players_relative_address_is_made_whole() -> None:
    around = Surroundings(link=lambda url: f"https://x.in{url}")
    ((kind, data),) = pieces('[video mp4="/wp-content/v.mp4"][/video]', around)
    assert (kind, data["url"]) == ("embed", "https://x.in/wp-content/v.mp4")
    assert convert("<iframe src='about:blank'></iframe>").notes == (
        "dropped an embed that has no address",
    )


def test_a_reusable_block_that_holds_itself_ends() -> None:
    around = Surroundings(reusable=lambda _: '<p>in</p><!-- wp:block {"ref":1} /-->')
    body = convert('<!-- wp:block {"ref":1} /-->', around)
    assert [dict(one.data) for one in body.pieces] == [{"html": "in"}] * 3
    assert body.notes == ("dropped a reusable block that is not in the export",)


def test_notes_name_what_went() -> None:
    body = convert(
        "[ad][ad]<script>x</script>a<!--nextpage-->b"
        "<!-- wp:latest-posts /--><p onload='x'>c &amp;nbsp; d</p>"
    )
    assert body.notes == (
        "dropped a script",
        "dropped an event handler",
        "joined a story of 2 pages",
        "dropped the block “latest-posts”, which WordPress fills by itself",
        "dropped the shortcode [ad]; its text was kept (2 times)",
        "mended an entity that was encoded twice",
    )


# --- No words lost ------------------------------------------------------------------

BROKEN = """<p>Unclosed <b>bold <div>in a box <span>and <ul><li>a list<li>of two
</div> tail <table><tr><td>cell <table><tr><td>inner</table> after</td></table>
<h2>Head <p>with a paragraph</h2> <a href="x">link <div>block in link</div></a>
<blockquote>said <ul><li>point</ul> more <cite>her</cite></blockquote> &notanentity;
<li>stray item <dd>stray dd <td>stray cell <figcaption>stray caption</figcaption>
<figure><p>figure words</p><img src="/x.jpg"><figcaption>cap <a href="/">link</a>
</figcaption></figure> <details><summary>sum</summary>hidden</details>
<form>Name <input value="x"> <button>send</button></form> <pre>pre <b>x</b></pre> end"""


def seen(markup: str) -> Counter[str]:
    """Return the words of `markup` as a browser would show them: by html5lib."""
    markup = re.sub(r"<!--.*?-->", " ", markup, flags=re.S)
    tree = html5lib.parseFragment(markup, namespaceHTMLElements=False)
    words: list[str] = []

    def walk(node: Any) -> None:
        if not isinstance(node.tag, str) or node.tag in ("script", "style"):
            return
        words.append(node.text or "")
        for child in node:
            walk(child)
            words.append(child.tail or "")

    walk(tree)
    # Letters only, so that it does not matter where a word was broken.
    text = "".join(words)
    return Counter(re.sub(r"https?://\S+|\s+", "", text))


def written(body: Body) -> Counter[str]:
    text = "".join(text_of_piece(piece) for piece in body.pieces)
    return Counter(re.sub(r"https?://\S+|\s+", "", text))


def _posts() -> list[str]:
    texts = [
        one.content
        for path in sorted(EXPORTS.glob("*.xml"))
        for one in items(path)
        if one.kind in ("post", "page")
    ]
    return [BROKEN, *texts]


@pytest.mark.parametrize("content", _posts())
def test_no_letter_is_lost(content: str) -> None:
    content = content.replace('<!-- wp:block {"ref":120} /-->', "")
    plain = re.sub(r'\[caption[^\]]*caption="([^"]*)"\]', r"\1", content)
    plain = re.sub(r"\[/?caption[^\]]*\]", "", plain)
    assert written(convert(content)) == seen(plain)


def test_words_in_and_out_are_counted_alike() -> None:
    for content in _posts():
        body = convert(content)
        assert (body.words_in, body.words_in > 0) == (body.words_out, True)


@pytest.mark.parametrize("tag", ["div", "b", "blockquote", "ul", "table", "font"])
def test_deep_nesting_does_not_hurt(tag: str) -> None:
    body = convert(f"<{tag}>" * 3000 + "core" + f"</{tag}>" * 3000)
    assert written(body) == Counter("core")


@pytest.mark.parametrize(
    "content",
    ["[a " * 200_000, '[caption x="' * 50_000, "<!-- wp:" * 50_000, '[a "' * 100_000],
)
def test_hostile_brackets_do_not_hurt(content: str) -> None:
    assert convert(content).words_in >= 0
