"""Which section and which authors a post gets, and opening them once."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

from anyascii import anyascii
from django.utils.text import slugify

from broadsheet.news.newsroom import actions as newsroom
from broadsheet.news.newsroom import queries

from ..formats.wxr.records import Author, Item, Label
from .survey import Survey

DEFAULT = ("news", "News")
PRIMARY = (
    *("_yoast_wpseo_primary_category", "rank_math_primary_category"),
    "_primary_term_category",
)
_DEPTH_LIMIT = 12


class Desk:
    """Opens sections and authors as posts ask for them."""

    def __init__(self, survey: Survey, section_map: dict[str, str]) -> None:
        self._survey = survey
        self._map = section_map
        self._sections = {link.slug for link in queries.sections()}
        self.author_slugs: set[str] = set()
        self.people: set[str] = set()
        self._opened: dict[str, str] = {}  # Old category slug -> section slug.
        self.moved: list[tuple[str, str]] = []  # Names whose address was not free, why.

    # --- Sections -------------------------------------------------------------------

    def section(self, item: Item) -> tuple[str, tuple[Label, ...]]:
        """Return the slug of the section, opened, and the categories left as tags."""
        chosen = self._primary(item) or self._deepest(item)
        if chosen is None:
            return self.open(*DEFAULT), ()
        others = tuple(
            label
            for label in item.categories
            if label.slug != chosen.slug and not _is_nothing(label)
        )
        if _is_nothing(chosen):
            return self.open(*DEFAULT), others
        return self._section_of(chosen), others

    def _primary(self, item: Item) -> Label | None:
        for key in PRIMARY:
            value = item.meta.get(key, "")
            slug = (
                self._survey.category_ids.get(int(value)) if _digits(value) else value
            )
            for label in item.categories:
                if slug and label.slug == slug:
                    return label
        return None

    def _deepest(self, item: Item) -> Label | None:
        real = [label for label in item.categories if not _is_nothing(label)]
        # Of equally deep ones the first: `max` keeps it.
        return max(real, key=self._depth, default=None)

    def _depth(self, label: Label) -> int:
        depth, slug = 0, label.slug
        while depth < _DEPTH_LIMIT:
            term = self._survey.categories.get(slug)
            if term is None or not term.parent:
                return depth
            depth, slug = depth + 1, term.parent
        return depth

    def _section_of(self, label: Label) -> str:
        if label.slug not in self._opened:
            name = label.name
            term = self._survey.categories.get(label.slug)
            slug = self._map.get(label.slug) or address(label.slug, name, "section")
            if term is not None:
                name = term.name
            if label.slug in self._map:
                name = self._map[label.slug].replace("-", " ").capitalize()
            self._opened[label.slug] = self.open(slug, name)
        return self._opened[label.slug]

    def open(self, slug: str, name: str) -> str:
        """Return the slug of the section at `slug`, opened if need be."""
        if slug in self._sections:
            return slug
        try:
            newsroom.open_section(name=name, slug=slug)
        except newsroom.BadStory:
            # “/search/” and its like belong to the site itself.
            wanted, slug = slug, f"{slug[:60]}-news"
            why = f"/{wanted}/ belongs to the site itself: the section is at /{slug}/"
            self.moved.append((name, why))
            if slug not in self._sections:
                newsroom.open_section(name=name, slug=slug)
        self._sections.add(slug)
        return slug

    # --- Authors --------------------------------------------------------------------

    def authors(self, item: Item) -> tuple[str, ...]:
        """Return the slugs of a post's authors, opened, in the order of the byline."""
        if item.coauthors:
            names = [self._coauthor(label) for label in item.coauthors]
        else:
            names = [self._login(item.creator)] if item.creator else []
        slugs = [self.open_author(name) for name in names if name]
        return tuple(dict.fromkeys(slugs))

    def _coauthor(self, label: Label) -> str:
        login = label.slug.removeprefix("cap-")
        known = self._survey.authors.get(login)
        return display_name(known) if known else label.name

    def _login(self, login: str) -> str:
        known = self._survey.authors.get(login)
        return display_name(known or Author(login=login))

    def open_author(self, name: str) -> str:
        slug = address("", name, "author")
        self.people.add(name)
        if slug not in self.author_slugs:
            self.author_slugs.add(slug)
            if queries.author(slug, limit=1) is None:
                newsroom.open_author(name=name, slug=slug)
        return slug


def display_name(author: Author) -> str:
    """Return the name to print. A login that is a mail address is never printed."""
    whole = f"{author.first_name} {author.last_name}".strip()
    name = author.name if "@" not in author.name else ""
    return name or whole or author.login.partition("@")[0]


def address(slug: str, name: str, kind: str) -> str:
    """Return a slug for what had `slug` or is called `name`, in Latin letters."""
    made = _latin(unquote(slug)) or _latin(name)
    made = made.replace("_", "-").strip("-")
    while "--" in made:
        made = made.replace("--", "-")
    if made:
        return made
    digest = hashlib.sha256((name or slug).encode()).hexdigest()
    return f"{kind}-{digest[:10]}"


def _latin(text: str) -> str:
    """Return `text` as an address can have it, other scripts spelled in Latin letters."""
    return slugify(anyascii(text))[:80].strip("-")


def _is_nothing(label: Label) -> bool:
    return label.slug in ("uncategorized", "uncategorised") or label.name.lower() in (
        "uncategorized",
        "uncategorised",
    )


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
