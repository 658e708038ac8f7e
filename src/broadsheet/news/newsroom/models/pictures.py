"""Pictures, with who made them and what they show."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.images.models import AbstractImage, AbstractRendition, ImageQuerySet

# A teaser is cut to three by two around the focal point; a story shows the whole.
# WebP, because every browser we support reads it and it is a third smaller.
TEASER_WIDTHS = tuple(
    f"fill-{width}x{width * 2 // 3}|format-webp" for width in (480, 800, 1200)
)
STORY_WIDTHS = tuple(f"width-{width}|format-webp" for width in (480, 800, 1200))


class Picture(AbstractImage):
    """An image. Its `description` is what a screen reader says of it."""

    description = models.CharField(
        _("alternative text"),
        max_length=255,
        help_text=_("What the picture shows, for readers who cannot see it."),
    )
    credit = models.CharField(_("credit"), max_length=160, blank=True)

    objects = ImageQuerySet.as_manager()
    _default_manager: ClassVar[models.Manager[Picture]]  # Wagtail's bases are untyped.

    admin_form_fields = (
        "title",
        "file",
        "description",
        "credit",
        "collection",
        "tags",
        "focal_point_x",
        "focal_point_y",
        "focal_point_width",
        "focal_point_height",
    )

    class Meta(AbstractImage.Meta):
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        permissions = [("choose_image", "Can choose image")]


class Rendition(AbstractRendition):
    """A picture in one size, made once and kept."""

    image = models.ForeignKey(
        Picture, on_delete=models.CASCADE, related_name="renditions"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("image", "filter_spec", "focal_point_key"),
                name="a_rendition_is_made_once",
            )
        ]
