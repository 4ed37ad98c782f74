"""The OA administrator's form management: the list, a template made by hand, and its switches."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.sandbox.approval.fields_by_hand import components_from_lines
from portal.sandbox.approval.templates import TemplateRefused, all_templates, find_template, new_template
from portal.sandbox.clock import now_ms
from portal.sandbox.console.acting import staff
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.settings import load as load_settings

blueprint = Blueprint("templates_page", __name__)


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


def _shown(*, problem: str = "") -> str:
    with current_sandbox().storage.read() as session:
        templates = all_templates(session)
    return render_template("sandbox/templates.html", templates=templates, problem=problem, typed=request.form)
