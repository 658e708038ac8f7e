"""
"Correct this story": the live text in a form, what changes beside what stood, and the
sentence that readers are told. Nothing is published before the changes were shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, ObjectList

from broadsheet.plumbing import publication

from .. import actions
from ..models import Story, showing
from ..rules import Difference, differences, words_of

MAY_CORRECT = "newsroom.publish_story"
WORDS = ("headline", "standfirst", "dateline", "caption")


class CorrectionForm(WagtailAdminModelForm):
    text = forms.CharField(
        label=_("What readers are told"),
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_(
            "Say what was wrong and what is right, such as: “An earlier version gave "
            "the price as ₹90. It is ₹900.” It stands under the story for good."
        ),
        error_messages={"required": _("Say in a sentence what was wrong.")},
    )


@cache
def _panels() -> Any:
    panels = [FieldPanel("text")]
    panels += [FieldPanel(name) for name in (*WORDS, "body")]
    form = ObjectList(panels, base_form_class=CorrectionForm)
    return form.bind_to_model(Story)


@dataclass(frozen=True, slots=True)
class Change:
    """One part of the story: its name, and how it differs."""

    name: Any
    differences: tuple[Difference, ...]


@permission_required(MAY_CORRECT)
def correct_story(request: HttpRequest, story_id: int) -> HttpResponse:
    story = get_object_or_404(Story.objects.select_related("section"), pk=story_id)
    back = reverse("wagtailsnippets_newsroom_story:edit", args=[story.pk])
    if refusal := _refusal(story, request):
        messages.error(request, refusal)
        return redirect(back)
    stood = get_object_or_404(Story, pk=story_id)  # The form changes the other one.
    form = _panels().get_form_class()(
        request.POST or None, instance=story, for_user=request.user
    )
    changes: list[Change] = []
    if request.method == "POST" and form.is_valid():
        changes = changes_between(stood, story)
        if "publish" in request.POST and _publish(request, stood, story, form):
            messages.success(request, gettext("The correction is live."))
            return redirect(back)
    panel = _panels().get_bound_panel(request=request, instance=story, form=form)
    context = {
        "story": stood,
        "form": form,
        "panel": panel,
        "media": panel.media + form.media,
        "changes": changes,
        "checked": form.is_bound and form.is_valid(),
        "newer_draft": stood.has_unpublished_changes,
        "back": back,
    }
    return render(request, "newsroom/desk/correct.html", context)


def _refusal(story: Story, request: HttpRequest) -> str:
    if not story.live:
        return gettext("Only a live story can be corrected.")
    if story.locked and story.locked_by != request.user:
        return gettext("Somebody has locked this story.")
    return ""


def changes_between(stood: Story, now: Story) -> list[Change]:
    """Return each part of the story that differs, as it stood and as it is to be."""
    pairs = [
        (
            Story._meta.get_field(name).verbose_name,
            getattr(stood, name),
            getattr(now, name),
        )
        for name in WORDS
    ]
    found = [
        Change(name, differences([before], [after]))
        for name, before, after in pairs
        if before != after
    ]
    before, after = (
        words_of(showing.stored_blocks(each.body)) for each in (stood, now)
    )
    if before != after:
        found.append(Change(_("Body"), differences(before, after)))
    elif stood.body != now.body:
        found.append(Change(_("Body: emphasis or layout only"), ()))
    return found


def _publish(request: HttpRequest, stood: Story, now: Story, form: Any) -> bool:
    was, body = (showing.stored_blocks(each.body) for each in (stood, now))
    try:
        actions.correct(
            story_id=stood.pk,
            text=form.cleaned_data["text"],
            changes={
                name: getattr(now, name)
                for name in WORDS
                if getattr(now, name) != getattr(stood, name)
            },
            blocks=None if was == body else body,
            by=request.user if request.user.is_authenticated else None,
            at=publication.now(),
        )
    except (actions.BadStory, actions.BadBlock, actions.NotLive) as refusal:
        form.add_error(None, str(refusal) or gettext("The story is not live any more."))
        return False
    return True
