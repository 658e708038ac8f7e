"""
The demo paper: what a newcomer sees after the first command. It promises that opening
it again changes nothing, and refuses to touch a publication that is not the demo.
"""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import transaction

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.ledger import actions as books
from broadsheet.front.web import pressing
from broadsheet.main.logins import CIRCULATION, EDITOR, LOGINS, READER, Login
from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Publication

from . import paper


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
    _welcome(EDITOR, is_staff=True, is_superuser=True)
    _welcome(CIRCULATION, is_staff=True)
    _welcome(READER)
    publication.forget()
    catalogue.open_shop(at=at)
    books.open_books()
    paper.print_paper(at=at, progress=progress)
    pressing.furnish(at=at)
    return LOGINS


def _welcome(
    login: Login, *, is_staff: bool = False, is_superuser: bool = False
) -> None:
    readers = get_user_model()._default_manager
    reader = readers.filter(email=login.email).first()
    if reader is not None:
        return
    reader = get_user_model()(
        email=login.email,
        name=login.name,
        is_staff=is_staff,
        is_superuser=is_superuser,
    )
    reader.set_password(login.password)
    reader.save()
    EmailAddress.objects.create(
        user=reader, email=login.email, verified=True, primary=True
    )
    if is_staff and not is_superuser:
        reader.user_permissions.add(Permission.objects.get(codename="access_admin"))
