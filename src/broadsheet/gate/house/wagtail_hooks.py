"""At the desk: Settings, Gate."""

from __future__ import annotations

from django.http import HttpRequest
from wagtail import hooks

from broadsheet.plumbing import publication

from . import actions
from .models import Policy


@hooks.register("after_edit_setting")
def tell_of_the_policy(request: HttpRequest, setting: object) -> None:
    if isinstance(setting, Policy):
        actions.policy_edited(at=publication.now())
