"""The newsroom itself: its sections, its people, its pictures."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from django.core.files.base import ContentFile
from django.db import transaction
from django.forms.models import model_to_dict
from django.utils.translation import gettext

from broadsheet.plumbing import outbox, publication

from ..events import AuthorChanged, ListingsChanged, SectionChanged
from ..models import Author, Picture, Section, packing
from ..rules import bad_access, bad_slug
from .filing import BadStory

if TYPE_CHECKING:
    from broadsheet.readers.models import Reader


Row = TypeVar("Row", Section, Author)


class BadPicture(Exception):
    """The bytes are not a picture that we can show."""


def open_section(
    *,
    name: str,
    slug: str,
    rank: int = 100,
    access: str = "metered",
    description: str = "",
    at: datetime | None = None,
) -> Section:
    """Open a section, or change the one at that address. Raise `BadStory`."""
    why = bad_slug(slug) or bad_access(access)
    if why is not None:
        raise BadStory(why)
    section = Section.objects.filter(slug=slug).first() or Section(slug=slug)
    section.name, section.rank, section.access = name[:80], rank, access
    section.description = description[:240]
    at = at or publication.now()
    with transaction.atomic():
        stored = _stored(Section, section)
        section.save()
        if _renamed(stored, section):  # Who hears it at once must find it saved.
            outbox.announce(SectionChanged(section.pk), at=at)
        if _edited(stored, section):  # Every page has the sections in its menu.
            outbox.announce(ListingsChanged(), at=at)
    return section


def open_author(
    *,
    name: str,
    slug: str,
    role: str = "",
    bio: str = "",
    picture: int | None = None,
    at: datetime | None = None,
) -> Author:
    """Open an author's page, or change the one at that address."""
    author = Author.objects.filter(slug=slug).first() or Author(slug=slug)
    author.name, author.role, author.bio = name[:120], role[:120], bio
    author.picture_id = picture
    at = at or publication.now()
    with transaction.atomic():
        stored = _stored(Author, author)
        author.save()
        if _renamed(stored, author):
            outbox.announce(AuthorChanged(author.pk), at=at)
            outbox.announce(ListingsChanged(), at=at)
        elif _edited(stored, author):
            outbox.announce(ListingsChanged((author.path,)), at=at)
    return author


def _stored(model: type[Row], row: Row) -> Row | None:
    return model.objects.select_for_update().filter(pk=row.pk).first()


def _renamed(stored: Section | Author | None, row: Section | Author) -> bool:
    return stored is not None and (stored.name, stored.slug) != (row.name, row.slug)


def _edited(stored: Section | Author | None, row: Section | Author) -> bool:
    return stored is None or model_to_dict(stored) != model_to_dict(row)


def add_picture(
    *,
    content: bytes,
    filename: str,
    title: str,
    alt: str,
    credit: str = "",
    by: Reader | None = None,
) -> int:
    """
    Store a picture and return its number; the same bytes under the same words are
    stored once. Raise `BadPicture`. Decodes the picture, and writes a file.
    """
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    words = {"title": title[:255], "description": alt[:255], "credit": credit[:160]}
    if not alt.strip():
        raise BadPicture(gettext("A picture needs words for those who cannot see it."))
    if (known := packing.known_picture(digest, words)) is not None:
        return known
    if not packing.readable_picture(content):
        raise BadPicture(gettext("This is not a picture that can be shown."))
    picture = Picture(
        file=ContentFile(content, name=filename), uploaded_by_user=by, **words
    )
    picture.file_size, picture.file_hash = len(content), digest
    picture.save()
    return int(picture.pk)
