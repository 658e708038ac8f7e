"""Coming in: by mail with link or code, by password; and going out."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout as forget_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from .. import actions, queries
from ..actions import (
    AccountClosed,
    KeyRefused,
    NotAnAddress,
    SignedIn,
    TooManyTries,
    WrongCode,
    WrongPassword,
)
from ..forms import CodeForm, EmailForm, PasswordForm
from ..models import Reader
from ..rules import Purpose, Standing
from . import sentences
from .visit import (
    Visit,
    enter,
    next_of,
    page,
    remember_key,
    remembered_key,
    visit,
)

TOO_MANY = 429


def login(request: HttpRequest) -> HttpResponse:
    return _continue_with_mail(request, Purpose.SIGN_IN, "accounts/login.html")


def signup(request: HttpRequest) -> HttpResponse:
    return _continue_with_mail(request, Purpose.SIGN_IN, "accounts/signup.html")


def reset(request: HttpRequest) -> HttpResponse:
    return _continue_with_mail(request, Purpose.RESET, "accounts/reset.html")


@require_http_methods(["GET", "HEAD", "POST"])
def _continue_with_mail(
    request: HttpRequest, purpose: Purpose, template: str
) -> HttpResponse:
    next_path = next_of(request)
    if request.method != "POST" and not _must_log_in(request, next_path):
        return HttpResponseRedirect(next_path or settings.LOGIN_REDIRECT_URL)
    form = EmailForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            response, status = _ask(request, form, purpose, next_path)
            if response:
                return response
    return page(request, template, {"form": form, "next": next_path}, status=status)


def _must_log_in(request: HttpRequest, next_path: str) -> bool:
    """
    Nobody has to log in twice, but for a reader whom the desk has turned away: sent
    straight back there she would go round in circles.
    """
    if not isinstance(request.user, Reader):
        return True
    to_desk = next_path.startswith(reverse("wagtailadmin_home"))
    return to_desk and not request.user.has_perm("wagtailadmin.access_admin")


def _ask(
    request: HttpRequest, form: EmailForm, purpose: Purpose, next_path: str
) -> tuple[HttpResponse | None, int]:
    try:
        return mail_key(request, form.cleaned_data["email"], purpose, next_path), 302
    except NotAnAddress:
        sentences.refuse(form, "email", sentences.not_an_address())
        return None, 400
    except TooManyTries as error:
        sentences.refuse(form, None, sentences.too_many_tries(error.wait))
        return None, TOO_MANY


def mail_key(
    request: HttpRequest, email: str, purpose: Purpose, next_path: str
) -> HttpResponse:
    """Mail a key, and go to the page where its code is typed."""
    by = visit(request)
    key_id = actions.ask_for_key(
        email=email,
        purpose=purpose,
        next_path=next_path,
        network=by.network,
        browser=by.browser,
        language=by.language,
        at=by.at,
    )
    response = HttpResponseRedirect(reverse("accounts:code"))
    remember_key(response, key_id)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The page that asked for the mail: the code is typed here, and nowhere else."""
    by = visit(request)
    key_id = remembered_key(request)
    key = queries.key(key_id, at=by.at) if key_id else None
    if key is None:
        return HttpResponseRedirect(reverse("accounts:login"))
    form = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            response, status = _try_code(request, form, key, by)
            if response:
                return response
            key = queries.key(key.id, at=by.at) or key
        else:
            status = 400
    elif _came_in_by_the_link(request, key):
        return HttpResponseRedirect(key.next_path or settings.LOGIN_REDIRECT_URL)
    error = None
    if not form.errors and key.standing is not Standing.OPEN:
        error = sentences.key_refused(key.standing)
    context = {"form": form, "key": key, "error": error}
    return page(request, "accounts/code.html", context, status=status)


def _came_in_by_the_link(request: HttpRequest, key: queries.KeyView) -> bool:
    """Whether the code is needless: the link was opened in another tab of hers."""
    return key.standing is Standing.USED and request.user.is_authenticated


def _try_code(
    request: HttpRequest, form: CodeForm, key: queries.KeyView, by: Visit
) -> tuple[HttpResponse | None, int]:
    try:
        signed_in = actions.sign_in_by_code(
            key_id=key.id,
            code=form.cleaned_data["code"],
            network=by.network,
            browser=by.browser,
            device=by.device,
            at=by.at,
        )
    except WrongCode as error:
        sentences.refuse(form, "code", sentences.wrong_code(error.left))
    except KeyRefused as error:
        sentences.refuse(form, None, sentences.key_refused(error.why))
    except AccountClosed:
        sentences.refuse(form, None, sentences.account_closed())
    except TooManyTries as error:
        sentences.refuse(form, None, sentences.too_many_tries(error.wait))
        return None, TOO_MANY
    else:
        return _welcome_in(request, signed_in, by), 302
    return None, 400


