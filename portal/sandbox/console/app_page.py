"""The developer console's App page: credentials to copy, permissions, redirect addresses."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from portal.sandbox.runtime import current_sandbox
from portal.sandbox.settings import Permission, PermissionText, change
from portal.sandbox.settings import load as load_settings
from portal.sandbox.tables import Department

blueprint = Blueprint("app_page", __name__)

WORKFLOW_PERMISSIONS = (
    Permission.INSTANCE_WRITE,
    Permission.FORM_WRITE,
    Permission.FORM_READ,
    Permission.INSTANCE_READ,
)


@blueprint.get("/console")
def page() -> ResponseReturnValue:
    """What the portal's settings page asks for, ready to copy."""
    sandbox = current_sandbox()
    with sandbox.storage.read() as session:
        settings = load_settings(session)
        departments = session.scalars(select(Department).order_by(Department.id)).all()
    others = [each for each in Permission if each not in WORKFLOW_PERMISSIONS]
    return render_template(
        "sandbox/app.html",
        config=sandbox.config,
        settings=settings,
        workflow_permissions=WORKFLOW_PERMISSIONS,
        other_permissions=others,
        permission_texts=list(PermissionText),
        departments=departments,
    )


@blueprint.get("/appscope/apply")
def apply_for_permission() -> ResponseReturnValue:
    """The link in the answer to a call whose permission is missing."""
    return redirect(url_for(".page", _anchor="permissions"), code=302)


@blueprint.post("/console/permissions")
def save_permissions() -> ResponseReturnValue:
    """Unticked permissions are refused from the next call on."""
    granted = request.form.getlist("granted")
    given = request.form.get("permission_text")
    text = PermissionText(given) if given in list(PermissionText) else PermissionText.APPLY_LINK
    with current_sandbox().storage.write() as session:
        denied = sorted(each.value for each in Permission if each.value not in granted)
        change(session, denied_permissions=denied, permission_text=text)
    flash(_("Permissions saved."))
    return redirect(url_for(".page"), code=303)


@blueprint.post("/console/contact-scope")
def save_contact_scope() -> ResponseReturnValue:
    """People who are in unticked departments only are not told to the app; single people stay as they were."""
    seen = request.form.getlist("seen")
    with current_sandbox().storage.write() as session:
        numbers = [str(number) for number in session.scalars(select(Department.id))]
        hidden = load_settings(session).outside_contact_scope
        people = [each for each in hidden if each not in numbers]
        change(session, outside_contact_scope=[*people, *(each for each in numbers if each not in seen)])
    flash(_("Contact scope saved."))
    return redirect(url_for(".page"), code=303)


@blueprint.post("/console/redirect-urls")
def save_redirect_urls() -> ResponseReturnValue:
    """One address a line; addresses of this machine are always accepted."""
    lines = [line.strip() for line in request.form.get("redirect_urls", "").splitlines()]
    with current_sandbox().storage.write() as session:
        change(session, redirect_urls=[line for line in lines if line])
    flash(_("Redirect addresses saved."))
    return redirect(url_for(".page"), code=303)
