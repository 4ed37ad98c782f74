"""Agreeing and refusing, by the person asked or by a deputy, and what follows from it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.sandbox.approval import running
from portal.sandbox.approval.flow import Mode
from portal.sandbox.approval.refusals import check_running
from portal.sandbox.clock import now_ms
from portal.sandbox.push.events import announce_task
from portal.sandbox.tables import Instance, Task


def decide(session: Session, task: Task, *, result: str, remark: str, deputy: str = "") -> None:
    """``agree`` moves the flow on, ``refuse`` ends the instance; the record names a ``deputy`` who did it."""
    instance = task.instance
    check_running(instance)
    complete(task, result=result.upper())
    running.note(
        instance,
        userid=deputy or task.userid,
        kind="EXECUTE_TASK_AGENT" if deputy else "EXECUTE_TASK_NORMAL",
        result=result.upper(),
        remark=remark,
        activity_id=task.activity_id,
        name=task.name,
        to=[task.userid] if deputy else [],
    )
    announce_task(session, task, change="finish", result=result, remark=remark)
    if result == "refuse":
        running.cancel_unfinished(session, instance)
        running.finish(session, instance, result="refuse")
    else:
        _go_on(session, task)


def complete(task: Task, *, result: str) -> None:
    """Close a task with what came of it."""
    task.status, task.result, task.finished_at = running.COMPLETED, result, now_ms()


def _go_on(session: Session, task: Task) -> None:
    instance = task.instance
    step = running.current_step(instance)
    if task.queue:
        running.give_added_tasks(session, task, queue=task.queue, resumes_id=task.resumes_id)
        return
    if step.mode is Mode.ANY and not task.is_added:
        running.close_tasks(session, _others(instance), status=running.CANCELED, announced=True)
    if _resume(instance, task) or running.unfinished_tasks(instance):
        return
    decided = _decided(instance)
    if step.mode is Mode.ONE_BY_ONE and decided < len(step.userids):
        running.give_task(session, instance, step=step, userid=step.userids[decided])
        return
    running.advance(session, instance)


def _others(instance: Instance) -> list[Task]:
    """The other approvers of an or-sign node, and those whom they asked before deciding."""
    unfinished = running.unfinished_tasks(instance)
    others = [each for each in unfinished if not each.is_added]
    for each in unfinished:
        if any(each.resumes_id == other.id for other in others):
            others.append(each)
    return others


def _resume(instance: Instance, task: Task) -> bool:
    """Go on with the task that was paused for ``task``, once its last countersigner has agreed."""
    asked = [each for each in running.unfinished_tasks(instance) if each.resumes_id == task.resumes_id]
    for paused in instance.tasks:
        if task.resumes_id == paused.id and paused.status == running.PAUSED and not asked:
            paused.status = running.RUNNING
            return True
    return False


def _decided(instance: Instance) -> int:
    """How many of the step's own people have agreed since it began (again)."""
    own = (task for task in instance.tasks if task.round == instance.round and not task.is_added)
    return sum(task.result == "AGREE" for task in own)
