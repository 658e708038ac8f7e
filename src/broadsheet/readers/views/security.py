"""The reader's own pages: devices, password, address, name, her data."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout as forget_login
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from .. import actions, queries, rules
from ..actions import NotAnAddress, NotProved, TooManyTries
from ..forms import NameForm, NewAddressForm, NewPasswordForm, WelcomeForm
from ..models import Reader
from ..rules import Purpose
from . import sentences
from .entrance import TOO_MANY, mail_key
from .visit import keep_session, next_of, page, proved_at, visit

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
ReadersView = Callable[Concatenate[HttpRequest, Reader, P], HttpResponse]


def readers_only(view: ReadersView[P]) -> View[P]:
    """Hand the view its reader; send everyone else to log in and back."""

    @wraps(view)
    def guarded(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        if isinstance(request.user, Reader):
            return view(request, request.user, *args, **kwargs)
        query = urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?{query}")

    return guarded


@require_safe
@readers_only
def index(request: HttpRequest, reader: Reader) -> HttpResponse:
    context = {
        "reader": reader,
        "devices": queries.devices(reader, this_session=request.session.session_key),
        "has_password": reader.has_usable_password(),
        "name_form": NameForm(initial={"name": reader.name}),
    }
    return page(request, "accounts/security.html", context)


@sensitive_post_parameters("current", "new")
@require_http_methods(["GET", "HEAD", "POST"])
@readers_only
def password(request: HttpRequest, reader: Reader) -> HttpResponse:
    form = NewPasswordForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            status = _set_password(request, reader, form)
            if status == 302:
                messages.success(request, _("Your password is set."))
                return HttpResponseRedirect(
                    next_of(request) or reverse("security:index")
                )
    return _proof_page(request, reader, "accounts/set_password.html", form, status)


def _set_password(request: HttpRequest, reader: Reader, form: NewPasswordForm) -> int:
    by = visit(request)
    try:
        actions.set_password(
            reader=reader,
            new=form.cleaned_data["new"],
            current=form.cleaned_data["current"],
            proved_at=proved_at(request),
            network=by.network,
            language=by.language,
            at=by.at,
        )
    except NotProved:
        sentences.refuse(form, "current", sentences.not_proved())
        return 400
    except ValidationError as error:
        sentences.refuse(form, "new", *error.messages)
        return 400
    except TooManyTries as error:
        sentences.refuse(form, None, sentences.too_many_tries(error.wait))
        return TOO_MANY
    update_session_auth_hash(request, reader)
    keep_session(request, reader, at=by.at)
    return 302


@sensitive_post_parameters("current")
@require_http_methods(["GET", "HEAD", "POST"])
@readers_only
def email(request: HttpRequest, reader: Reader) -> HttpResponse:
    form = NewAddressForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            status = _ask_to_change(request, reader, form)
            if status == 302:
                sent = sentences.mail_sent(form.cleaned_data["email"])
                messages.success(request, sent)
                return HttpResponseRedirect(reverse("security:index"))
    return _proof_page(request, reader, "accounts/change_email.html", form, status)


def _ask_to_change(request: HttpRequest, reader: Reader, form: NewAddressForm) -> int:
    by = visit(request)
    try:
        actions.ask_to_change_address(
            reader=reader,
            new=form.cleaned_data["email"],
            password=form.cleaned_data["current"],
            proved_at=proved_at(request),
            network=by.network,
            browser=by.browser,
            language=by.language,
            at=by.at,
        )
    except NotAnAddress:
        sentences.refuse(form, "email", sentences.not_an_address())
        return 400
    except NotProved:
        sentences.refuse(form, "current", sentences.not_proved())
        return 400
    except TooManyTries as error:
        sentences.refuse(form, None, sentences.too_many_tries(error.wait))
        return TOO_MANY
    return 302


def _proof_page(
    request: HttpRequest,
    reader: Reader,
    template: str,
    form: NewPasswordForm | NewAddressForm,
    status: int,
) -> HttpResponse:
    """Show a form that asks for the password, unless a mail sign-in just proved it."""
    fresh = rules.is_fresh(proved_at(request), visit(request).at)
    context = {
        "form": form,
        "reader": reader,
        "next": next_of(request),
        "has_password": reader.has_usable_password(),
        "fresh": fresh,
        "asks_password": reader.has_usable_password() and not fresh,
        "here": request.path,
    }
    return page(request, template, context, status=status)


@require_POST
@readers_only
def prove(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Mail the reader a sign-in at her own address, and come back here after it."""
    back = next_of(request) or reverse("security:index")
    try:
        return mail_key(request, reader.email, Purpose.SIGN_IN, back)
    except TooManyTries as error:
        messages.error(request, sentences.too_many_tries(error.wait))
        return HttpResponseRedirect(back)


@require_POST
@readers_only
def rename(request: HttpRequest, reader: Reader) -> HttpResponse:
    form = NameForm(request.POST)
    if form.is_valid():
        actions.rename(reader=reader, name=form.cleaned_data["name"])
        messages.success(request, _("Your name is saved."))
    else:
        messages.error(request, _("A name has at most 120 letters."))
    return HttpResponseRedirect(reverse("security:index"))


@require_POST
@readers_only
def end_device(request: HttpRequest, reader: Reader, session_id: int) -> HttpResponse:
    try:
        actions.end_session(reader=reader, session_id=session_id, at=visit(request).at)
    except actions.NoSuchSession:
        messages.info(request, _("That device was logged out already."))
    else:
        messages.success(request, _("The device is logged out."))
    return HttpResponseRedirect(reverse("security:index"))


@require_POST
@readers_only
def log_out_everywhere(request: HttpRequest, reader: Reader) -> HttpResponse:
    actions.log_out_everywhere(reader=reader, at=visit(request).at)
    forget_login(request)
    return HttpResponseRedirect(reverse("accounts:signed-out"))


@require_safe
@readers_only
def own_data(request: HttpRequest, reader: Reader) -> HttpResponse:
    data = queries.own_data(reader, at=visit(request).at)
    response = JsonResponse(
        data, json_dumps_params={"ensure_ascii": False, "indent": 2}
    )
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    response["Cache-Control"] = "no-store"
    return response


@sensitive_post_parameters("new")
@require_http_methods(["GET", "HEAD", "POST"])
@readers_only
def welcome(request: HttpRequest, reader: Reader) -> HttpResponse:
    """After the first sign-in: a name and a password, both optional."""
    form = WelcomeForm(request.POST or None)
    next_path = next_of(request) or settings.LOGIN_REDIRECT_URL
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            status = _fill_in(request, reader, form)
            if status == 302:
                return HttpResponseRedirect(next_path)
    context = {"form": form, "reader": reader, "next": next_path}
    return page(request, "accounts/welcome.html", context, status=status)


def _fill_in(request: HttpRequest, reader: Reader, form: WelcomeForm) -> int:
    if form.cleaned_data["name"]:
        actions.rename(reader=reader, name=form.cleaned_data["name"])
    if not form.cleaned_data["new"]:
        return 302
    by = visit(request)
    try:
        actions.set_password(
            reader=reader,
            new=form.cleaned_data["new"],
            current="",
            proved_at=proved_at(request),
            network=by.network,
            language=by.language,
            at=by.at,
        )
    except ValidationError as error:
        sentences.refuse(form, "new", *error.messages)
        return 400
    except NotProved:
        sentences.refuse(form, None, sentences.not_proved())
        return 400
    update_session_auth_hash(request, reader)
    keep_session(request, reader, at=by.at)
    return 302
