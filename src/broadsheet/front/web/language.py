"""The language of the pages: the publication's own, whoever asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from broadsheet.plumbing import publication

Answer = Callable[[HttpRequest], HttpResponse]


class PublicationLanguageMiddleware:
    """
    Answers in the publication's language. A browser that prefers another would get its
    months and its `lang` around stories that stay in ours, and read aloud by the wrong
    voice. The desk sets each editor's own choice after this.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with publication_language():
            return self.answer(request)


@contextmanager
def publication_language() -> Iterator[None]:
    """Write in the publication's language, whoever's request or job this is."""
    wanted = publication.current().locale.lower()
    known = dict(settings.LANGUAGES)
    language = wanted if wanted in known else wanted.partition("-")[0]
    if language not in known:
        language = settings.LANGUAGE_CODE
    with translation.override(language):
        yield
