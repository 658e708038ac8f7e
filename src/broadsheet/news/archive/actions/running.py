"""The second reading: one item after the other, a hundred stories in a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from broadsheet.news.newsroom import actions as newsroom
from broadsheet.plumbing import publication

from ..formats.wxr.parse import records
from ..formats.wxr.records import Item
from ..formats.wxr.source import Reader
from .addresses import old_addresses
from .converting import Converter, Filing
from .gallery import Gallery
from .intake import Done, Intake, Ready
from .linking import Links
from .options import Options
from .people import Desk, display_name
from .report import Note, Report
from .sorting import Fate, Sorted, kind_of, sort
from .survey import Survey

PAGES = ("pages", "Pages")
BATCH = 100  # Stories in a transaction.
BATCH_SIZE = 4_000_000  # Characters of their bodies, whatever their number.
LEADS_FOR = timedelta(days=14)  # What was sticky for longer is an old notice.
_MENDED = {
    "control_characters": "{:,} control characters that XML forbids were left out",
    "ampersands": "{:,} bare ampersands were mended",
    "entities": "{:,} HTML entities were resolved",
    "windows_bytes": "{:,} bytes of Windows-1252 were read as what they meant",
    "bad_bytes": "{:,} bytes could not be read in the file's encoding",
}

Progress = Callable[[int], None]


class Run:
    """One import under way: what it knows, and what it has counted."""

    def __init__(
        self,
        survey: Survey,
        gallery: Gallery,
        options: Options,
        *,
        origin: str,
        at: datetime,
    ) -> None:
        self.gallery = gallery
        self.report = Report(dry_run=options.dry_run)
        self.report.origin = origin
        self.report.title = survey.site.title
        self._survey = survey
        self._options = options
        self._intake = Intake(origin, at)
        self._links = Links(at)
        self._waiting: list[Ready] = []
        self._place = 0  # Of the item under way, through all files.
        self._at = at
        self._desk = Desk(survey, options.section_map)
        zone = publication.current().zone
        self._converter = Converter(survey, self._desk, gallery, zone)
        self._stories = 0
        self._used: dict[str, set[str]] = {"categories": set(), "tags": set()}

    def bring(self, files: Sequence[Path], progress: Progress) -> None:
        for author in self._survey.authors.values():
            self._desk.open_author(display_name(author))
        for path in files:
            self._bring_file(path, progress)
        self._take()
        self._links.follow()
        self._conclude()

    def _bring_file(self, path: Path, progress: Progress) -> None:
        reader = Reader(path)
        done = 0
        for record in records(reader):
            progress(reader.place - done)
            done = reader.place
            if isinstance(record, Item) and not self._full:
                self._item(record)
        progress(reader.size - done)

    @property
    def _full(self) -> bool:
        limit = self._options.limit
        return limit is not None and self._stories >= limit

    # --- One item -------------------------------------------------------------------

    def _item(self, item: Item) -> None:
        kind = kind_of(item)
        self._place += 1
        self.report.came[kind] += 1
        self.report.came["comments"] += item.comments
        if kind == "attachments":
            return
        if not self._survey.first_sight(_origin_id(item)):
            self._note(item, "skipped", "it comes more than once; the first counts")
            return
        date = self._converter.date(item)
        sorted_ = sort(item, date, self._options.also, self._at)
        if sorted_.fate is Fate.SKIP:
            self.report.outcomes["skipped"] += 1
            self._note(item, "skipped", sorted_.why)
        elif item.too_long:
            self._refuse(item, "a field of it is longer than 16 million characters")
        else:
            self._stories += 1
            self._bring_story(item, sorted_, date)

    def _bring_story(self, item: Item, sorted_: Sorted, date: datetime | None) -> None:
        try:
            # Outside a transaction: it opens sections, and waits for pictures.
            filing = self._convert(item, sorted_, date)
        except newsroom.BadStory as error:
            self._refuse(item, str(error))
            return
        self._waiting.append(self._ready(item, filing, sorted_))
        size = sum(ready.size for ready in self._waiting)
        if len(self._waiting) >= BATCH or size > BATCH_SIZE:
            self._take()

    def _convert(self, item: Item, sorted_: Sorted, date: datetime | None) -> Filing:
        section = self._desk.open(*PAGES) if item.kind == "page" else None
        filing = self._converter.convert(item, section=section)
        # A draft that nobody has read yet gets its date when it is published here.
        was_out = item.status in ("publish", "private", "future")
        filing.given |= {
            "first_published_at": date if was_out else None,
            "updated_at": self._changed_at(item, date) if was_out else None,
            "go_live_at": date if sorted_.fate is Fate.PLANNED else None,
            "is_lead": sorted_.fate is Fate.LIVE and self._leads(item, date),
        }
        if item.sticky and not filing.given["is_lead"]:
            filing.notes.append("it was sticky there; it does not lead the front page")
        return filing

    def _changed_at(self, item: Item, date: datetime | None) -> datetime | None:
        """Return when a story was last changed, if that can be."""
        changed = self._converter.changed(item)
        if changed is None or date is None or not date < changed <= self._at:
            return None
        return changed

    def _leads(self, item: Item, date: datetime | None) -> bool:
        """Tell whether what was sticky there should lead here: only what is new."""
        return item.sticky and date is not None and date > self._at - LEADS_FOR

    def _ready(self, item: Item, filing: Filing, sorted_: Sorted) -> Ready:
        live = sorted_.fate is not Fate.DRAFT
        reasons = [*([sorted_.why] if sorted_.why else []), *filing.notes]
        self._used["categories"].update(label.slug for label in item.categories)
        self._used["tags"].update(label.slug for label in item.tags)
        return Ready(
            place=self._place,
            number=item.id,
            kind=item.kind[:40],
            title=item.title or item.slug,
            origin_id=_origin_id(item),
            given=filing.given,
            live=live,
            digest=filing.digest("live" if live else "draft"),
            addresses=tuple(old_addresses(item)),
            links=filing.links,
            notes=tuple(reasons),
            group=kind_of(item),
            words=(filing.words_in, filing.words_out),
            size=len(item.content),
        )

    # --- A batch --------------------------------------------------------------------

    def _take(self) -> None:
        waiting, self._waiting = self._waiting, []
        for done in self._intake.take(waiting):
            self._tell(done)
            if done.story_id is not None and done.pending:
                self._links.hear(done.story_id, done.pending)

    def _tell(self, done: Done) -> None:
        ready, report = done.ready, self.report
        report.outcomes[done.outcome] += 1
        if done.refused:
            self._note_on(ready, "refused", done.refused)
            return
        report.went[ready.group] += 1
        report.came["words"] += ready.words[0]
        report.went["words"] += ready.words[1]
        if done.skipped:
            self._note_on(ready, "skipped", done.skipped)
        for key in done.lost:
            why = f"its address {key} leads to another story"
            self._note_on(ready, "changed", why)
        for reason in ready.notes:
            self._note_on(ready, "changed", reason)

    def _note_on(self, ready: Ready, outcome: str, reason: str) -> None:
        note = Note(ready.number, ready.kind, ready.title, outcome, reason)
        self.report.note(note, place=ready.place)

    # --- The report -----------------------------------------------------------------

    def _note(self, item: Item, outcome: str, reason: str) -> None:
        kind = item.kind[:40]
        title = item.title or item.slug
        note = Note(item.id, kind, title, outcome, reason)
        self.report.note(note, place=self._place)

    def _refuse(self, item: Item, reason: str) -> None:
        self.report.outcomes["refused"] += 1
        self._note(item, "refused", reason)

    def _whole(self, kind: str, title: str, outcome: str, reason: str) -> None:
        self.report.note(Note(0, kind, title, outcome, reason))

    def _conclude(self) -> None:
        report = self.report
        report.came["authors"] = len(self._desk.people)
        report.went["authors"] = len(self._desk.author_slugs)
        self._conclude_terms("categories", "category", self._survey.category_names())
        for name, why in self._desk.moved:
            self._whole("category", name, "changed", why)
        self._conclude_terms("tags", "tag", self._survey.tags)
        self._conclude_attachments()
        comments = report.came["comments"]
        if comments:
            why = f"{comments:,} comments were counted; comments are not imported"
            self._whole("comments", "", "skipped", why)
        for name, sentence in _MENDED.items():
            number = getattr(self._survey.mended, name)
            if number:
                self._whole("file", "", "changed", sentence.format(number))

    def _conclude_terms(self, kind: str, one: str, named: dict[str, str]) -> None:
        used = self._used[kind]
        self.report.came[kind] = len(used | set(named))
        self.report.went[kind] = len(used)
        if self._full:
            return
        for slug, name in named.items():
            if slug not in used:
                self._whole(one, name, "skipped", "no story was in it")

    def _conclude_attachments(self) -> None:
        for number, url, title, state in self._survey.attachment_states():
            if state == "here":
                self.report.went["attachments"] += 1
            elif not self._full:
                why = state or _unused(url)
                self.report.note(Note(number, "attachment", title, "skipped", why))


def _unused(url: str) -> str:
    name = urlsplit(url).path.lower()
    if name.endswith((".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".bmp")):
        return f"no story shows it, so it was not fetched: {url[:300]}"
    return f"no picture: links to it lead to the old site: {url[:300]}"


def _origin_id(item: Item) -> str:
    if item.id:
        return str(item.id)
    # Some exporters number nothing; the address is the next best name.
    name = item.guid or item.link or f"{item.title}{item.published}"
    return f"address:{sha256(name.encode('utf-8', 'replace')).hexdigest()[:32]}"
