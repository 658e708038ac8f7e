"""
Who of the staff may do what with subscribers: four roles, as groups that a publisher may
change. The permissions stand with the record of what was done (`plumbing.DeskAct`).
"""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db import transaction

SEE = "plumbing.see_subscribers"
SEE_PERSONAL = "plumbing.see_personal_data"
REVEAL = "plumbing.reveal_personal_data"
NOTE = "plumbing.note_subscribers"
SERVE = "plumbing.serve_subscribers"
GIVE = "plumbing.give_days"
MOVE = "plumbing.move_plans"
REFUND_SOME = "plumbing.refund_within_limit"
REFUND_ANY = "plumbing.refund_any"
EXPORT = "plumbing.export_subscribers"
SEE_DEEDS = "plumbing.view_deskact"
OURS = (
    SEE, SEE_PERSONAL, REVEAL, NOTE, SERVE, GIVE, MOVE, REFUND_SOME, REFUND_ANY,
    EXPORT, SEE_DEEDS,
)  # fmt: skip

CIRCULATION, SUPPORT, FINANCE, AUDITOR = (
    "Circulation",
    "Support",
    "Finance",
    "Auditor",
)
_DESK = ("wagtailadmin.access_admin", SEE)
_BOOKS = "ledger.view_entry"
_LETTERS = "subscriptions.view_subscription"
_DECISIONS = "gate.view_recordeddecision"
_CONCERNS = "payments.view_concern"
ROLES = {
    CIRCULATION: (
        *_DESK, SEE_PERSONAL, NOTE, SERVE, GIVE, MOVE, EXPORT, _LETTERS, _DECISIONS,
    ),
    SUPPORT: (*_DESK, REVEAL, NOTE, SERVE, REFUND_SOME, _DECISIONS),
    FINANCE: (
        *_DESK, SEE_PERSONAL, NOTE, REFUND_ANY, EXPORT, SEE_DEEDS, _BOOKS,
        "plumbing.change_desklimits", _CONCERNS, "payments.change_concern",
    ),
    AUDITOR: (
        *_DESK, SEE_PERSONAL, SEE_DEEDS, _BOOKS, _LETTERS, _DECISIONS,
        "catalogue.view_plan", "plumbing.view_delivery", "archive.view_importrun",
        _CONCERNS,
    ),
}  # fmt: skip


@transaction.atomic
def open_roles() -> None:
    """
    Make the groups that there are not yet, with their permissions. One that exists is
    the publisher's own, and left alone. Needs the permissions that `migrate` makes.
    """
    for name, wanted in ROLES.items():
        group, made = Group.objects.get_or_create(name=name)
        if made:
            group.permissions.add(*(_permission(each) for each in wanted))


def _permission(name: str) -> Permission:
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)
