"""Building records from the elements of an export."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import unescape

from . import dates
from .records import Author, Item, Label, Record, Site, Term

TEXT_LIMIT = 16 << 20  # Characters of one field: some three thousand pages of a book.
META_LIMIT = 1 << 16
LABELS_LIMIT = 2000

# The post fields that a plugin or WordPress itself stores aside, and that we use.
META = frozenset(
    {
        "_thumbnail_id",
        "_wp_attached_file",
        "_wp_attachment_image_alt",
        "_wp_attachment_metadata",
        "_wp_old_slug",
        "_yoast_wpseo_primary_category",
        "rank_math_primary_category",
        "_primary_term_category",
        "_media_credit",
        "media_credit",
        "photo_credit",
        "image_credit",
        "credit",
        "_wp_attachment_source_name",
        "dateline",
        "subtitle",
        "_subtitle",
        "sub_title",
        "kicker",
    }
)

_ITEM_FIELDS = {
    "title": "title",
    "link": "link",
    "guid": "guid",
    "pubDate": "pub_date",
    "dc:creator": "creator",
    "content:encoded": "content",
    "excerpt:encoded": "excerpt",
    "wp:post_id": "id",
    "wp:post_date": "date",
    "wp:post_date_gmt": "date_gmt",
    "wp:post_modified": "modified",
    "wp:post_modified_gmt": "modified_gmt",
    "wp:post_name": "slug",
    "wp:status": "status",
    "wp:post_parent": "parent",
    "wp:post_type": "kind",
    "wp:post_password": "password",
    "wp:is_sticky": "sticky",
    "wp:attachment_url": "attachment_url",
}
_SITE_FIELDS = {
    "title": "title",
    "link": "link",
    "language": "language",
    "wp:wxr_version": "version",
    "wp:base_site_url": "site_url",
    "wp:base_blog_url": "base_url",
}
_PARTS = {
    "wp:author": {
        "wp:author_login": "login",
        "wp:author_email": "email",
        "wp:author_display_name": "name",
        "wp:author_first_name": "first_name",
        "wp:author_last_name": "last_name",
    },
    "wp:category": {
        "wp:term_id": "id",
        "wp:category_nicename": "slug",
        "wp:cat_name": "name",
        "wp:category_parent": "parent",
    },
    "wp:tag": {"wp:tag_slug": "slug", "wp:tag_name": "name"},
    "wp:term": {
        "wp:term_id": "id",
        "wp:term_taxonomy": "taxonomy",
        "wp:term_slug": "slug",
        "wp:term_name": "name",
        "wp:term_parent": "parent",
    },
}


class Builder:
    """Hears the parser's events; holds at most one item, and what is not yet taken."""

    def __init__(self) -> None:
        self.items = 0
        self._ready: list[Record] = []
        self._site: dict[str, str] = {}
        self._site_told = False
        self._item: _Draft | None = None
        self._part: dict[str, str] = {}
        self._keep: Callable[[str], object] | None = None
        self._limit = 0
        self._text: list[str] = []
        self._length = 0
        self._label: Mapping[str, str] = {}

    def take(self) -> list[Record]:
        ready, self._ready = self._ready, []
        return ready

    def text(self, text: str) -> None:
        if self._keep is None:
            return
        self._length += len(text)
        if self._length <= self._limit:
            self._text.append(text)
        elif self._item is not None and self._limit == TEXT_LIMIT:
            self._item.too_long = True

    def start(self, path: Sequence[str], attributes: Mapping[str, str]) -> None:
        if len(path) == 3:
            self._start_entry(path[2])
        elif len(path) == 4:
            self._start_field(path[2], path[3], attributes)
        elif len(path) == 5 and path[3] == "wp:postmeta" and self._item is not None:
            self._listen(self._item.meta_part(path[4]), META_LIMIT)

    def end(self, path: Sequence[str]) -> None:
        if self._keep is not None:
            self._keep("".join(self._text))
            self._keep = None
            self._text = []
        if len(path) == 4 and path[3] == "wp:postmeta" and self._item is not None:
            self._item.end_meta()
        elif len(path) == 3:
            self._end_entry(path[2])
        elif len(path) == 2:
            self._tell_site()

    def _listen(self, keep: Callable[[str], object] | None, limit: int) -> None:
        self._keep = keep
        self._limit = limit
        self._length = 0
        self._text = []

    def _start_entry(self, tag: str) -> None:
        if tag == "item":
            self._tell_site()
            self.items += 1
            self._item = _Draft(self.items)
        elif tag in _PARTS:
            self._part = {}
        elif tag in _SITE_FIELDS:
            field = _SITE_FIELDS[tag]
            self._listen(lambda text: self._site.setdefault(field, text), META_LIMIT)

    def _start_field(self, entry: str, tag: str, attributes: Mapping[str, str]) -> None:
        if entry in _PARTS and tag in _PARTS[entry]:
            field, part = _PARTS[entry][tag], self._part
            self._listen(lambda text: part.__setitem__(field, text.strip()), META_LIMIT)
        elif entry == "item" and self._item is not None:
            self._start_item_field(self._item, tag, attributes)

    def _start_item_field(
        self, item: _Draft, tag: str, attributes: Mapping[str, str]
    ) -> None:
        if tag in _ITEM_FIELDS:
            field = _ITEM_FIELDS[tag]
            limit = TEXT_LIMIT if field in ("content", "excerpt") else META_LIMIT
            self._listen(lambda text: item.fields.setdefault(field, text), limit)
        elif tag == "category":
            domain = attributes.get("domain", "")
            slug = attributes.get("nicename", "")
            self._listen(lambda text: item.label(domain, slug, text), META_LIMIT)
        elif tag == "wp:comment":
            item.comments += 1

    def _end_entry(self, tag: str) -> None:
        if tag == "item" and self._item is not None:
            self._ready.append(self._item.finish())
            self._item = None
        elif tag in _PARTS:
            self._ready.extend(_part(tag, self._part))

    def _tell_site(self) -> None:
        if self._site_told:
            return
        self._site_told = True
        get = {name: text.strip() for name, text in self._site.items()}.get
        self._ready.append(
            Site(
                title=get("title", ""),
                link=get("link", ""),
                base_url=get("base_url", "") or get("site_url", ""),
                language=get("language", ""),
                version=get("version", ""),
            )
        )


