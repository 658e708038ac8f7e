"""
The demo paper: what a newcomer sees after the first command. It promises that opening
it again changes nothing, and refuses to touch a publication that is not the demo.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.ledger import actions as books
from broadsheet.front.desk import roles
from broadsheet.front.web import pressing
from broadsheet.main.logins import (
    AUDITOR,
    CIRCULATION,
    EDITOR,
    FINANCE,
    LOGINS,
    READER,
    REPORTER,
    SUB_EDITOR,
    SUPPORT,
    Login,
)
from broadsheet.news.newsroom import actions as newsroom
from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Publication

from . import paper

SELLING = (
    "catalogue.view_plan",
    "catalogue.add_plan",
    "catalogue.add_planversion",
    "gate.change_policy",
    "gate.change_giftterms",
    "gate.view_wallrule",
    "gate.add_wallrule",
    "gate.change_wallrule",
    "gate.add_wallvariant",
    "gate.change_wallvariant",
)


@transaction.atomic
def open_demo(at: datetime, *, progress: paper.Progress = iter) -> tuple[Login, ...]:
    """
    Make the demo publication with its staff and a reader, unless they are there, and
    return the logins. `at` is the day of its latest issue. One transaction of half a
    minute: a demo that was interrupted would never be finished, for its publication
    would be there already.
    """
    Publication.objects.get_or_create(
        pk=1,
        defaults={
            "name": "The Coromandel Post",
            "tagline": "Reporting, in whole sentences, since 1997",
            "support_mail": "support@demo.example",
        },
    )
    newsroom.open_newsroom()
    roles.open_roles()
    _let_circulation_sell()
    _welcome(EDITOR, is_staff=True, is_superuser=True)
    _welcome(SUB_EDITOR, group="Sub-editor")
    _welcome(REPORTER, group="Reporter")
    _welcome(CIRCULATION, group=roles.CIRCULATION)
    _welcome(SUPPORT, group=roles.SUPPORT)
    _welcome(FINANCE, group=roles.FINANCE)
    _welcome(AUDITOR, group=roles.AUDITOR)
    _welcome(READER)
    publication.forget()
    catalogue.open_shop(at=at)
    books.open_books()
    paper.print_paper(at=at, progress=progress)
    pressing.furnish(at=at)
    return LOGINS


def _let_circulation_sell() -> None:
    """Let circulation see plans and the gate too, never the newsroom."""
    group = Group.objects.get(name=roles.CIRCULATION)
    for name in SELLING:
        app, codename = name.split(".")
        group.permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )


def _welcome(
    login: Login, *, is_staff: bool = False, is_superuser: bool = False, group: str = ""
) -> None:
    readers = get_user_model()._default_manager
    reader = readers.filter(email=login.email).first()
    if reader is None:
        reader = _make(login, is_staff=is_staff or bool(group), boss=is_superuser)
    if group:
        reader.groups.add(Group.objects.get(name=group))


def _make(login: Login, *, is_staff: bool, boss: bool) -> Any:
    reader = get_user_model()(
        email=login.email, name=login.name, is_staff=is_staff, is_superuser=boss
    )
    reader.set_password(login.password)
    reader.save()
    EmailAddress.objects.create(
        user=reader, email=login.email, verified=True, primary=True
    )
    return reader
