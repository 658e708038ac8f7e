"""The `broadsheet` command: one module a group, each thin over a room's verbs."""

from __future__ import annotations

import os

import click

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.main.settings")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="broadsheet")
def main() -> None:
    """Run and look after a Broadsheet publication."""