def _part(tag: str, part: Mapping[str, str]) -> list[Record]:
    if tag == "wp:author":
        return [Author(**part)] if part.get("login") else []
    taxonomy = part.get("taxonomy") or ("post_tag" if tag == "wp:tag" else "category")
    slug = _slug(part.get("slug", "")) or _slug(part.get("name", ""))
    if not slug:
        return []
    return [
        Term(
            taxonomy,
            slug,
            unescape(part.get("name", "")) or slug,
            _slug(part.get("parent", "")),
            _number(part.get("id", "")),
        )
    ]


class _Draft:
    """An item while its elements arrive."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.fields: dict[str, str] = {}
        self.comments = 0
        self.too_long = False
        self._labels: dict[tuple[str, str], Label] = {}
        self._meta: dict[str, str] = {}
        self._key = ""
        self._value = ""

    def label(self, domain: str, slug: str, name: str) -> None:
        name = unescape(name).strip()  # “Boats &amp; Ships”, even inside CDATA.
        slug = _slug(slug) or _slug(name)
        if slug and len(self._labels) < LABELS_LIMIT:
            self._labels.setdefault((domain, slug), Label(slug, name or slug))

    def meta_part(self, tag: str) -> Callable[[str], None] | None:
        if tag == "wp:meta_key":
            return self._set_key
        return self._set_value if tag == "wp:meta_value" else None

    def _set_key(self, text: str) -> None:
        self._key = text.strip()

    def _set_value(self, text: str) -> None:
        self._value = text

    def end_meta(self) -> None:
        # Of an old slug every value counts, of all else the first.
        if self._key in META:
            known = self._meta.get(self._key)
            if known is None:
                self._meta[self._key] = self._value.strip()
            elif self._key == "_wp_old_slug" and len(known) < META_LIMIT:
                self._meta[self._key] = f"{known}\n{self._value.strip()}"
        self._key = self._value = ""

    def finish(self) -> Item:
        get = self.fields.get
        return Item(
            number=self.number,
            id=_number(get("id", "")),
            kind=get("kind", "").strip() or "post",
            status=get("status", "").strip() or "publish",
            title=get("title", "").strip(),
            link=get("link", "").strip(),
            guid=get("guid", "").strip(),
            slug=get("slug", "").strip(),
            password=get("password", "").strip(),
            sticky=get("sticky", "").strip() == "1",
            creator=get("creator", "").strip(),
            coauthors=self._of("author"),
            categories=self._categories(),
            tags=self._of("post_tag", "tag"),
            other_terms=tuple(
                (domain, label.name)
                for (domain, _), label in self._labels.items()
                if domain not in ("", "author", "category", "post_tag", "tag")
            ),
            published=dates.gmt(get("date_gmt", ""))
            or dates.rfc822(get("pub_date", "")),
            published_local=dates.local(get("date", "")),
            modified=dates.gmt(get("modified_gmt", "")),
            modified_local=dates.local(get("modified", "")),
            content=get("content", ""),
            excerpt=get("excerpt", ""),
            parent=_number(get("parent", "")),
            attachment_url=get("attachment_url", "").strip(),
            meta=self._meta,
            comments=self.comments,
            too_long=self.too_long,
        )

    def _of(self, *domains: str) -> tuple[Label, ...]:
        return tuple(
            label for (domain, _), label in self._labels.items() if domain in domains
        )

    def _categories(self) -> tuple[Label, ...]:
        # Version 1.0 names each category and each tag a second time, without domain.
        named = self._of("category")
        known = {label.name for (domain, _), label in self._labels.items() if domain}
        bare = tuple(one for one in self._of("") if one.name not in known)
        return named + bare


def _slug(text: str) -> str:
    """Some exporters write a term's name where its slug belongs."""
    return "-".join(text.lower().split())


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
