"""One instance in the OA app: its form, its timeline, and the buttons of the person acted as."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.sandbox.api.detail import find_instance
from portal.sandbox.approval import actions, countersigning, running, sending_back
from portal.sandbox.approval.actions import Action, Move
from portal.sandbox.approval.flow import START_ACTIVITY, Mode
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
    """Whatever button the person acted as pressed."""
    sandbox = current_sandbox()
    if request.form.get("action") not in list(Action):
        abort(400)
    move = _move(Action(request.form["action"]))
    try:
        with sandbox.storage.write() as session:
            actions.act(session, _instance(session, instance_id), move)
    except ActionRefused as error:
        with sandbox.storage.read() as session:
            return _shown(session, _instance(session, instance_id), refusal=error.refusal, status=409)
    sandbox.wake.set()
    if move.action is Action.DELETE:
        flash(_("Deleted: it is as if it had never been."))
        return redirect(url_for("inbox.page"), code=303)
    return redirect(url_for(".page", instance_id=instance_id), code=303)


def _move(action: Action) -> Move:
    form = request.form
    people = form.getlist("to")
    if action in (Action.COUNTERSIGN_BEFORE, Action.COUNTERSIGN_AFTER):
        people = list(dict.fromkeys([*people, *form.getlist("also")]))
    return Move(
        person=acting_as(),
        action=action,
        remark=form.get("remark", "").strip(),
        to=tuple(people),
        mode=Mode.ONE_BY_ONE if form.get("mode") == Mode.ONE_BY_ONE else Mode.ALL,
        activity_id=form.get("activity_id", ""),
        instead_of=form.get("instead_of", ""),
    )


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
    waiting = [task.userid for task in running.open_tasks(instance) if task.activity_id != START_ACTIVITY]
    was_sent_back = any(task.activity_id == START_ACTIVITY for task in running.open_tasks(instance))
    may_withdraw = userid == instance.originator_userid and template.requester_may_withdraw
    polled = bool(request.headers.get("HX-Request"))
    text = render_template(
        "sandbox/_progress.html" if polled else "sandbox/instance.html",
        instance=instance,
        template=template,
        refusal=refusal,
        typed=request.form.get("remark", ""),
        is_running=is_running,
        has_task=userid in waiting,
        may_countersign=countersigning.is_allowed(session, instance),
        may_resubmit=was_sent_back and userid == instance.originator_userid,
        may_withdraw=is_running and may_withdraw,
        may_administer=person is not None and person.is_admin,
        earlier_steps=sending_back.earlier_steps(instance),
        represented=[each for each in dict.fromkeys(waiting) if each != userid],
        colleagues=[each for each in staff(session) if each.userid != userid],
    )
    return Response(text, status=status)
