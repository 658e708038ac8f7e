"""The second reading: one item after the other, each a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from django.db import transaction

from broadsheet.news.newsroom import actions as newsroom
from broadsheet.news.newsroom import queries
from broadsheet.plumbing import publication

from ..formats.wxr.parse import records
from ..formats.wxr.records import Item
from ..formats.wxr.source import Reader
from ..models import BroughtItem, OldAddress
from ..rules import address_digest, address_key
from .converting import Converter, Filing
from .gallery import Gallery
from .options import Options
from .people import Desk, display_name
from .report import Note, Report
from .sorting import Fate, Sorted, kind_of, sort
from .survey import Survey

PAGES = ("pages", "Pages")
REFUSALS = (
    newsroom.BadBlock,
    newsroom.BadStory,
    newsroom.NoSuchAuthor,
    newsroom.NoSuchSection,
    newsroom.Embargoed,
    newsroom.Withdrawn,
)
_MENDED = {
    "control_characters": "{:,} control characters that XML forbids were left out",
    "ampersands": "{:,} bare ampersands were mended",
    "entities": "{:,} HTML entities were resolved",
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
        self._origin = origin
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
            # Outside the transaction: it opens sections, and waits for pictures.
            filing = self._convert(item, sorted_, date)
            with transaction.atomic():
                outcome = self._file(item, filing, sorted_, date)
        except REFUSALS as error:
            self._refuse(item, str(error))
            return
        self.report.outcomes[outcome] += 1
        self.report.went[kind_of(item)] += 1
        self.report.came["words"] += filing.words_in
        self.report.went["words"] += filing.words_out
        self._used["categories"].update(label.slug for label in item.categories)
        self._used["tags"].update(label.slug for label in item.tags)
        for reason in [*([sorted_.why] if sorted_.why else []), *filing.notes]:
            self._note(item, "changed", reason)

    def _convert(self, item: Item, sorted_: Sorted, date: datetime | None) -> Filing:
        section = self._desk.open(*PAGES) if item.kind == "page" else None
        filing = self._converter.convert(item, section=section)
        # A draft that nobody has read yet gets its date when it is published here.
        was_out = item.status in ("publish", "private") and not sorted_.embargo
        filing.given["first_published_at"] = date if was_out else None
        filing.given["embargo_until"] = date if sorted_.embargo else None
        return filing

    def _file(
        self, item: Item, filing: Filing, sorted_: Sorted, date: datetime | None
    ) -> str:
        """File one story and return what became of it: new, changed or unchanged."""
        number = _origin_id(item)
        live = sorted_.fate is Fate.LIVE
        digest = filing.digest(sorted_.fate.value)
        known = (
            BroughtItem.objects.select_for_update()
            .filter(origin=self._origin, origin_id=number)
            .first()
        )
        if known is not None and (
            known.digest == digest or self._ours(known, item, live)
        ):
            return "unchanged"
        story = newsroom.file(
            **filing.given, origin=self._origin, origin_id=number, at=self._at
        )
        if live:
            newsroom.publish(story_id=story.pk, first_published_at=date, at=self._at)
        BroughtItem.objects.update_or_create(
            origin=self._origin,
            origin_id=number,
            defaults={
                "story_id": story.pk,
                "digest": digest,
                "live": live,
                "at": self._at,
            },
        )
        self._remember_addresses(item, story.pk)
        return "new" if known is None else "changed"

    def _ours(self, known: BroughtItem, item: Item, live: bool) -> bool:
        """Tell whether the desk has since decided otherwise, which stands."""
        if known.story_id is None:
            self._note(item, "skipped", "deleted here since: not brought in again")
            return True
        shown = queries.canonical(known.story_id) is not None
        if known.live and not shown:
            self._note(item, "skipped", "withdrawn here since: left as it is")
            return True
        if shown and not live:
            self._note(item, "skipped", "no longer published there: still live here")
            return True
        return False

    def _remember_addresses(self, item: Item, story_id: int) -> None:
        keys = {address_digest(key): key for key in old_addresses(item)}
        taken = dict(
            OldAddress.objects.filter(digest__in=list(keys)).values_list(
                "digest", "story_id"
            )
        )
        for digest, key in keys.items():
            if taken.get(digest, story_id) != story_id:
                self._note(item, "changed", f"its address {key} leads to another story")
        OldAddress.objects.bulk_create(
            OldAddress(digest=digest, address=key, story_id=story_id)
            for digest, key in keys.items()
            if digest not in taken
        )

    # --- The report -----------------------------------------------------------------

    def _note(self, item: Item, outcome: str, reason: str) -> None:
        kind = item.kind[:40]
        title = item.title or item.slug
        self.report.note(Note(item.id, kind, title, outcome, reason))

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


def old_addresses(item: Item) -> Iterator[str]:
    """Yield the keys of every address that an item had."""
    link = address_key(item.link)
    if link:
        yield link
    if item.id:
        yield f"/?{'page_id' if item.kind == 'page' else 'p'}={item.id}"
    if urlsplit(item.guid).query:
        yield from filter(None, [address_key(item.guid)])
    folder, _, last = link.rpartition("/")
    if not last or "?" in link:
        return
    for slug in item.meta.get("_wp_old_slug", "").split("\n")[:50]:
        old = address_key(f"{folder}/{slug.strip()}") if slug.strip() else ""
        if old:
            yield old


def _origin_id(item: Item) -> str:
    if item.id:
        return str(item.id)
    # Some exporters number nothing; the address is the next best name.
    name = item.guid or item.link or f"{item.title}{item.published}"
    return f"address:{sha256(name.encode('utf-8', 'replace')).hexdigest()[:32]}"
