"""The newsroom's pure decisions: no Django, no clock, no I/O."""

from .addresses import RESERVED, bad_access, bad_slug, story_path
from .blocks import Block, reading_minutes, word_count
from .clean import clean_block, clean_html, clean_inline, clean_list
from .comparing import Difference, Run, differences, words_of
from .lead import lead_in, sentence_ends
from .shapes import (
    Byline,
    Correction,
    FrontPage,
    Listing,
    Picture,
    SectionLink,
    Standing,
    StoryPage,
    Teaser,
)
from .timing import under_embargo

__all__ = [
    "RESERVED",
    "Block",
    "Byline",
    "Correction",
    "Difference",
    "FrontPage",
    "Listing",
    "Picture",
    "Run",
    "SectionLink",
    "Standing",
    "StoryPage",
    "Teaser",
    "bad_access",
    "bad_slug",
    "clean_block",
    "clean_html",
    "clean_inline",
    "clean_list",
    "differences",
    "lead_in",
    "reading_minutes",
    "sentence_ends",
    "story_path",
    "under_embargo",
    "word_count",
    "words_of",
]
