"""
The crawlers that we know by name, and how each can be told from one who only says so.

A row here is no judgement: what a crawler gets is the desk's policy for its kind. Its
`ranges` is the file in `ranges/` that its operator publishes; its `suffixes` are the
domains that its addresses have names in. With neither, nobody can prove to be it but
by a signature.
"""

from __future__ import annotations

from dataclasses import dataclass

from .vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Crawler:
    name: str
    kind: Kind
    token: str  # In its User-Agent, and in robots.txt.
    ranges: str = ""
    suffixes: tuple[str, ...] = ()
    agent: str = ""  # The host in its Signature-Agent, if it signs.
    speaks: bool = True  # False: a word for robots.txt that no request carries.


def _row(
    kind: Kind, token: str, ranges: str = "", suffixes: str = "", **more: str | bool
) -> Crawler:
    agent, speaks = str(more.get("agent", "")), bool(more.get("speaks", True))
    return Crawler(token, kind, token, ranges, tuple(suffixes.split()), agent, speaks)


# Never `googleusercontent.com`: whoever rents a machine there has a name under it,
# and the name's address is right.
_GOOGLE = "googlebot.com google.com"

KNOWN: tuple[Crawler, ...] = (
    _row(Kind.SEARCH, "Googlebot", "googlebot", _GOOGLE),
    _row(Kind.SEARCH, "bingbot", "bingbot", "search.msn.com"),
    _row(Kind.SEARCH, "Applebot", "applebot", "applebot.apple.com"),
    _row(Kind.SEARCH, "DuckDuckBot", "duckduckbot"),
    _row(Kind.SEARCH, "YandexBot", "", "yandex.ru yandex.net yandex.com"),
    _row(Kind.SEARCH, "Baiduspider", "", "baidu.com baidu.jp"),
    _row(Kind.SEARCH, "SeznamBot", "", "seznam.cz"),
    _row(Kind.AI_SEARCH, "OAI-SearchBot", "searchbot"),
    _row(Kind.AI_SEARCH, "PerplexityBot", "perplexitybot"),
    _row(Kind.AI_SEARCH, "Claude-SearchBot", "claude"),
    _row(Kind.AI_SEARCH, "Amazonbot", "amazonbot", "crawl.amazonbot.amazon"),
    _row(Kind.TRAINING, "GPTBot", "gptbot"),
    _row(Kind.TRAINING, "ClaudeBot", "claude"),
    _row(Kind.TRAINING, "CCBot", "ccbot", "crawl.commoncrawl.org"),
    _row(Kind.TRAINING, "Bytespider"),
    _row(Kind.TRAINING, "meta-externalagent"),
    _row(Kind.TRAINING, "Google-Extended", speaks=False),
    _row(Kind.TRAINING, "Applebot-Extended", speaks=False),
    _row(Kind.AGENT, "ChatGPT-User", "chatgpt-user", agent="chatgpt.com"),
    _row(Kind.AGENT, "Claude-User", "claude"),
    _row(Kind.AGENT, "Perplexity-User", "perplexity-user"),
    _row(Kind.AGENT, "MistralAI-User", "mistralai-user"),
    _row(Kind.AGENT, "meta-externalfetcher"),
    _row(Kind.ARCHIVE, "archive.org_bot", "", "archive.org"),
    _row(Kind.ARCHIVE, "heritrix"),
    _row(Kind.PREVIEW, "facebookexternalhit"),
    _row(Kind.PREVIEW, "Twitterbot", "", "twttr.com"),
    _row(Kind.PREVIEW, "LinkedInBot", "", "fwd.linkedin.com"),
    _row(Kind.PREVIEW, "Slackbot-LinkExpanding"),
    _row(Kind.PREVIEW, "Slackbot"),
    _row(Kind.PREVIEW, "TelegramBot"),
    _row(Kind.PREVIEW, "Discordbot"),
    _row(Kind.PREVIEW, "WhatsApp"),
)

BY_NAME = {crawler.name: crawler for crawler in KNOWN}
BY_AGENT = {crawler.agent: crawler for crawler in KNOWN if crawler.agent}
RANGES = frozenset(crawler.ranges for crawler in KNOWN if crawler.ranges)
UNKNOWN = "unknown"
