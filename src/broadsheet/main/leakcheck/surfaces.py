"""Every way of asking that we know. Lists, on purpose: to add an attack is a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from . import gifts
from .canaries import Story
from .wire import Request

PAGE, ALIAS, QUERY, HEADER, METHOD = "page", "alias", "query", "header", "method"
API, LIST, SEARCH, DESK, OTHER = "api", "list", "search", "desk", "other"
GIFT = "gift"
GROUPS = (PAGE, ALIAS, QUERY, HEADER, METHOD, API, LIST, SEARCH, DESK, GIFT, OTHER)
BY_COOKIE = frozenset((PAGE, METHOD, API, LIST, GIFT))  # What looks at who is asking.

Pair = tuple[str, str]


def of_story(story: Story) -> Iterator[Request]:
    """Yield all ways to ask for one story."""
    yield Request(PAGE, story.path)
    yield from (Request(ALIAS, target) for target in aliases(story))
    yield from (Request(QUERY, f"{story.path}?{query}") for query in QUERIES)
    for headers in HEADERS:
        yield Request(HEADER, story.path, headers=headers)
    yield from (Request(METHOD, story.path, method) for method in METHODS)
    for name in OVERRIDES:
        yield Request(METHOD, story.path, "POST", ((name, "GET"),))
    yield from _of_api(story)
    yield from _given(story)
    yield from (Request(DESK, target) for target in _at_the_desk(story))


def aliases(story: Story) -> Iterator[str]:
    """Yield other spellings of a story's address, and files that might lie beside it."""
    section, slug = story.path.strip("/").split("/", 1)
    base, number = f"/{section}/{slug}", slug.rpartition("-")[2]
    yield from (
        base,
        f"//{section}/{slug}/",
        f"/{section}//{slug}/",
        f"/./{section}/{slug}/",
        f"/{section}/./{slug}/",
        f"/x/../{section}/{slug}/",
        f"/{section}/x/../{slug}/",
        f"/{section.upper()}/{slug.upper()}/",
        f"/{section}/{slug};p=1/",
        f"/{section};p/{slug}/",
        f"/{section}%2F{slug}/",
        f"/{section}/{slug[:-1]}%{ord(slug[-1]):02x}/",
        f"/{section}/{slug[:-1]}%25{ord(slug[-1]):02x}/",
        f"/%2e/{section}/{slug}/",
        f"/%2e%2e/{section}/{slug}/",
        f"/%252e/{section}/{slug}/",
        f"/{section}/{slug}%00/",
        f"/{section}/{slug}%20/",
        f"/{section}/{slug}%0a/",
        f"/{section}/{slug}%ef%bc%8f",
        f"/{section}/{quote('ｓ')}{slug}/",
        f"/{section}\\{slug}/",
        f"/x/x-{number}/",
        f"/x/-{number}/",
        f"/{section}/x-0{number}/",
        f"/{section}/x-{quote('٣')}{number}/",
        f"{base}/amp/",
        f"{base}/print/",
        f"{base}/feed/",
        f"{base}/embed/",
        f"{base}/full/",
        f"{base}/1/",
        f"{base}/index.html",
        f"{base}.html",
        f"{base}.json",
        f"{base}.md",
        f"{base}.txt",
        f"{base}.xml",
        f"{base}.pdf",
        f"{base}.amp",
        f"{base}/x.css",
        f"{base}/;x.css",
        f"{base}%3fx.css",
        f"/amp{story.path}",
        f"/print{story.path}",
        f"/static{story.path}",
        f"/media{story.path}",
        f"/desk{story.path}",
        f"/{number}",
        f"/{number}/",
        f"/?p={number}",
        f"/?page_id={number}",
        f"/story/{number}/",
    )


QUERIES = (
    "outputType=amp amp=1 amp print=1 print=true format=json format=txt format=md "
    "preview=true preview=1 draft=1 revision=1 mode=full cut=0 full=1 view=all page=2 "
    "page=all _escaped_fragment_= noamp=mobile utm_source=google gclid=1 fbclid=1 "
    "gift=1 token=1 share=1 ref=google welcome=1 welcome=zzzzzz welcome=-1 raw=1 "
    "output=1 __full=1 slot=full variant=full verdict=full decision=full debug=1 "
    "limit=999 at=2001-01-01 now=0 device=1 reader=1 admin=1 nopaywall=1 m=1 "
    "x=%00 x=%ff"
).split()

_GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
HEADERS: tuple[tuple[Pair, ...], ...] = (
    *(
        (("Range", value),)
        for value in ("bytes=0-", "bytes=500-999999", "bytes=-4000", "bytes=0-0,9-")
    ),
    (("Range", "bytes=2000-"), ("If-Range", '"x"')),
    *(
        (("If-None-Match", value),)
        for value in ("*", '"full"', 'W/"full"', 'W/"full.a+"', '"cut", *', "W/")
    ),
    (("If-Match", "*"),),
    (("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),),
    (("If-Modified-Since", "Fri, 31 Dec 2100 00:00:00 GMT"),),
    (("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),),
    *(
        (("Accept", value),)
        for value in (
            "application/json",
            "application/ld+json",
            "text/markdown",
            "text/plain",
            "application/rss+xml",
            "application/xhtml+xml",
            "text/html;profile=amp",
            "*/*;q=0",
            "image/webp",
        )
    ),
    *((("Accept-Encoding", value),) for value in ("gzip", "deflate", "identity;q=0")),
    (("Accept-Language", "hi"),),
    *((("Sec-Purpose", value),) for value in ("prefetch", "prefetch;prerender", "x")),
    (("Purpose", "prefetch"),),
    (("X-Purpose", "preview"),),
    (("X-Moz", "prefetch"),),
    (("Sec-Fetch-Dest", "iframe"),),
    (("Service-Worker", "script"),),
    *(
        (("Referer", value),)
        for value in (
            "https://www.google.com/",
            "https://t.co/x",
            "https://www.facebook.com/",
            "android-app://com.google.android.googlequicksearchbox/",
        )
    ),
    *(
        (("User-Agent", value),)
        for value in (
            _GOOGLEBOT,
            "Googlebot-News",
            "bingbot/2.0",
            "facebookexternalhit/1.1",
            "Twitterbot/1.0",
            "AdsBot-Google",
            "ia_archiver",
            "archive.org_bot",
            "GPTBot/1.2",
            "OAI-SearchBot/1.0",
            "ChatGPT-User/1.0",
            "ClaudeBot/1.0",
            "PerplexityBot/1.0",
            "curl/8",
        )
    ),
    (("User-Agent", _GOOGLEBOT), ("X-Forwarded-For", "66.249.66.1")),
    *(
        ((name, "66.249.66.1"),)
        for name in ("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "Forwarded")
    ),
    (("X-Forwarded-For", "127.0.0.1"),),
    (("X-Forwarded-Host", "attacker.example"),),
    (("X-Forwarded-Proto", "https"),),
    (("X-Forwarded-Prefix", "/api/v1"),),
    (("X-Original-URL", "/desk/"),),
    (("X-Rewrite-URL", "/desk/"),),
    (("X-Forwarded-User", "editor@demo.example"),),
    (("Remote-User", "editor@demo.example"),),
    *(
        ((name, "full"),)
        for name in (
            "X-Variant",
            "X_Variant",
            "X-Gate-Variant",
            "X-Broadsheet-Variant",
            "X-Broadsheet-Verdict",
            "X-Broadsheet-Decision",
            "X-Decision",
            "X-Auth-Request-Variant",
        )
    ),
    (("X-Accel-Redirect", "/full"),),
    (("Authorization", "Bearer full"),),
    (("Authorization", "Basic ZWRpdG9yQGRlbW8uZXhhbXBsZTpkZXNr"),),
    (("X-Requested-With", "XMLHttpRequest"),),
    (("Cache-Control", "no-cache"), ("Pragma", "no-cache")),
    (("Cache-Control", "only-if-cached"),),
    (("Host", "attacker.example"),),
    (("Signature-Agent", '"https://attacker.example"'),),
    (("DNT", "1"), ("Sec-GPC", "1")),
    (("Expect", "x"),),
)
METHODS = "HEAD OPTIONS POST PUT PATCH DELETE PROPFIND QUERY GETT get".split()
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


def _of_api(story: Story) -> Iterator[Request]:
    one = f"/api/v1/stories/{story.story_id}"
    for target in (one, f"{one}/", f"{one}/decision", f"{one}?format=html"):
        yield Request(API, target)
    for target in (f"{one}.json", f"{one}?full=1&count=0", f"{one}/blocks", f"{one}//"):
        yield Request(API, target)
    for method in ("HEAD", "OPTIONS", "POST", "PUT"):
        yield Request(API, one, method)
    for headers in API_HEADERS:
        yield Request(API, one, headers=headers)


def _given(story: Story) -> Iterator[Request]:
    """Yield gifts of the story that open nothing, and the page where gifts are made."""
    dead = (*story.gifts, *(f"/gift/{token}/" for token in gifts.forged(story)))
    for target in dead:
        yield Request(GIFT, target)
        yield Request(GIFT, target, "HEAD")
        yield Request(GIFT, target, headers=(("Sec-Purpose", "prefetch"),))
        yield Request(GIFT, target, headers=(("User-Agent", _PREVIEW),))
        yield Request(GIFT, target.rstrip("/"))
        token = target.strip("/").rpartition("/")[2]
        yield Request(GIFT, f"{story.path}?gift={token}")
    yield Request(GIFT, f"/gift/give/{story.story_id}/")
    yield Request(GIFT, f"/gift/give/{story.story_id}/", "POST")


_PREVIEW = "facebookexternalhit/1.1"
API_HEADERS: tuple[tuple[Pair, ...], ...] = (
    (("Sec-Purpose", "prefetch"),),
    (("Range", "bytes=0-"),),
    (("If-None-Match", "*"),),
    (("Accept", "text/html"),),
    (("Authorization", "Bearer full"),),
    (("X-HTTP-Method-Override", "HEAD"),),
    (("X-Forwarded-For", "127.0.0.1"),),
)


def _at_the_desk(story: Story) -> Iterator[str]:
    """Yield where staff see drafts, revisions and previews of a story."""
    number = story.story_id
    desk = "/desk/stories"
    for verb in "edit preview history usage delete copy inspect unpublish".split():
        yield f"{desk}/{verb}/{number}/"
    yield f"{desk}/edit/{number}/preview/"
    for mode in ("full", "cut"):
        yield f"{desk}/preview/{number}/?mode={mode}&in_preview_panel=true"
    for revision in (number, 1):
        yield f"{desk}/history/{number}/revisions/{revision}/view/"
        yield f"{desk}/history/{number}/revisions/{revision}/revert/"
        yield f"{desk}/history/{number}/revisions/compare/earliest...latest/"
    yield f"/desk/workflows/task_states/{number}/action/approve/"


def of_site(stories: Iterable[Story]) -> Iterator[Request]:
    """Yield the surfaces that show many stories, or might."""
    yield from (Request(LIST, target) for target in LISTS)
    yield from (Request(DESK, target) for target in DESKS)
    yield from (Request(OTHER, target) for target in OTHERS)
    sections = sorted({story.path.split("/")[1] for story in stories})
    for name in sections:
        yield Request(LIST, f"/{name}/")
        yield Request(LIST, f"/feeds/{name}.rss")
        yield Request(API, f"/api/v1/stories?section={name}&limit=50")
    for query in ("limit=50", "limit=50&fields=blocks", "limit=50&expand=body"):
        yield Request(API, f"/api/v1/stories?{query}")


LISTS = (
    "/ /?outputType=amp /?print=1 /authors/leak-check/ /topics/leak-check/ /feeds/ "
    "/feeds/front.rss /feeds/all.rss /feeds/full.rss /rss /feed/ /atom.xml /feed.json "
    "/archive/ /subscribe/ /newsletters/ /epaper/"
).split()
DESKS = (
    "/desk/ /desk/stories/ /desk/stories/results/ /desk/stories/?q=leak /desk/reports/ "
    "/desk/reports/site-history/ /desk/reports/locked/ /desk/outbox/ /desk/images/ "
    "/desk/documents/ /desk/documents/1/x /desk/api/main/pages/ /desk/api/main/images/ "
    "/desk/pages/ /desk/pages/1/view_draft/ /desk/userbar/1/ /desk/styleguide/ "
    "/desk/patterns/ /desk/login/ /desk/workflows/list/ /desk/snippets/"
).split()
OTHERS = (
    "/robots.txt /sitemap.xml /news-sitemap.xml /sitemap-news.xml /llms.txt "
    "/llms-full.txt /humans.txt /.well-known/security.txt /manifest.json /sw.js "
    "/favicon.ico /media/ /media/images/ /media/original_images/ /static/ "
    "/media/../settings /media/%2e%2e/x /static/%2e%2e/x /oembed /api/ /api/v1/ "
    "/api/v1/docs /api/v1/openapi.json /api/v1/sections /api/v1/plans /api/v1/search "
    "/api/v2/pages/ /api/v2/images/ /graphql /graphql/ /wp-json/wp/v2/posts /admin/ "
    "/documents/1/x /images/1/ /account/ /account/security/ /accounts/login/ /healthz "
    "/readyz /metrics /license.xml /rsl.xml /gate/v1/decide /no-such-page/ /%ff "
    "/.git/HEAD /var/ /debug/ /__debug__/"
).split()


def searches(words: Iterable[str]) -> Iterator[Request]:
    for word in words:
        yield Request(SEARCH, f"/search/?q={word}")
