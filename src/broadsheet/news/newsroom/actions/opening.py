"""Opening the newsroom: who may do what, and who reads a story before it is printed."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from wagtail.models import (
    Collection,
    GroupApprovalTask,
    GroupCollectionPermission,
    GroupPagePermission,
    Page,
    Workflow,
    WorkflowContentType,
    WorkflowTask,
)

from ..models import Story

REPORTER, SUB_EDITOR, EDITOR = "Reporter", "Sub-editor", "Editor"
WORKFLOW = "Sub-editing"

# A reporter files and submits; a sub-editor also publishes; an editor runs the paper.
_REPORTING = (
    "wagtailadmin.access_admin",
    "newsroom.add_story",
    "newsroom.change_story",
    "newsroom.view_story",
    "newsroom.view_section",
    "newsroom.view_author",
)
_SUBBING = (
    *_REPORTING,
    "newsroom.publish_story",
    "newsroom.lock_story",
    "newsroom.add_author",
    "newsroom.change_author",
)
_EDITING = (
    *_SUBBING,
    "newsroom.unlock_story",
    "newsroom.delete_story",
    "newsroom.delete_author",
    "newsroom.add_section",
    "newsroom.change_section",
    "newsroom.delete_section",
)
ROLES = {REPORTER: _REPORTING, SUB_EDITOR: _SUBBING, EDITOR: _EDITING}
_PICTURES = {
    REPORTER: ("add_image", "choose_image"),
    SUB_EDITOR: ("add_image", "change_image", "choose_image"),
    EDITOR: ("add_image", "change_image", "choose_image", "delete_image"),
}
_PAGES = ("add_page", "change_page", "publish_page")


@transaction.atomic
def open_newsroom() -> None:
    """
    Make the three groups with their permissions, and the way from a reporter's draft
    over a sub-editor to print. May be called again; what a publisher has added to a
    group since is left alone.
    """
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in ROLES}
    for name, group in groups.items():
        group.permissions.add(*(_permission(each) for each in ROLES[name]))
        for codename in _PICTURES[name]:
            GroupCollectionPermission.objects.get_or_create(
                group=group,
                collection=Collection.get_first_root_node(),
                permission=_permission(f"wagtailimages.{codename}"),
            )
    for codename in _PAGES:
        GroupPagePermission.objects.get_or_create(
            group=groups[EDITOR],
            page=Page.get_first_root_node(),
            permission=_permission(f"wagtailcore.{codename}"),
        )
    _open_workflow(groups[SUB_EDITOR], groups[EDITOR])


def _permission(name: str) -> Permission:
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def _open_workflow(*approvers: Group) -> None:
    if Workflow.objects.filter(name=WORKFLOW).exists():
        return
    workflow = Workflow.objects.create(name=WORKFLOW)
    task = GroupApprovalTask.objects.create(name=WORKFLOW)
    task.groups.add(*approvers)
    WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=0)
    WorkflowContentType.objects.update_or_create(
        content_type=Story.get_content_type(), defaults={"workflow": workflow}
    )
