"""What readers fill in. Each form only gathers; the verbs decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def _password(label: Any, autocomplete: str, **more: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    # Spaces at the ends are part of a password.
    return forms.CharField(
        label=label, widget=widget, strip=False, max_length=200, **more
    )


def _email(label: Any, autocomplete: str) -> forms.CharField:
    # Not forms.EmailField: its own idea of an address would be a second one.
    widget = forms.EmailInput(
        attrs={
            "autocomplete": autocomplete,
            "autocapitalize": "none",
            "spellcheck": "false",
        }
    )
    return forms.CharField(label=label, widget=widget, max_length=320)


class EmailForm(forms.Form):
    email = _email(_("E-mail address"), "username")


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Six-digit code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}
        ),
    )


class PasswordForm(forms.Form):
    email = _email(_("E-mail address"), "username")
    password = _password(_("Password"), "current-password")


class NewPasswordForm(forms.Form):
    current = _password(_("Current password"), "current-password", required=False)
    new = _password(
        _("New password"),
        "new-password",
        help_text=_("At least 8 characters, and not a common one."),
    )


class NewAddressForm(forms.Form):
    email = _email(_("New e-mail address"), "email")
    current = _password(_("Current password"), "current-password", required=False)


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class WelcomeForm(NameForm):
    new = _password(
        _("Password"),
        "new-password",
        required=False,
        help_text=_("You can do without one: we mail you a link each time."),
    )
