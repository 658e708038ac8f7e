"""What differs between two texts, word by word."""

from __future__ import annotations

import pytest

from broadsheet.news.newsroom.rules import Block, Run, differences, words_of


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], []),
        (["Same."], ["Same."], []),
        (
            ["It cost ninety rupees."],
            ["It cost nine hundred rupees."],
            [
                (
                    Run("kept", "It cost"),
                    Run("gone", "ninety"),
                    Run("new", "nine hundred"),
                    Run("kept", "rupees."),
                )
            ],
        ),
        (["A.", "B."], ["A."], [(Run("gone", "B."),)]),
        (["A."], ["New.", "A."], [(Run("new", "New."),)]),
        (["A b.", "C."], ["A d."], [
            (Run("kept", "A"), Run("gone", "b."), Run("new", "d.")),
            (Run("gone", "C."),),
        ]),
    ],
)  # fmt: skip
def test_only_the_lines_that_differ_are_told(before, after, expected):
    assert list(differences(before, after)) == expected


def test_a_body_is_told_in_words_with_its_links_and_pictures():
    blocks = [
        Block(
            "paragraph", {"html": 'The <b>bank</b> <a href="https://a.in/">said</a>'}
        ),
        Block("quote", {"html": "<p>No.</p>", "attribution": "Asha Rao"}),
        Block("image", {"picture": 7, "alt": "", "caption": "The mint"}),
        Block("table", {"rows": [["a", "b"]], "header": True, "caption": ""}),
    ]
    assert words_of(blocks) == [
        "The bank said ⟨https://a.in/⟩",
        "No. Asha Rao",
        "[image: 7, The mint]",
        "[table: a, b, True]",
    ]
