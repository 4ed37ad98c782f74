"""Flow Design of one template: its nodes as a plain form, saved as a draft or published as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from portal.sandbox.approval import designing, flow
from portal.sandbox.approval.designing import FlowRefused
from portal.sandbox.approval.flow import Actor, Decision, IfNobody, Mode, Rule
from portal.sandbox.approval.templates import find_template, publish
from portal.sandbox.console.acting import staff
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.tables import Role, Template

blueprint = Blueprint("designer", __name__)
MOST_NODES = 20
NEW_NODE = {"name": "审批人", "rule": Rule.DIRECT_SUPERVISOR}


@blueprint.get("/dingtalk/web/query/oaDesigner")
def from_link() -> ResponseReturnValue:
    """The link a portal shows to administrators."""
    return redirect(url_for(".page", process_code=request.args.get("processCode", "none")), code=302)


@blueprint.get("/console/templates/<process_code>")
def page(process_code: str) -> ResponseReturnValue:
    """Form, flow and switches of a template."""
    with current_sandbox().storage.read() as session:
        template = _template(find_template(session, process_code))
    return _shown(process_code, nodes=template.flow if template.draft is None else template.draft)


@blueprint.post("/console/templates/<process_code>/flow")
def save(process_code: str) -> ResponseReturnValue:
    """Publish, or save as a draft; ``add`` appends a node to the draft, ``remove`` takes one out."""
    nodes = _given_nodes(request.form)
    removed = request.form.get("remove", "")
    if removed.isdecimal() and len(removed) < 4 and int(removed) < len(nodes):
        del nodes[int(removed)]
    if "add" in request.form and len(nodes) < MOST_NODES:
        nodes.append(dict(NEW_NODE))
    try:
        designed = designing.design(nodes)
    except FlowRefused as error:
        return _shown(process_code, nodes=nodes, problem=error.problem), 422
    with current_sandbox().storage.write() as session:
        template = _template(find_template(session, process_code))
        if "publish" in request.form:
            publish(template, designed)
        else:
            template.draft = flow.dump(designed)
    if "publish" in request.form:
        flash(_("Published. The keys of self-select nodes are new."))
    else:
        flash(_("Saved. Requests take the flow as it was until you press Publish."))
    return redirect(url_for(".page", process_code=process_code, _anchor="flow"), code=303)


def _given_nodes(form: Mapping[str, Any]) -> list[dict[str, Any]]:
    starts = [f"node-{number}-" for number in range(MOST_NODES)]
    return [_given_node(form, start) for start in starts if f"{start}rule" in form]


def _given_node(form: Mapping[str, Any], start: str) -> dict[str, Any]:
    lists = request.form.getlist
    level, field = form.get(f"{start}level", ""), form.get(f"{start}when-field", "")
    values = form.get(f"{start}when-values", "").replace("，", ",").split(",")
    return {
        "name": form.get(f"{start}name", "").strip() or "审批人",
        "rule": form[f"{start}rule"],
        "actor": form.get(f"{start}actor", Actor.APPROVER),
        "mode": form.get(f"{start}mode", Mode.ALL),
        "people": lists(f"{start}people"),
        "range": lists(f"{start}range"),
        "roles": [
            int(number) for number in lists(f"{start}roles") if number.isdecimal() and len(number) < 16
        ],
        "level": int(level) if level.isdecimal() and len(level) < 4 else 1,
        "field": form.get(f"{start}field", ""),
        "when": {field: [value.strip() for value in values if value.strip()]} if field else {},
        "decision": form.get(f"{start}decision", Decision.MANUAL),
        "if_nobody": form.get(f"{start}if-nobody", IfNobody.PASS),
        "multi": f"{start}multi" in form,
        "required": f"{start}required" in form,
    }


def _template(found: Template | None) -> Template:
    if found is None:
        abort(404)
    return found


def _shown(process_code: str, *, nodes: list[dict[str, Any]], problem: str = "") -> str:
    with current_sandbox().storage.read() as session:
        template = _template(find_template(session, process_code))
        members = staff(session)
        roles = session.scalars(select(Role).order_by(Role.id)).all()
    return render_template(
        "sandbox/designer.html",
        template=template,
        nodes=[{**asdict(_EMPTY), **node} for node in nodes],
        problem=problem,
        members=members,
        roles=roles,
        supported=flow.SUPPORTED,
        other_rules=[rule for rule in Rule if rule not in flow.SUPPORTED],
        modes=list(Mode),
        actors=list(Actor),
        decisions=list(Decision),
        if_nobody=list(IfNobody),
    )


_EMPTY = flow.Node(activity_id="", name="", rule=Rule.DIRECT_SUPERVISOR)
