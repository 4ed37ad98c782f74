"""Sending an instance back to an earlier node or to the requester: what follows is asked again."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.sandbox.approval import running
from portal.sandbox.approval.deciding import complete
from portal.sandbox.approval.flow import START_ACTIVITY, Actor, Decision, Mode, Step, load_step
from portal.sandbox.approval.refusals import ActionRefused, Refusal, check_running
from portal.sandbox.tables import Instance, Task

START_NAME = "提交申请"


def earlier_steps(instance: Instance) -> list[Step]:
    """The steps before the one in progress that somebody decided."""
    steps = [load_step(step) for step in instance.steps[: max(instance.step, 0)]]
    return [
        step
        for step in steps
        if step.actor is not Actor.NOTIFIER and step.decision is Decision.MANUAL and step.userids
    ]


def send_back(session: Session, task: Task, *, activity_id: str, remark: str) -> None:
    """To the node of ``activity_id``, whose people are asked again, or to the requester, who submits again."""
    instance = task.instance
    check_running(instance)
    target = activity_id or START_ACTIVITY
    asked = {step.activity_id: step.userids for step in [_start_step(instance), *earlier_steps(instance)]}
    if target not in asked:
        raise ActionRefused(Refusal.NODE_UNKNOWN)
    running.note(
        instance,
        userid=task.userid,
        kind="REDIRECT_PROCESS",
        remark=remark,
        activity_id=task.activity_id,
        name=task.name,
        to=asked[target],
    )
    running.cancel_unfinished(session, instance)
    if target == START_ACTIVITY:
        instance.step = -1
        running.give_task(session, instance, step=_start_step(instance), userid=instance.originator_userid)
    else:
        ids = [step["activity_id"] for step in instance.steps]
        instance.step = ids.index(target) - 1
        running.advance(session, instance)


def resubmit(session: Session, instance: Instance, *, userid: str, remark: str) -> None:
    """The requester submits what was sent back; the flow begins again at its first node."""
    check_running(instance)
    waiting = [task for task in running.open_tasks(instance) if task.activity_id == START_ACTIVITY]
    if not waiting or waiting[0].userid != userid:
        raise ActionRefused(Refusal.NO_TASK)
    complete(waiting[0], result="AGREE")
    running.note(
        instance,
        userid=userid,
        kind="START_PROCESS_INSTANCE",
        remark=remark,
        activity_id=START_ACTIVITY,
        name="重新提交",
    )
    running.advance(session, instance)


def _start_step(instance: Instance) -> Step:
    return Step(
        activity_id=START_ACTIVITY,
        name=START_NAME,
        actor=Actor.APPROVER,
        mode=Mode.ALL,
        userids=[instance.originator_userid],
    )
