"""The form in which a story is written, and what it says to whoever writes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    InlinePanel,
    MultiFieldPanel,
    ObjectList,
    Panel,
    PublishingPanel,
    TabbedInterface,
)

from broadsheet.gate.house import queries as gate
from broadsheet.plumbing import publication

from ..models import Section, showing
from ..models.story import embargo_sentence
from ..rules import lead_in, reading_minutes, under_embargo, word_count

PLAIN_CLASSES = [
    ("free", _("Free")),
    ("metered", _("Metered")),
    ("premium", _("Premium")),
]


def access_classes(*more: str) -> list[tuple[str, Any]]:
    """Return the classes to choose from: the plain ones, and those of the sections."""
    used = {*Section.objects.values_list("access", flat=True), *more}
    verticals = sorted(used - {name for name, _label in PLAIN_CLASSES})
    return [*PLAIN_CLASSES, *((name, name) for name in verticals)]


class StoryForm(WagtailAdminModelForm):
    """A story's form. Whoever presses "publish" too early is told so beside the field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.pk is not None
        usual = [] if stored else [("", _("As usual in its section"))]
        self.fields["access"] = forms.ChoiceField(
            choices=[*usual, *access_classes(self.instance.access)],
            required=False,
            label=_("Class"),
            help_text=_(
                "Free: everybody reads it. Metered: it counts as one of the free "
                "stories. Premium: only subscribers read past the lead-in."
            ),
        )

        if not stored:
            self.initial["access"] = ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if not cleaned.get("access") and cleaned.get("section"):
            cleaned["access"] = cleaned["section"].access
        until = cleaned.get("embargo_until")
        if "action-publish" in self.data and under_embargo(
            until, cleaned.get("go_live_at"), publication.now()
        ):
            self.add_error("embargo_until", embargo_sentence(until))
        return cleaned


class LengthPanel(Panel):
    """How long the story is as last saved, and what is read of it before the wall."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "newsroom/desk/length.html"

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            blocks = showing.stored_blocks(self.instance.body)
            policy = gate.policy()
            words = word_count(blocks)
            lead = lead_in(blocks, policy.lead_in_min, policy.lead_in_max)
            return context | {
                "words": words,
                "minutes": reading_minutes(words),
                "lead": lead,
                "lead_words": word_count(lead),
                "access": self.instance.access,
            }


WRITING = [
    FieldPanel(
        "headline",
        classname="title",
        widget=forms.TextInput(attrs={"placeholder": _("Headline")}),
    ),
    FieldPanel(
        "standfirst",
        help_text=_("One or two sentences under the headline, read by everybody."),
    ),
    FieldRowPanel([FieldPanel("section", widget=forms.Select), FieldPanel("access")]),
    InlinePanel("bylines", label=_("Byline"), heading=_("Bylines")),
    FieldRowPanel(
        [
            FieldPanel(
                "dateline", help_text=_("Where it was written, such as MUMBAI.")
            ),
            FieldPanel(
                "agency", help_text=_("Whose report it is, if it is not our own.")
            ),
        ]
    ),
    MultiFieldPanel(
        [FieldPanel("picture"), FieldPanel("caption")], heading=_("Picture")
    ),
    FieldPanel("body"),
    LengthPanel(heading=_("Length and lead-in")),
]
PRINTING = [
    FieldPanel(
        "tags", help_text=_("Each topic has a page of its own. Separate by commas.")
    ),
    FieldPanel(
        "embargo_until",
        help_text=_("Nobody can publish the story before this instant."),
    ),
    PublishingPanel(),
    FieldPanel("slug"),
]
PROMOTION = [FieldRowPanel([FieldPanel("is_lead"), FieldPanel("picked_on")])]

STORY_FORM = TabbedInterface(
    [
        ObjectList(WRITING, heading=_("Story")),
        ObjectList(PRINTING, heading=_("Topics and dates")),
        ObjectList(PROMOTION, heading=_("Promotion")),
    ],
    base_form_class=StoryForm,
)
