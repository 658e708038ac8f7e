"""What machines read in a story's page: schema.org's NewsArticle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from broadsheet.plumbing.publication import Facts

if TYPE_CHECKING:
    from broadsheet.news.newsroom.queries import StoryPage

from .templatetags.paper import iso

# The part that a reader without the right does not see, as crawlers ask for it:
# developers.google.com/search/docs/appearance/structured-data/paywalled-content
WITHHELD = ".wall"


def news_article(
    story: StoryPage, *, paper: Facts, origin: str, cut: bool
) -> dict[str, Any]:
    """Return `story` for machines. Nothing of its body is in it, cut or not."""
    address = origin + story.path
    facts: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": address,
        "url": address,
        "headline": story.headline,
        "description": story.standfirst,
        "articleSection": story.section_name,
        "datePublished": iso(story.published_at),
        "dateModified": iso(story.updated_at),
        "inLanguage": paper.locale,
        "wordCount": story.word_count,
        "author": _authors(story, origin),
        "publisher": {"@type": "NewsMediaOrganization", "name": paper.name},
        "isAccessibleForFree": story.access == "free",
    }
    if story.picture:
        facts["image"] = [absolute(story.picture.src, origin)]
    if cut:
        facts["hasPart"] = {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": WITHHELD,
        }
    return facts


def absolute(address: str, origin: str) -> str:
    return origin + address if address.startswith("/") else address


def _authors(story: StoryPage, origin: str) -> list[dict[str, str]]:
    people = [_person(author.name, author.path, origin) for author in story.bylines]
    if people or not story.agency:
        return people
    return [{"@type": "NewsMediaOrganization", "name": story.agency}]


def _person(name: str, path: str, origin: str) -> dict[str, str]:
    person = {"@type": "Person", "name": name}
    return person | {"url": absolute(path, origin)} if path else person
