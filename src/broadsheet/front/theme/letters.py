"""The theme's letters: drawn like pages, and styled inside their elements."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from broadsheet.plumbing.letters import inlined

__all__ = ["inlined", "letter"]


def letter(template: str, context: dict[str, Any]) -> str:
    """Return `template` (it extends mail/base.html) as HTML that mail programs keep."""
    return inlined(render_to_string(template, context))