@require_POST
def send_again(request: HttpRequest) -> HttpResponse:
    """Mail the remembered address anew; the older mail is void from then on."""
    by = visit(request)
    key_id = remembered_key(request)
    key = queries.key(key_id, at=by.at) if key_id else None
    if key is None or key.purpose is Purpose.ADDRESS:
        return HttpResponseRedirect(reverse("accounts:login"))
    try:
        return mail_key(request, key.email, key.purpose, key.next_path)
    except TooManyTries as error:
        context = {
            "form": CodeForm(),
            "key": key,
            "error": sentences.too_many_tries(error.wait),
        }
        return page(request, "accounts/code.html", context, status=TOO_MANY)


@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """
    What the mailed link shows: one button. Mail scanners and previews fetch links, so
    only pressing the button uses it.
    """
    by = visit(request)
    key = queries.link(token, at=by.at)
    if request.method == "POST" and key is not None:
        return _use_link(request, token, key, by)
    error = None
    if key is None:
        error = sentences.key_refused(Standing.EXPIRED)
    elif key.standing is not Standing.OPEN:
        error = sentences.key_refused(key.standing)
    return _link_page(request, key, error)


def _use_link(
    request: HttpRequest, token: str, key: queries.KeyView, by: Visit
) -> HttpResponse:
    try:
        if key.purpose is Purpose.ADDRESS:
            actions.change_address(token=token, browser=by.browser, at=by.at)
            return page(request, "accounts/address_changed.html", {"key": key})
        signed_in = actions.sign_in_by_link(
            token=token, browser=by.browser, device=by.device, at=by.at
        )
    except KeyRefused as error:
        return _link_page(request, key, sentences.key_refused(error.why))
    except AccountClosed:
        return _link_page(request, key, sentences.account_closed())
    except actions.AddressTaken:
        return _link_page(request, key, sentences.address_taken())
    return _welcome_in(request, signed_in, by)


def _link_page(
    request: HttpRequest, key: queries.KeyView | None, error: str | None
) -> HttpResponse:
    return page(
        request,
        "accounts/link.html",
        {"key": key, "error": error, "next": key.next_path if key else ""},
        status=410 if error else 200,
    )


def _welcome_in(request: HttpRequest, signed_in: SignedIn, by: Visit) -> HttpResponse:
    enter(request, signed_in.reader, by_mail=True, at=by.at)
    onward = signed_in.next_path or settings.LOGIN_REDIRECT_URL
    if signed_in.purpose is Purpose.RESET:
        return HttpResponseRedirect(_with_next("security:password", onward))
    # Someone on her way to a story or a purchase is not held up.
    if signed_in.joined and not signed_in.next_path:
        return HttpResponseRedirect(_with_next("accounts:welcome", onward))
    return HttpResponseRedirect(onward)


def _with_next(name: str, next_path: str) -> str:
    return f"{reverse(name)}?{urlencode({'next': next_path})}"


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    next_path = next_of(request)
    if request.method != "POST" and not _must_log_in(request, next_path):
        return HttpResponseRedirect(next_path or settings.LOGIN_REDIRECT_URL)
    form = PasswordForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            reader, status = _check_password(request, form)
            if reader:
                return HttpResponseRedirect(next_path or settings.LOGIN_REDIRECT_URL)
    return page(
        request,
        "accounts/password.html",
        {"form": form, "next": next_path},
        status=status,
    )


def _check_password(
    request: HttpRequest, form: PasswordForm
) -> tuple[Reader | None, int]:
    by = visit(request)
    try:
        reader = actions.sign_in_with_password(
            email=form.cleaned_data["email"],
            password=form.cleaned_data["password"],
            network=by.network,
            device=by.device,
            at=by.at,
        )
    except WrongPassword:
        sentences.refuse(form, None, sentences.wrong_password())
        return None, 400
    except TooManyTries as error:
        sentences.refuse(form, None, sentences.too_many_tries(error.wait))
        return None, TOO_MANY
    enter(request, reader, by_mail=False, at=by.at)
    return reader, 302


@require_http_methods(["GET", "HEAD", "POST"])
def logout(request: HttpRequest) -> HttpResponse:
    """Fetching asks, the button does: a picture on another site must log nobody out."""
    if request.method != "POST":
        return page(request, "accounts/logout.html", {})
    if isinstance(request.user, Reader):
        actions.end_this_session(
            reader=request.user,
            session_key=request.session.session_key or "",
            at=visit(request).at,
        )
    forget_login(request)
    return HttpResponseRedirect(reverse("accounts:signed-out"))


@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    return page(request, "accounts/signed_out.html", {"next": next_of(request)})
