"""Where local people change the password that they sign in with."""

from __future__ import annotations

from flask import Blueprint, flash, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.services.faults import FieldFault
from portal.services.registry import services
from portal.web.access import TOKEN, current_actor, sign_in_required, signed_in_person
from portal.web.htmx import redirect_or_refresh, render
from portal.web.people.password_form import PasswordChangeForm

own_password = Blueprint("own_password", __name__, url_prefix="/people/me/password")


@own_password.get("")
@sign_in_required
def page() -> BaseResponse:
    return _page(PasswordChangeForm(formdata=None))


@own_password.post("")
@sign_in_required
def change() -> BaseResponse:
    """Take the new password and stay signed in here alone."""
    form = PasswordChangeForm()
    if not form.validate_on_submit():
        return _page(form, status=422)
    try:
        services().local_people.change_own_password(
            current_actor(),
            signed_in_person(),
            current=form.current_password.data or "",
            wanted=form.password.data or "",
            token=session[TOKEN],
        )
    except FieldFault as fault:
        form.mark(fault)
        return _page(form, status=429 if fault.reason == "locked" else 422)
    flash(gettext("Your password was changed. You are signed out everywhere else."), "success")
    return redirect_or_refresh(url_for("people.me"))


def _page(form: PasswordChangeForm, *, status: int = 200) -> BaseResponse:
    username = services().local_people.username_of(signed_in_person())
    return render(
        "people/password_page.html", "people/password_page.html", status=status, form=form, username=username
    )
