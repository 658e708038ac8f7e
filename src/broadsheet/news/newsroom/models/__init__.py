"""The newsroom's storage."""

from .blocks import Body
from .desk import Desk
from .pages import InfoPage
from .people import Author, Section
from .pictures import Picture, Rendition
from .rows import Correction, Placing, Withdrawal
from .story import Byline, Embargoed, Story, StoryTag, WasPublished

__all__ = [
    "Author",
    "Body",
    "Byline",
    "Correction",
    "Desk",
    "Embargoed",
    "InfoPage",
    "Picture",
    "Placing",
    "Rendition",
    "Section",
    "Story",
    "StoryTag",
    "WasPublished",
    "Withdrawal",
]
