"""
What a newsroom does: file, publish, correct, withdraw, spike.

Each verb is one transaction and names its refusals. `by` is the person who did it; a
verb does not ask whether she may, its surface does.
"""

from ..models import Embargoed, WasPublished
from ..models.proofs import NoPrinter, Proof, print_proofs_with
from .filing import BadBlock, BadStory, NoSuchAuthor, NoSuchSection, file
from .house import BadPicture, add_picture, open_author, open_section
from .living import (
    NoSuchStory,
    NotLive,
    Withdrawn,
    correct,
    publish,
    publish_due,
    spike,
    withdraw,
)
from .opening import open_newsroom
from .relinking import relink
from .taking import Arrival, Taken, take_in

__all__ = [
    "Arrival",
    "BadBlock",
    "BadPicture",
    "BadStory",
    "Embargoed",
    "NoSuchAuthor",
    "NoSuchSection",
    "NoSuchStory",
    "NoPrinter",
    "NotLive",
    "Proof",
    "Taken",
    "WasPublished",
    "Withdrawn",
    "add_picture",
    "correct",
    "file",
    "open_author",
    "open_newsroom",
    "open_section",
    "print_proofs_with",
    "publish",
    "publish_due",
    "relink",
    "spike",
    "take_in",
    "withdraw",
]
