"""Sections, and the people who write."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..rules import bad_access, bad_slug


def refuse(field: str, why: str | None) -> None:
    """Raise a form's error at `field` if there is a reason `why`."""
    if why is not None:
        raise ValidationError({field: why})


class Section(models.Model):
    """A part of the paper, at an address of its own."""

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(
        _("address"),
        max_length=80,
        unique=True,
        help_text=_("Changing it changes the address of every story in the section."),
    )
    description = models.CharField(_("description"), max_length=240, blank=True)
    rank = models.PositiveSmallIntegerField(
        _("order"), default=100, help_text=_("Smaller numbers come first.")
    )
    access = models.CharField(
        _("class of new stories"), max_length=60, default="metered"
    )

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        return f"/{self.slug}/"

    def clean(self) -> None:
        super().clean()
        refuse("slug", bad_slug(self.slug))
        refuse("access", bad_access(self.access))


class Author(models.Model):
    """Somebody whose name stands above stories."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("address"), max_length=120, unique=True)
    role = models.CharField(_("role"), max_length=120, blank=True)
    bio = models.TextField(_("about"), blank=True)
    picture = models.ForeignKey(
        "newsroom.Picture",
        verbose_name=_("picture"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("author")
        verbose_name_plural = _("authors")

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        return f"/authors/{self.slug}/"

    def get_absolute_url(self, *_args: Any) -> str:
        return self.path
