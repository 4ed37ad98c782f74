"""Sign-in with DingTalk, or with a password for local admins."""

from __future__ import annotations

import hmac
import secrets

from flask import Blueprint, Response, current_app, flash, redirect, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.directory import SignInRefused
from portal.channels.failures import ChannelError
from portal.services.faults import FieldFault
from portal.services.registry import services
from portal.services.sign_in import Browser
from portal.settings import Settings
from portal.web.access import (
    TOKEN,
    client_address,
    current_actor,
    current_person,
    is_inside_dingtalk,
    sign_in_required,
)
from portal.web.htmx import redirect_or_refresh, render
from portal.web.languages import own_path
from portal.web.sign_in.forms import PasswordForm
from portal.web.words.failures import failure_words
from portal.web.words.faults import fault_sentence
from portal.web.words.sign_in import refusal_sentence

sign_in = Blueprint("sign_in", __name__, url_prefix="/sign-in")

STATE = "sign_in_state"
NEXT = "sign_in_next"


@sign_in.get("")
def page() -> BaseResponse:
    if current_person() is not None:
        return redirect(url_for("access_requests.home"))
    return _page(PasswordForm(), wanted=request.args.get("next", ""))


@sign_in.get("/dingtalk")
def dingtalk() -> BaseResponse:
    session[STATE] = secrets.token_urlsafe(24)
    session[NEXT] = own_path(request.args.get("next", ""))
    try:
        url = services().dingtalk_apps.sign_in_url(redirect_uri=_return_address(), state=session[STATE])
    except ChannelError as error:
        return _failed(failure_words(error.failure).remedy)
    return redirect(url)


@sign_in.get("/dingtalk/return")
def dingtalk_return() -> BaseResponse:
    expected, wanted = session.pop(STATE, ""), session.pop(NEXT, "/")
    if not expected or not hmac.compare_digest(expected.encode(), request.args.get("state", "").encode()):
        return _failed(refusal_sentence("stale"))
    code = request.args.get("authCode") or request.args.get("code")
    if not code:
        return _failed(refusal_sentence("declined"))
    try:
        token = services().sign_ins.with_dingtalk(code, browser=_browser())
    except SignInRefused as refused:
        return _failed(refusal_sentence(refused.reason))
    except ChannelError as error:
        words = failure_words(error.failure)
        return _failed(f"{words.title}. {words.remedy}")
    return _signed_in(token, wanted)


@sign_in.post("/dingtalk/in-app")
def inside() -> BaseResponse:
    """Take the code that DingTalk's client gave the sign-in page; its form is bound to this browser's session."""
    wanted, code = own_path(request.form.get("next", "")), request.form.get("code", "")
    if not code:
        return _failed(refusal_sentence("declined"), wanted=wanted)
    try:
        token = services().sign_ins.inside_dingtalk(code, browser=_browser())
    except SignInRefused as refused:
        return _failed(refusal_sentence(refused.reason), wanted=wanted)
    except ChannelError as error:
        words = failure_words(error.failure)
        return _failed(f"{words.title}. {words.remedy}", wanted=wanted)
    return _signed_in(token, wanted)


@sign_in.post("/local")
def local() -> BaseResponse:
    form, wanted = PasswordForm(), own_path(request.form.get("next", ""))
    if not form.validate_on_submit():
        return _page(form, wanted=wanted, status=422)
    try:
        token = services().sign_ins.with_password(
            form.username.data or "", form.password.data or "", browser=_browser()
        )
    except FieldFault as fault:
        form.password.errors = [fault_sentence(fault)]
        return _page(form, wanted=wanted, status=429 if fault.reason == "locked" else 422)
    return _signed_in(token, wanted)


@sign_in.post("/out")
@sign_in_required
def sign_out() -> BaseResponse:
    services().sign_ins.sign_out(session[TOKEN], actor=current_actor())
    session.clear()
    flash(gettext("You are signed out."), "success")
    return redirect_or_refresh(_address_without_a_try())


def _signed_in(token: str, wanted: str) -> Response:
    # Nothing of the anonymous session survives, so a planted cookie is worth nothing.
    session.clear()
    session[TOKEN] = token
    session.permanent = True
    return redirect_or_refresh(own_path(wanted))


def _failed(sentence: str, *, wanted: str = "") -> BaseResponse:
    flash(sentence, "danger")
    return redirect_or_refresh(_address_without_a_try(wanted))


def _address_without_a_try(wanted: str = "") -> str:
    """Return the sign-in page; inside DingTalk one that waits for a person, as the next try would end as this one."""
    asked_for = "no" if is_inside_dingtalk() else None
    return url_for("sign_in.page", next=wanted or None, inside=asked_for)


def _page(form: PasswordForm, *, wanted: str, status: int = 200) -> Response:
    binding = services().dingtalk_apps.view()
    return render(
        "sign_in/page.html",
        "sign_in/page.html",
        status=status,
        form=form,
        wanted=own_path(wanted),
        is_bound=binding.is_bound,
        inside=binding if binding.is_bound and is_inside_dingtalk() else None,
        tries_by_itself=status == 200 and request.args.get("inside") != "no",
        has_local_admins=services().sign_ins.has_local_admins(),
    )


def _return_address() -> str:
    settings: Settings = current_app.config["PORTAL_SETTINGS"]
    return settings.public_url + url_for("sign_in.dingtalk_return")


def _browser() -> Browser:
    return Browser(address=client_address(), user_agent=request.user_agent.string)
