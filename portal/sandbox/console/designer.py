"""The flow designer of one template: its nodes as a plain form, saved as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.sandbox.approval import designing, flow
from portal.sandbox.approval.designing import FlowRefused
from portal.sandbox.approval.flow import Actor, Mode, Rule
from portal.sandbox.approval.templates import find_template
from portal.sandbox.clock import now_ms
from portal.sandbox.console.acting import staff
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.tables import Template

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
        nodes = _template(find_template(session, process_code)).flow
    return _shown(process_code, nodes=nodes)


@blueprint.post("/console/templates/<process_code>/flow")
def save(process_code: str) -> ResponseReturnValue:
    """Save and publish; ``add`` appends a node, ``remove`` takes one out."""
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
        template.flow, template.modified_at = flow.dump(designed), now_ms()
    flash(_("Flow saved and published. The keys of self-select nodes are new."))
    return redirect(url_for(".page", process_code=process_code), code=303)


def _given_nodes(form: Mapping[str, Any]) -> list[dict[str, Any]]:
    lists, nodes = request.form.getlist, []
    for number in range(MOST_NODES):
        start = f"node-{number}-"
        if f"{start}rule" not in form:
            break
        nodes.append(
            {
                "name": form.get(f"{start}name", "").strip() or "审批人",
                "rule": form[f"{start}rule"],
                "actor": form.get(f"{start}actor", Actor.APPROVER),
                "mode": form.get(f"{start}mode", Mode.ALL),
                "people": lists(f"{start}people"),
                "range": lists(f"{start}range"),
                "multi": f"{start}multi" in form,
                "required": f"{start}required" in form,
            }
        )
    return nodes


def _template(found: Template | None) -> Template:
    if found is None:
        abort(404)
    return found


def _shown(process_code: str, *, nodes: list[dict[str, Any]], problem: str = "") -> str:
    with current_sandbox().storage.read() as session:
        template = _template(find_template(session, process_code))
        members = staff(session)
    filled = {"people": [], "range": [], "multi": True, "required": True, "actor_key": ""}
    return render_template(
        "sandbox/designer.html",
        template=template,
        nodes=[{**asdict(_EMPTY), **filled, **node} for node in nodes],
        problem=problem,
        members=members,
        rules=list(Rule),
        modes=list(Mode),
        actors=list(Actor),
    )


_EMPTY = flow.Node(activity_id="", name="", rule=Rule.DIRECT_SUPERVISOR)
