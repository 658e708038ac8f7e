"""
Why a reader sees what she does, and how a story will be cut before it is published.

Whoever works on stories may see how one is cut. What a person has read is only for those
who may see recorded decisions; her mail address, for those who may see readers as well.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from broadsheet.gate.core.cutting import cuts
from broadsheet.gate.core.vocabulary import FREE, METERED, PREMIUM, StoryFacts
from broadsheet.gate.house import explaining, queries, telling
from broadsheet.gate.house.explaining import Explanation, Question, Who
from broadsheet.plumbing import publication
from broadsheet.readers import queries as readers

MAY_SEE_CUTS = "newsroom.change_story"
MAY_SEE_RECORDS = "gate.view_recordeddecision"
MAY_SEE_READERS = "readers.view_reader"
_ACCESS = re.compile(r"free|metered|premium|vertical:[a-z0-9-]{1,60}")


class Asked(forms.Form):
    """Which story, whom, and when."""

    story = forms.IntegerField(
        label=_("Story, by number"), min_value=1, max_value=10**18
    )
    access = forms.RegexField(_ACCESS, required=False, widget=forms.HiddenInput)
    who = forms.ChoiceField(
        label=_("Who"),
        required=False,
        choices=[
            (Who.ANONYMOUS.value, _("Somebody new")),
            (Who.READER.value, _("A registered reader")),
            (Who.DEVICE.value, _("A browser")),
        ],
    )
    named = forms.CharField(
        label=_("Reader or browser"),
        required=False,
        max_length=254,
        help_text=_(
            "A mail address or a number; for a browser, what its cookie "
            "__Host-broadsheet-device holds."
        ),
    )
    at = forms.DateTimeField(
        label=_("When"),
        required=False,
        help_text=_("By the publication’s clock. Empty: now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
    )


@require_safe
def explain(request: HttpRequest) -> HttpResponse:
    """Show how the story is cut; and, for a person who is named, why. ≤ 20 queries."""
    people = request.user.has_perm(MAY_SEE_RECORDS)
    if not (people or request.user.has_perm(MAY_SEE_CUTS)):
        raise PermissionDenied
    form = _form(request)
    context: dict[str, Any] = {"form": form, "people": people}
    if form.is_valid():
        context |= _story(form.cleaned_data)
        if people and form.cleaned_data["who"]:
            context |= _person(form, request)
    response = render(request, "desk/explain.html", context)
    response["Cache-Control"] = "no-store"  # It says what a person has read.
    return response


def _form(request: HttpRequest) -> Asked:
    if "story" in request.GET:
        return Asked(request.GET)
    named = request.GET.get("named", "")  # As the list of users links here.
    who = Who.READER if named else Who.ANONYMOUS
    return Asked(initial={"named": named, "who": who.value})


# --- The story --------------------------------------------------------------------------


def _story(given: dict[str, Any]) -> dict[str, Any]:
    """Return the story's facts, with the class that its draft has, and the cuts."""
    facts, filed = _facts(given["story"])
    chosen = given["access"] or facts.access
    policy = queries.policy()
    found = cuts(replace(facts, access=chosen, withdrawn=False), policy)
    return {
        "facts": facts,
        "filed": filed,
        "access": chosen,
        "classes": _classes(facts.access, chosen),
        "policy": telling.policy(policy),
        "cuts": [
            {
                "who": telling.reader(cut),
                "gets": telling.outcome(cut.decision),
                "why": telling.rule(cut.decision.reason),
                "full": cut.decision.full,
            }
            for cut in found
        ],
    }


def _facts(story_id: int) -> tuple[StoryFacts, bool]:
    """Return what the gate knows of the story, or a draft's stand-in."""
    try:
        return queries.story(story_id), True
    except queries.UnknownStory:
        return StoryFacts(story_id, "", METERED, "", publication.now(), 0), False


def _classes(*used: str) -> list[str]:
    return list(dict.fromkeys((FREE, METERED, PREMIUM, *used)))


# --- The person -------------------------------------------------------------------------


def _person(form: Asked, request: HttpRequest) -> dict[str, Any]:
    may_see_readers = request.user.has_perm(MAY_SEE_READERS)
    question = _question(form, may_see_readers=may_see_readers)
    if question is None:
        return {}
    try:
        told = explaining.explain(question, now=publication.now())
    except queries.UnknownStory:
        form.add_error("story", _now("This story has never been published."))
        return {}
    return {
        "told": told,
        "head": telling.head(told),
        "parts": telling.parts(told),
        "name": _name(told) if may_see_readers else "",
    }


def _question(form: Asked, *, may_see_readers: bool) -> Question | None:
    given = form.cleaned_data
    who, named = Who(given["who"]), given["named"].strip()
    if who is Who.ANONYMOUS:
        return Question(given["story"], who, None, given["at"])
    identity = queries.device_called(named) if who is Who.DEVICE else _number(named)
    if identity is None and who is Who.READER:
        if not may_see_readers:
            form.add_error("named", _now("Give the reader’s number."))
            return None
        found = readers.reader_of(named)
        identity = found.public_id if found else None
    if identity is None:
        form.add_error("named", _now("Nobody is known by this."))
        return None
    return Question(given["story"], who, identity, given["at"])


def _number(named: str) -> UUID | None:
    try:
        return UUID(named)
    except ValueError:
        return None


def _name(told: Explanation) -> str:
    """Return the reader's mail address, if it is a reader and she is known."""
    if told.question.who is not Who.READER or told.question.identity is None:
        return ""
    found = readers.reader(told.question.identity)
    return found.email if found else ""
