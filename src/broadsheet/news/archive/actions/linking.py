"""
Links between stories of one export. A story that links to a later one is filed before
that has an address here, so its links are looked at once more when all are in.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime

from broadsheet.news.newsroom import actions as newsroom

from .addresses import whereabouts

BATCH = 100


class Links:
    """Links by the old address, written down and followed at the end."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._scratch = sqlite3.connect("")  # A file of its own, gone when closed.
        self._scratch.execute("CREATE TABLE link (story INTEGER PRIMARY KEY, links)")

    def hear(self, story_id: int, links: dict[str, str]) -> None:
        """Write down that the story has these links, each with its address's key."""
        self._scratch.execute(
            "INSERT OR REPLACE INTO link VALUES (?, ?)", (story_id, json.dumps(links))
        )

    def follow(self) -> None:
        """
        Let every link whose story is here now lead to its address. One that was
        followed before, or that an editor has changed, is not found and left alone.
        """
        for batch in self._batches():
            paths = whereabouts(key for _, links in batch for key in links.values())
            moved = {
                story_id: {h: paths[key] for h, key in links.items() if key in paths}
                for story_id, links in batch
            }
            newsroom.relink(
                {story_id: links for story_id, links in moved.items() if links},
                at=self._at,
            )

    def _batches(self) -> Iterator[list[tuple[int, dict[str, str]]]]:
        rows = self._scratch.execute("SELECT story, links FROM link ORDER BY story")
        while batch := rows.fetchmany(BATCH):
            yield [(story_id, json.loads(links)) for story_id, links in batch]
