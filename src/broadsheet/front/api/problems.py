"""Every refusal in one shape: `{"detail": "one sentence"}`, whatever refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

NOTHING_HERE = "There is nothing at this address."
NOT_SO = "This address is read with {methods} only."

View = Callable[..., HttpResponse]
Pattern = URLPattern | URLResolver

# What is wrong with a parameter, by pydantic's name for it. `{ge}` and the like are
# the limit that it broke.
SENTENCES = {
    "greater_than_equal": "{name} is {ge} at least.",
    "less_than_equal": "{name} is {le} at most.",
    "int_parsing": "{name} is a whole number.",
    "int_parsing_size": "{name} is a whole number of usual size.",
    "int_from_float": "{name} is a whole number.",
    "string_too_long": "{name} has {max_length} characters at most.",
    "string_pattern_mismatch": "{name} has letters, digits and dashes only.",
    "missing": "{name} is missing.",
}


def handle(api: NinjaAPI) -> None:
    """Let this API answer each refusal in our one shape."""

    @api.exception_handler(ValidationError)
    def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        return problem(api, request, sentence(error.errors), 422)

    @api.exception_handler(HttpError)
    def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
        return problem(api, request, str(error), error.status_code)

    @api.exception_handler(Http404)
    def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return problem(api, request, NOTHING_HERE, 404)


def in_one_shape(api: NinjaAPI, patterns: Iterable[Pattern]) -> Iterable[Pattern]:
    """Return the patterns, answering a wrong method as every other mistake."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = _refusing_in_shape(api, pattern.callback)
        yield pattern


def _refusing_in_shape(api: NinjaAPI, view: View) -> View:
    @wraps(view)
    def shaped(request: HttpRequest, *words: Any, **names: Any) -> HttpResponse:
        response = view(request, *words, **names)
        if response.status_code != 405:
            return response
        # Ninja keeps the methods in a set, which has another order in each process.
        methods = sorted(response.headers["Allow"].split(", "))
        refusal = NOT_SO.format(methods=" or ".join(methods))
        told = problem(api, request, refusal, 405)
        told.headers["Allow"] = ", ".join(methods)
        return told

    return shaped


def nothing_here(api: NinjaAPI) -> View:
    # Exempt, or a mistyped address would be told about a form that there is not.
    @csrf_exempt
    def missing(request: HttpRequest) -> HttpResponse:
        return problem(api, request, NOTHING_HERE, 404)

    return missing


def problem(
    api: NinjaAPI, request: HttpRequest, detail: str, status: int
) -> HttpResponse:
    return api.create_response(request, {"detail": detail}, status=status)


def sentence(errors: Sequence[dict[str, Any]]) -> str:
    """Return the first complaint as a sentence; mended, the next one is told."""
    error = errors[0]
    name = str(error["loc"][-1])
    words = SENTENCES.get(str(error["type"]), "{name} cannot be used.")
    return words.format(name=name, **error.get("ctx", {}))
