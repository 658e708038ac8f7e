"""What the archive does: bring stories in, and keep the search entries true."""

from ..formats.wxr.records import NotAnExport
from .bringing import bring_in
from .indexing import index_story, shut_stories, unindex_story
from .options import Options
from .report import Note, Report

__all__ = [
    "NotAnExport",
    "Note",
    "Options",
    "Report",
    "bring_in",
    "index_story",
    "shut_stories",
    "unindex_story",
]
