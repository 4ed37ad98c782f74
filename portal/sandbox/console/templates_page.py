"""The OA administrator's form management: the list, a template made by hand, and its switches."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.sandbox.approval.fields_by_hand import components_from_lines
from portal.sandbox.approval.templates import (
    MOST_TEMPLATES,
    TemplateRefused,
    all_templates,
    copy_template,
    delete_template,
    find_template,
    new_template,
    template_named,
)
from portal.sandbox.clock import now_ms
from portal.sandbox.console.acting import staff
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.settings import load as load_settings

blueprint = Blueprint("templates_page", __name__)
DEEDS = ("copy", "disable", "enable", "delete")


@blueprint.get("/console/templates")
def page() -> ResponseReturnValue:
    """Every template, in the order of creation."""
    return _shown()


@blueprint.post("/console/templates")
def create() -> ResponseReturnValue:
    """A template as an administrator makes one by hand, with the default flow."""
    name = request.form.get("name", "").strip()
    try:
        components = components_from_lines(request.form.get("fields", ""))
        with current_sandbox().storage.write() as session:
            template = new_template(
                session,
                name=name,
                description="",
                components=components,
                default_flow=load_settings(session).default_flow,
            )
            code = template.process_code
    except TemplateRefused as error:
        return _shown(problem=error.problem), 422
    return redirect(url_for("designer.page", process_code=code), code=303)


@blueprint.post("/console/templates/<process_code>/administration")
def administer(process_code: str) -> ResponseReturnValue:
    """Copy, disable, enable or delete."""
    deed = request.form.get("deed", "")
    try:
        with current_sandbox().storage.write() as session:
            template = find_template(session, process_code)
            if template is None or deed not in DEEDS:
                abort(404)
            if deed == "copy":
                copy_template(session, template, name=_free_name(session, template.name))
            elif deed == "delete":
                delete_template(template)
            else:
                template.status = "PUBLISHED" if deed == "enable" else "INVALID"
            name = template.name
    except TemplateRefused as error:
        return _shown(problem=error.problem), 422
    flash(_said(deed, name=name))
    return redirect(url_for(".page"), code=303)


@blueprint.post("/console/templates/<process_code>/settings")
def save_settings(process_code: str) -> ResponseReturnValue:
    """Enabled or not, who sees it, what the requester and approvers may do."""
    form = request.form
    with current_sandbox().storage.write() as session:
        template = find_template(session, process_code)
        if template is None:
            abort(404)
        known = {person.userid for person in staff(session)}
        template.status = "PUBLISHED" if "is_enabled" in form else "INVALID"
        template.requester_may_withdraw = "requester_may_withdraw" in form
        template.allows_countersigning = "allows_countersigning" in form
        listed = [userid for userid in form.getlist("visible_to") if userid in known]
        template.visible_to = listed if form.get("visibility") == "listed" else None
        template.modified_at = now_ms()
    flash(_("Template settings saved."))
    return redirect(url_for("designer.page", process_code=process_code), code=303)


def _said(deed: str, *, name: str) -> str:
    said = {
        "copy": _("Copied: %(name)s.", name=name),
        "disable": _("Disabled: %(name)s. Nothing starts with it.", name=name),
        "enable": _("Enabled: %(name)s.", name=name),
        "delete": _("Deleted: %(name)s. What runs goes on.", name=name),
    }
    return said[deed]


def _free_name(session: Session, name: str) -> str:
    numbers = range(1, MOST_TEMPLATES + 1)
    names = (f"{name[:180]} ({number})" for number in numbers)
    return next((each for each in names if template_named(session, each) is None), name)


def _shown(*, problem: str = "") -> str:
    with current_sandbox().storage.read() as session:
        templates = all_templates(session)
    return render_template("sandbox/templates.html", templates=templates, problem=problem, typed=request.form)
