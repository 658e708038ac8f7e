"""
Wagtail's action of publishing, with the time handed in.

Wagtail's own compares a schedule with the wall clock; a publication may live on another.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from wagtail.actions.publish_revision import PublishRevisionAction
from wagtail.log_actions import log


class Publishing(PublishRevisionAction):
    """Let a revision of a story go live at `at`, or wait for its `go_live_at`."""

    def __init__(
        self,
        *args: Any,
        at: datetime,
        updated_at: datetime | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.at, self.updated_at = at, updated_at

    @property
    def goes_live(self) -> bool:
        go_live_at = self.object.go_live_at
        return go_live_at is None or go_live_at <= self.at

    def _publish_revision(self, *_args: Any, **_kwargs: Any) -> None:
        if self.goes_live:
            self._go_live()
        else:
            self._wait()

    def _wait(self) -> None:
        story, revision = self.object, self.revision
        revision.approved_go_live_at = story.go_live_at
        revision.save(update_fields=["approved_go_live_at"])
        story.revisions.exclude(pk=revision.pk).update(approved_go_live_at=None)
        # Only the flags: what is live now stays as it is until the new text's hour.
        story.has_unpublished_changes = True
        story.expired = False
        if story.live:
            type(story).objects.filter(pk=story.pk).update(has_unpublished_changes=True)
        else:
            story.live_revision = None
            story.save()
            self._after_publish()
        if self.log_action:
            self.log_scheduling_action()

    def _go_live(self) -> None:
        story, revision = self.object, self.revision
        story.revisions.update(approved_go_live_at=None)
        story.live, story.expired = True, False
        story.has_unpublished_changes = not revision.is_latest_revision()
        story.live_revision = revision
        story.last_published_at = self.at
        # A story that keeps its first date, an imported one, was not updated by us.
        again = story.updated_at is not None
        story.first_published_at = story.first_published_at or self.at
        ours = self.at if again else story.first_published_at
        story.updated_at = self.updated_at or ours
        story.save()
        self._after_publish()
        if self.log_action:
            self._log()

    def _log(self) -> None:
        action = (
            self.log_action if isinstance(self.log_action, str) else "wagtail.publish"
        )
        log(
            instance=self.object,
            action=action,
            user=self.user,
            revision=self.revision,
            content_changed=self.changed,
        )
