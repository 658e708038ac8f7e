"""The pictures of an import: each is fetched once, checked, and given its words."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from django.core.files.storage import default_storage
from PIL import Image as Pillow
from PIL import UnidentifiedImageError
from wagtail.images import get_image_model

from broadsheet.news.newsroom import actions as newsroom

from ..formats.wxr.pieces import Shot
from ..formats.wxr.tree import parse
from ..models import BroughtPicture
from .fetch import Find, Found, NoPicture
from .survey import Attachment, Survey, picture_key

AT_A_TIME = 4  # Polite to the old server, and bounded in memory.
LARGEST = 64_000_000  # Pixels.
NOT_ASKED = "pictures were not asked for"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture as the newsroom will have it."""

    url: str
    alt: str
    caption: str
    credit: str
    path: str = ""
    described: bool = True  # Somebody wrote the alternative text for this picture.

    @property
    def digest(self) -> str:
        return hashlib.sha256(picture_key(self.url).encode()).hexdigest()


class Gallery:
    """Knows which pictures are here already, and brings in the others."""

    def __init__(self, survey: Survey, find: Find | None, *, origin: str) -> None:
        self._survey = survey
        self._find = find  # None: the engineer wants no pictures.
        self._origin = origin
        self._failed: dict[str, str] = {}
        self._files: list[str] = []  # Written by this run; a dry run deletes them.

    def wanted(self, shot: Shot, headline: str) -> Wanted:
        """Return what `shot` shows, with what the export's attachment knows of it."""
        known = self._survey.attachment(shot.attachment) if shot.attachment else None
        url = self.absolute(shot.url)
        if known is None and url:
            known = self._survey.attachment_at(url)
        known = known or Attachment(id=0, url=url)
        caption = shot.caption
        described = shot.alt or known.alt
        alt = described or caption or plain(known.caption) or headline
        return Wanted(
            url=self.absolute(known.url or shot.url),
            alt=alt[:255],
            caption=caption,
            credit=plain(known.credit)[:160],
            path=known.path,
            described=bool(described),
        )

    def absolute(self, url: str) -> str:
        base = self._survey.site.base_url or self._survey.site.link
        try:
            return urljoin(f"{base.rstrip('/')}/", url.strip()) if url else ""
        except ValueError:
            return ""

    def bring(self, wanted: Iterable[Wanted]) -> dict[str, int | str]:
        """
        Return, by digest, the newsroom's number of each picture or why there is none.
        Fetches up to `AT_A_TIME` at once; writes files.
        """
        every: dict[str, Wanted] = {}
        for one in sorted(wanted, key=lambda one: not one.described):
            every.setdefault(one.digest, one)
        done: dict[str, int | str] = dict(self._known(every))
        missing = [one for digest, one in every.items() if digest not in done]
        if self._find is None:
            self._failed |= {one.digest: NOT_ASKED for one in missing}
        new = [one for one in missing if one.digest not in self._failed]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            answers = list(pool.map(self._fetch, new))
        for one, fetched in zip(new, answers, strict=True):
            self._keep(one, fetched, done)
        for one in missing:
            done.setdefault(one.digest, self._failed.get(one.digest, "unknown"))
        for one in every.values():
            answer = done[one.digest]
            self._survey.mark(one.url, "here" if isinstance(answer, int) else answer)
        return done

    def _known(self, every: dict[str, Wanted]) -> Iterable[tuple[str, int]]:
        if not every:
            return ()
        return BroughtPicture.objects.filter(
            origin=self._origin, address_digest__in=list(every)
        ).values_list("address_digest", "picture_id")

    def _fetch(self, one: Wanted) -> Found | str:
        if self._find is None:
            return NOT_ASKED
        try:
            if not one.url or not urlsplit(one.url).path:
                return "it has no address"
            found = self._find(one.url, one.path)
        except NoPicture as error:
            return str(error)
        except ValueError:
            return "its address cannot be read"
        return found if _decodes(found.content) else "it is no picture, or a broken one"

    def _keep(
        self, one: Wanted, answer: Found | str, done: dict[str, int | str]
    ) -> None:
        if isinstance(answer, str):
            self._failed[one.digest] = answer
            return
        try:
            number = newsroom.add_picture(
                content=answer.content,
                filename=answer.name,
                title=answer.name,
                alt=one.alt,
                credit=one.credit,
            )
        except newsroom.BadPicture as error:
            self._failed[one.digest] = str(error)
            return
        BroughtPicture.objects.update_or_create(
            origin=self._origin,
            address_digest=one.digest,
            defaults={"address": one.url, "picture_id": number},
        )
        self._files.append(get_image_model().objects.get(pk=number).file.name)
        done[one.digest] = number

    def discard(self) -> None:
        """Delete the files of pictures that the database, rolled back, has forgotten."""
        images = get_image_model().objects
        for name in self._files:
            if not images.filter(file=name).exists():
                default_storage.delete(name)


def _decodes(content: bytes) -> bool:
    """Decode the whole picture: a truncated one has a header too."""
    try:
        with Pillow.open(io.BytesIO(content)) as image:
            if image.width * image.height > LARGEST:
                return False
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return False
    except Pillow.DecompressionBombError:
        return False
    return True


def plain(markup: str) -> str:
    """Return the words of a field that WordPress lets hold markup."""
    return parse(markup).text() if "<" in markup or "&" in markup else markup.strip()
