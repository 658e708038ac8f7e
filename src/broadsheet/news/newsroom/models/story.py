"""
The story, and the one door by which it goes live.

A story is a row, not a node of the page tree: one table holds this morning's news and
millions of archive stories. Wagtail's desk publishes through `publish` and takes down
through `unpublish`, as do our own verbs and the schedule, so what must happen in the
same transaction as going live happens there.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import models, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from taggit.models import TaggedItemBase
from wagtail.actions.publish_revision import PublishPermissionError
from wagtail.actions.unpublish import UnpublishAction
from wagtail.models import (
    DraftStateMixin,
    LockableMixin,
    Orderable,
    PreviewableMixin,
    RevisionMixin,
    WorkflowMixin,
)

from broadsheet.gate.house import queries as gate
from broadsheet.plumbing import outbox, publication

from ..events import ListingsChanged, StoryPublished, StoryWithdrawn
from ..rules import bad_access, lead_in, story_path, under_embargo, word_count
from ..rules.addresses import LONGEST_SLUG
from . import proofs, showing
from .blocks import Body
from .listed import listed_on
from .people import refuse
from .publishing import Publishing
from .references import noted_once
from .rows import Placing, Withdrawal

if TYPE_CHECKING:
    from wagtail.models import Revision

    from broadsheet.readers.models import Reader


# The simple dictionary stems nothing, so that it serves every language alike.
HEADLINE_WORDS = SearchVector("headline", config="simple")
# A draft that no reader has seen, or a change of a live story that is not live yet.
WAITS = Q(live=False, last_published_at=None) | Q(
    live=True, has_unpublished_changes=True
)
ORIGIN = ("origin", "origin_id", "origin_digest")


class Embargoed(PublishPermissionError):
    """
    The story is under embargo and its instant has not come. Try again after it.

    Wagtail's desk answers a lack of permission with a message, never with an error
    page; the forms say the sentence itself before it comes to that.
    """


class WasPublished(Exception):
    """Readers have seen the story: it is withdrawn, never deleted or spiked."""


class StoryTag(TaggedItemBase):
    content_object = ParentalKey(
        "newsroom.Story", on_delete=models.CASCADE, related_name="tagged"
    )


class Story(
    WorkflowMixin,
    DraftStateMixin,
    LockableMixin,
    RevisionMixin,
    PreviewableMixin,
    ClusterableModel,
):
    """One story, as it stands; its drafts and former texts are its revisions."""

    headline = models.CharField(_("headline"), max_length=240)
    standfirst = models.TextField(_("standfirst"), blank=True)
    body = Body(verbose_name=_("body"), blank=True)
    agency = models.CharField(_("agency"), max_length=80, blank=True)
    dateline = models.CharField(_("dateline"), max_length=120, blank=True)
    section = models.ForeignKey(
        "newsroom.Section",
        verbose_name=_("section"),
        on_delete=models.PROTECT,
        related_name="stories",
    )
    access = models.CharField(_("class"), max_length=60, default="metered")
    embargo_until = models.DateTimeField(_("embargo until"), null=True, blank=True)
    slug = models.SlugField(
        _("address"),
        max_length=LONGEST_SLUG,
        blank=True,
        help_text=_("Made from the headline if left empty. Old addresses lead here."),
    )
    tags = ClusterTaggableManager(
        through=StoryTag, blank=True, verbose_name=_("topics")
    )
    picture = models.ForeignKey(
        "newsroom.Picture",
        verbose_name=_("picture"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    caption = models.CharField(_("caption"), max_length=400, blank=True)
    is_lead = models.BooleanField(
        _("lead of the front page"),
        default=False,
        help_text=_("The newest such story leads the front page."),
    )
    picked_on = models.DateField(
        _("pick of the day"),
        null=True,
        blank=True,
        help_text=_("The day on which the editors hand-picked this story."),
    )
    # Drafts have no date; an imported story keeps the one it was first printed with.
    first_published_at = models.DateTimeField(
        _("published"), null=True, blank=True, editable=False
    )
    updated_at = models.DateTimeField(_("updated"), null=True, editable=False)
    word_count = models.PositiveIntegerField(_("words"), default=0, editable=False)
    # Where an imported story came from, and a digest of what came, so that importing
    # the same again is seen to be the same.
    origin = models.CharField(max_length=40, blank=True, editable=False)
    origin_id = models.CharField(max_length=200, blank=True, editable=False)
    origin_digest = models.CharField(max_length=64, blank=True, editable=False)

    objects: ClassVar[models.Manager[Story]] = models.Manager()
    _default_manager: ClassVar[models.Manager[Story]]  # Wagtail's bases are untyped.

    preview_modes: ClassVar[list[tuple[str, Any]]] = [
        ("full", _("Full story")),
        ("cut", _("Cut, with the wall")),
    ]

    class Meta:
        verbose_name = _("story")
        verbose_name_plural = _("stories")
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "origin_id"],
                condition=~Q(origin=""),
                name="a_story_is_imported_once",
            ),
            models.CheckConstraint(
                condition=Q(live=False)
                | Q(first_published_at__isnull=False, updated_at__isnull=False),
                name="a_live_story_has_its_dates",
            ),
            models.CheckConstraint(
                condition=Q(live=False)
                | Q(embargo_until=None)
                | Q(last_published_at__gte=models.F("embargo_until")),
                name="nothing_is_live_under_embargo",
            ),
        ]
        indexes = [
            models.Index(
                models.F("first_published_at").desc(),
                models.F("id").desc(),
                name="river_of_all",
                condition=Q(live=True),
            ),
            models.Index(
                "section",
                models.F("first_published_at").desc(),
                models.F("id").desc(),
                name="river_of_section",
                condition=Q(live=True),
            ),
            models.Index(
                models.F("first_published_at").desc(),
                models.F("id").desc(),
                name="river_of_leads",
                condition=Q(live=True, is_lead=True),
            ),
            models.Index(
                models.F("picked_on").desc(),
                models.F("first_published_at").desc(),
                models.F("id").desc(),
                name="river_of_picks",
                condition=Q(live=True, picked_on__isnull=False),
            ),
            models.Index(
                models.F("latest_revision").desc(),
                name="drafts_that_wait",
                condition=WAITS,
            ),
            GinIndex(HEADLINE_WORDS, name="words_of_headlines"),
            models.Index(
                fields=["expire_at"],
                name="stories_to_expire",
                condition=Q(live=True, expire_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.headline

    @property
    def path(self) -> str:
        return story_path(self.section.slug, self.slug or "story", self.pk or 0)

    def get_absolute_url(self) -> str:
        return self.path

    # --- What is derived from the content, before it is stored ---------------------

    def clean(self) -> None:
        super().clean()
        refuse("access", bad_access(self.access))
        self._derive()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("update_fields") is None:
            self._derive()
        super().save(*args, **kwargs)

    def _derive(self) -> None:
        self.slug = self.slug or slugify(self.headline)[:LONGEST_SLUG].strip("-")
        self.slug = self.slug or "story"
        self.word_count = word_count(showing.stored_blocks(self.body))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if self.last_published_at is not None:
            raise WasPublished(self.pk)
        deleted: tuple[int, dict[str, int]] = super().delete(*args, **kwargs)
        return deleted

    def with_content_json(self, content: dict[str, Any]) -> Story:
        """Return the story as a revision has it, but for what no editor ever edits."""
        story: Story = super().with_content_json(content)
        for name in ("updated_at", "last_published_at", *ORIGIN):
            setattr(story, name, getattr(self, name))
        return story

    # --- The door --------------------------------------------------------------------

    def publish(
        self,
        revision: Revision,
        user: Reader | None = None,
        changed: bool = True,
        log_action: bool | str = True,
        previous_revision: Revision | None = None,
        skip_permission_checks: bool = False,
        updated_at: datetime | None = None,
        at: datetime | None = None,
    ) -> None:
        """
        Let `revision` go live, or wait for its `go_live_at`, and announce it. What was
        last changed elsewhere says so by `updated_at`. Raise `Embargoed` if it would go live before its instant. Locks the story's row.
        """
        at = at or publication.now()
        with transaction.atomic():
            Story.objects.select_for_update(of=("self",)).only("pk").get(pk=self.pk)
            action = Publishing(
                revision,
                user=user,
                changed=changed,
                log_action=log_action,
                previous_revision=previous_revision,
                updated_at=updated_at,
                at=at,
            )
            refuse_under_embargo(action.object, at)
            listed = listed_on([self.pk])
            with noted_once(action.object):
                action.execute(skip_permission_checks=skip_permission_checks)
            if action.goes_live:
                _place(action.object, action.object.first_published_at)
                _announce_lists(listed | listed_on([self.pk]), at)
                outbox.announce(StoryPublished(self.pk, revision.pk), at=at)
        self.refresh_from_db()

    def unpublish(
        self,
        set_expired: bool = False,
        commit: bool = True,
        user: Reader | None = None,
        log_action: bool | str = True,
        reason: str = "",
        at: datetime | None = None,
    ) -> None:
        """Take a live story down, write down why, and announce it. Locks the row."""
        at = at or publication.now()
        with transaction.atomic():
            current = Story.objects.select_for_update(of=("self",)).get(pk=self.pk)
            if not current.live:
                return
            UnpublishAction(
                self,
                set_expired=set_expired,
                commit=commit,
                user=user,
                log_action=log_action,
            ).execute(skip_permission_checks=True)
            listed = listed_on([self.pk])
            self.placings.all().delete()
            Withdrawal.objects.create(story_id=self.pk, reason=reason, at=at, by=user)
            outbox.announce(StoryWithdrawn(self.pk), at=at)
            _announce_lists(listed, at)

    # --- Preview -----------------------------------------------------------------------

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        """Return the page that readers would get: whole, or cut with its wall."""
        policy = gate.policy()
        stored = showing.stored_blocks(self.body)
        proof = proofs.Proof(
            story=showing.story_page(self, at=publication.now()),
            section=self.section.slug,
            blocks=showing.blocks_of(self.body),
            lead=lead_in(stored, policy.lead_in_min, policy.lead_in_max),
            cut=mode_name == "cut",
        )
        return HttpResponse(proofs.pull(proof))


class Byline(Orderable):
    """An author of a story, in the order in which they are named."""

    story = ParentalKey(Story, on_delete=models.CASCADE, related_name="bylines")
    author = models.ForeignKey(
        "newsroom.Author",
        verbose_name=_("author"),
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta(Orderable.Meta):
        verbose_name = _("byline")
        verbose_name_plural = _("bylines")


def refuse_under_embargo(story: Story, at: datetime) -> None:
    """Raise `Embargoed` if `story` would go live before its instant."""
    if under_embargo(story.embargo_until, story.go_live_at, at):
        raise Embargoed(embargo_sentence(story.embargo_until))


def embargo_sentence(until: datetime | None) -> str:
    if until is None:
        return ""
    zone = publication.current().zone
    return gettext("This story is under embargo until %(instant)s.") % {
        "instant": f"{until.astimezone(zone):%d %B %Y, %H:%M %Z}"
    }


def headline_search(stories: models.QuerySet[Story], words: str) -> Any:
    """Return those of `stories` whose headline has a word beginning with each given."""
    prefixes = [f"{word}:*" for word in re.findall(r"\w+", words)]
    if not prefixes:
        return stories
    query = SearchQuery(" & ".join(prefixes), config="simple", search_type="raw")
    return stories.annotate(headline_words=HEADLINE_WORDS).filter(headline_words=query)


def _announce_lists(paths: frozenset[str], at: datetime) -> None:
    outbox.announce(ListingsChanged(tuple(sorted(paths))), at=at)


def _place(story: Story, at: datetime) -> None:
    """List `story`, published `at`, under its authors and topics."""
    story.placings.all().delete()
    Placing.objects.bulk_create(placings_of(story, at))


def placings_of(story: Story, at: datetime) -> list[Placing]:
    """Return the places of `story`, published `at`, one an author and one a topic."""
    authors = dict.fromkeys(byline.author_id for byline in story.bylines.all())
    rows = [Placing(author_id=author) for author in authors]
    rows += [Placing(tag_id=worn.tag_id) for worn in story.tagged.all()]
    for row in rows:
        row.story_id, row.published_at = story.pk, at
    return rows
