"""What every page knows: the publication and its present."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from broadsheet.plumbing import publication


def paper(request: HttpRequest) -> dict[str, Any]:
    """Return `paper` and `now`, both read only if a template asks."""
    return {
        "paper": SimpleLazyObject(publication.current),
        "now": SimpleLazyObject(publication.now),
    }
