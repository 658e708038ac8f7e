"""What an editor may write on a wall."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from broadsheet.gate.core import wall


def check_wall_text(template: str) -> None:
    """Refuse a text that would show a reader an unrendered variable."""
    known = ", ".join(f"{{{{{name}}}}}" for name in wall.VARIABLES)
    try:
        wall.check(template)
    except wall.UnknownVariable as error:
        raise ValidationError(
            _("{{%(name)s}} is not a variable of the wall; use one of %(known)s.")
            % {"name": error.name, "known": known}
        ) from error
    except wall.BadTemplate as error:
        raise ValidationError(
            _("A variable is not closed; write it as {{free_limit}}.")
        ) from error
