"""One instance in the OA app: its form, its timeline, and the buttons of the person acted as."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from portal.sandbox.api.detail import find_instance
from portal.sandbox.approval import actions, running
from portal.sandbox.approval.actions import Action, Move
from portal.sandbox.approval.refusals import ActionRefused
from portal.sandbox.console.acting import acting_as, staff
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.tables import Instance, Person, Template

blueprint = Blueprint("instance_page", __name__)


@blueprint.get("/dingtalk/mobile/homepage.htm")
@blueprint.get("/aflow")
def from_event_link() -> ResponseReturnValue:
    """The link that events and tasks carry."""
    given = request.args.get("procInstId") or request.args.get("procInsId")
    if not given:
        return redirect(url_for("inbox.page"), code=302)
    return redirect(url_for(".page", instance_id=given), code=302)


@blueprint.get("/applink/approval/detail")
@blueprint.get("/approval/detail")
def from_applink() -> ResponseReturnValue:
    """The AppLink a portal shows."""
    return redirect(url_for(".page", instance_id=request.args.get("instanceId", "none")), code=302)


@blueprint.get("/oa/instances/<instance_id>")
def page(instance_id: str) -> ResponseReturnValue:
    """The instance; polled through htmx for its state alone."""
    with current_sandbox().storage.read() as session:
        return _shown(session, _instance(session, instance_id))


@blueprint.post("/oa/instances/<instance_id>/actions")
def take_action(instance_id: str) -> ResponseReturnValue:
    """Agree, refuse, comment, hand over or withdraw as the person acted as."""
    sandbox = current_sandbox()
    if request.form.get("action") not in list(Action):
        abort(400)
    try:
        with sandbox.storage.write() as session:
            actions.act(
                session,
                _instance(session, instance_id),
                Move(
                    person=acting_as(),
                    action=Action(request.form["action"]),
                    remark=request.form.get("remark", "").strip(),
                    to=tuple(request.form.getlist("to")),
                ),
            )
    except ActionRefused as error:
        with sandbox.storage.read() as session:
            return _shown(session, _instance(session, instance_id), refusal=error.refusal, status=409)
    sandbox.wake.set()
    return redirect(url_for(".page", instance_id=instance_id), code=303)


def _instance(session: Session, instance_id: str) -> Instance:
    instance = find_instance(session, instance_id)
    if instance is None:
        abort(404)
    return instance


def _shown(session: Session, instance: Instance, *, refusal: str = "", status: int = 200) -> Response:
    userid = acting_as()
    template = session.get_one(Template, instance.process_code)
    person = session.get(Person, userid)
    is_running = instance.status == running.RUNNING
    may_withdraw = userid == instance.originator_userid and template.requester_may_withdraw
    polled = bool(request.headers.get("HX-Request"))
    text = render_template(
        "sandbox/_progress.html" if polled else "sandbox/instance.html",
        instance=instance,
        template=template,
        refusal=refusal,
        typed=request.form.get("remark", ""),
        is_running=is_running,
        has_task=any(task.userid == userid for task in running.open_tasks(instance)),
        may_withdraw=is_running and may_withdraw,
        may_end=is_running and not may_withdraw and person is not None and person.is_admin,
        colleagues=[each for each in staff(session) if each.userid != userid],
    )
    return Response(text, status=status)
