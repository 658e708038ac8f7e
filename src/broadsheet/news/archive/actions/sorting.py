"""What becomes of an item: a live story, a draft, or nothing, and why."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from ..formats.wxr.records import Item

# What WordPress and its plugins keep as posts that nobody ever read as one.
_MACHINERY = frozenset(
    "revision nav_menu_item custom_css customize_changeset oembed_cache user_request "
    "wp_block wp_template wp_template_part wp_global_styles wp_navigation "
    "wp_font_family wp_font_face acf acf-field acf-field-group acf-post-type "
    "acf-taxonomy guest-author shop_order shop_coupon shop_subscription "
    "product_variation elementor_library elementor_snippet wpcf7_contact_form "
    "flamingo_inbound flamingo_contact flamingo_outbound feedback jp_pay_order "
    "jp_pay_product jetpack_migration amp_validated_url scheduled-action safecss "
    "tablepress_table mc4wp-form wpforms ml-slide ml-slider popup popup_theme "
    "postman_sent_mail spucpt sidebar_instance attachment "
    "cookielawinfo spectra-popup rm_content_editor ngg_gallery ngg_pictures "
    "display_type lightbox_library gal_display_source bp-email e-landing-page".split()
)


class Fate(enum.Enum):
    LIVE = "live"
    PLANNED = "planned"  # For a day that has not come.
    DRAFT = "draft"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Sorted:
    fate: Fate
    why: str = ""  # “” for what needs no explaining.


def kind_of(item: Item) -> str:
    """Return the report's name for an item's kind."""
    if item.kind == "post":
        return "posts"
    if item.kind == "page":
        return "pages"
    return "attachments" if item.kind == "attachment" else "other items"


def sort(
    item: Item, date: datetime | None, also: frozenset[str], at: datetime
) -> Sorted:
    """Return what becomes of `item`, which was or is to be published at `date`."""
    why = _why_skipped(item, also)
    if why:
        return Sorted(Fate.SKIP, why)
    if item.kind == "page":
        return Sorted(Fate.DRAFT, "a page: kept as a draft, to be made one at the desk")
    if item.kind != "post" and item.kind not in also:
        why = f"of the kind “{item.kind}”: kept as a draft; --also {item.kind} makes stories"
        return Sorted(Fate.DRAFT, why)
    return _by_status(item, date, at)


def _why_skipped(item: Item, also: frozenset[str]) -> str:
    if item.kind in _MACHINERY and item.kind not in also:
        return f"“{item.kind}” holds no story"
    if item.status == "trash":
        return "it lay in the bin"
    if item.status == "auto-draft":
        return "WordPress saved it by itself; nobody wrote it"
    if not (item.title or item.content.strip() or item.excerpt.strip()):
        return "it is empty"
    return ""


def _by_status(item: Item, date: datetime | None, at: datetime) -> Sorted:
    if item.password:
        return Sorted(Fate.DRAFT, "protected by a password: kept as a draft")
    if item.status not in ("publish", "future"):
        return Sorted(Fate.DRAFT, f"its status was “{item.status}”: kept as a draft")
    if date is None:
        return Sorted(Fate.DRAFT, "it has no usable date: kept as a draft")
    if date > at:
        why = f"planned for {date:%Y-%m-%d %H:%M} UTC: goes live by itself then"
        return Sorted(Fate.PLANNED, why)
    return Sorted(Fate.LIVE)
