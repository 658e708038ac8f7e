"""
The blocks that editors compose a body from.

Each block with markup cleans it where its value is turned into storage, so that no way
in can go round it: the desk's form, a revision, a copy, an import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.contrib.table_block.blocks import TableBlock
from wagtail.fields import StreamField
from wagtail.images.blocks import ImageChooserBlock
from wagtail.snippets.blocks import SnippetChooserBlock

from ..rules import clean_html, clean_list
from ..rules.clean import clean_rich, safe_url

INLINE = ["bold", "italic", "link", "strikethrough", "superscript", "subscript", "code"]


class RichText(blocks.RichTextBlock):
    """Rich text that is stored only as `sanitise` returns it."""

    sanitise: Callable[[str], str] = staticmethod(clean_rich)

    def get_prep_value(self, value: Any) -> str:
        return self.sanitise(super().get_prep_value(value) or "")


class ListText(RichText):
    sanitise = staticmethod(clean_list)


class Html(blocks.RawHTMLBlock):
    def get_prep_value(self, value: Any) -> str:
        return clean_html(super().get_prep_value(value) or "")


class Address(blocks.URLBlock):
    def get_prep_value(self, value: Any) -> str:
        return safe_url(super().get_prep_value(value) or "")


class Image(blocks.StructBlock):
    """A picture in its place in a story; empty words fall back to the picture's own."""

    picture = ImageChooserBlock(label=_("Picture"))
    alt = blocks.CharBlock(
        required=False,
        max_length=255,
        label=_("Alternative text"),
        help_text=_("Leave empty to use the picture's own."),
    )
    caption = blocks.CharBlock(required=False, max_length=400, label=_("Caption"))
    credit = blocks.CharBlock(required=False, max_length=160, label=_("Credit"))

    class Meta:
        icon = "image"
        label = _("Picture")


class Heading(blocks.StructBlock):
    text = blocks.CharBlock(max_length=240, label=_("Text"))
    level = blocks.ChoiceBlock(
        choices=[("2", _("Large")), ("3", _("Medium")), ("4", _("Small"))],
        default="2",
        label=_("Size"),
    )

    class Meta:
        icon = "title"
        label = _("Heading")


class Quote(blocks.StructBlock):
    html = RichText(features=["bold", "italic", "link"], label=_("Words"))
    attribution = blocks.CharBlock(
        required=False, max_length=240, label=_("Who said it")
    )

    class Meta:
        icon = "openquote"
        label = _("Quote")


class Embed(blocks.StructBlock):
    url = Address(label=_("Address"))
    title = blocks.CharBlock(max_length=240, label=_("Title"))

    class Meta:
        icon = "media"
        label = _("Embed")


class Gallery(blocks.StructBlock):
    pictures = blocks.ListBlock(Image(), min_num=2, label=_("Pictures"))

    class Meta:
        icon = "image"
        label = _("Gallery")


class Related(blocks.StructBlock):
    stories = blocks.ListBlock(
        SnippetChooserBlock("newsroom.Story"), label=_("Stories")
    )

    class Meta:
        icon = "link"
        label = _("Related stories")


class BodyBlock(blocks.StreamBlock):
    paragraph = RichText(features=INLINE, label=_("Text"), icon="pilcrow")
    heading = Heading()
    quote = Quote()
    list = ListText(features=[*INLINE, "ol", "ul"], label=_("List"), icon="list-ul")
    image = Image()
    gallery = Gallery()
    table = TableBlock(label=_("Table"))
    embed = Embed()
    related = Related()
    html = Html(label=_("HTML"))

    class Meta:
        required = False


class Body(StreamField):
    """A body. Its blocks stay out of migrations: storage is JSON whatever they are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*(args or (BodyBlock(),)), **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _path, _args, kwargs = super().deconstruct()
        kwargs["block_lookup"] = {}
        return name, "wagtail.fields.StreamField", [[]], kwargs
