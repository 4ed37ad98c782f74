"""What people do to an instance: agree, refuse, comment, hand over, countersign, withdraw."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.orm import Session

from portal.sandbox.approval import running
from portal.sandbox.approval.flow import Mode, Step
from portal.sandbox.clock import now_ms
from portal.sandbox.push.events import announce_instance, announce_task
from portal.sandbox.tables import Instance, Person, Relation, Task, Template


class Action(StrEnum):
    """The buttons of the OA page."""

    AGREE = "agree"
    REFUSE = "refuse"
    COMMENT = "comment"
    REDIRECT = "redirect"
    WITHDRAW = "withdraw"
    COUNTERSIGN_BEFORE = "countersign_before"
    COUNTERSIGN_AFTER = "countersign_after"


class Refusal(StrEnum):
    """Why an action was not taken."""

    NOT_RUNNING = "not_running"
    NO_TASK = "no_task"
    PERSON_UNKNOWN = "person_unknown"
    NOT_THE_REQUESTER = "not_the_requester"
    WITHDRAWAL_OFF = "withdrawal_off"
    TEXT_MISSING = "text_missing"
    COUNTERSIGNING_OFF = "countersigning_off"


class ActionRefused(Exception):
    """An action the rules do not allow; ``refusal`` names the rule."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def act(
    session: Session, instance: Instance, *, person: str, action: Action, remark: str = "", to: str = ""
) -> None:
    """Do what ``person`` (a userid) chose; ``to`` is who takes over. Raises ``ActionRefused``."""
    if action is Action.COMMENT:
        comment(instance, userid=person, text=remark)
    elif action is Action.WITHDRAW:
        withdraw(session, instance, userid=person, remark=remark)
    elif action is Action.REDIRECT:
        hand_over(session, own_task(instance, userid=person), to=to, remark=remark)
    elif action in (Action.COUNTERSIGN_BEFORE, Action.COUNTERSIGN_AFTER):
        countersign(session, own_task(instance, userid=person), to=to, action=action, remark=remark)
    else:
        decide(session, own_task(instance, userid=person), result=action.value, remark=remark)


def own_task(instance: Instance, *, userid: str) -> Task:
    """The open task of ``userid``; raises ``ActionRefused``."""
    _must_run(instance)
    for task in running.open_tasks(instance):
        if task.userid == userid:
            return task
    raise ActionRefused(Refusal.NO_TASK)


def decide(session: Session, task: Task, *, result: str, remark: str) -> None:
    """Agree (the flow moves on) or refuse (the instance ends)."""
    instance = task.instance
    _must_run(instance)
    _complete(task, result=result.upper())
    running.note(
        instance,
        userid=task.userid,
        kind="EXECUTE_TASK_NORMAL",
        result=result.upper(),
        remark=remark,
        activity_id=task.activity_id,
        name=task.name,
    )
    announce_task(session, task, change="finish", result=result, remark=remark)
    if result == Action.REFUSE:
        running.close_tasks(session, running.unfinished_tasks(instance), status="CANCELED", announced=False)
        running.finish(session, instance, result="refuse")
    else:
        _after_agreement(session, task)


def comment(instance: Instance, *, userid: str, text: str) -> None:
    """Add a comment; possible after the end too."""
    if not text.strip():
        raise ActionRefused(Refusal.TEXT_MISSING)
    running.note(instance, userid=userid, kind="ADD_REMARK", remark=text)


def hand_over(session: Session, task: Task, *, to: str, remark: str) -> None:
    """Give a task to somebody else; the new task has the old one's activity."""
    instance = task.instance
    _must_run(instance)
    _check_colleague(session, task, to=to)
    _complete(task, result="REDIRECTED")
    running.note(
        instance,
        userid=task.userid,
        kind="REDIRECT_TASK",
        remark=remark,
        activity_id=task.activity_id,
        name=task.name,
    )
    announce_task(session, task, change="finish", result="redirect", remark=remark)
    running.give_task(
        session,
        instance,
        step=running.current_step(instance),
        userid=to,
        is_added=task.is_added,
        resumes_id=task.resumes_id,
    )


def countersign(session: Session, task: Task, *, to: str, action: Action, remark: str) -> None:
    """Ask one more person, before one's own decision (it pauses) or after agreeing.

    Only where the template allows it; events for it are undocumented, so only tasks are announced.
    """
    instance = task.instance
    _must_run(instance)
    if not session.get_one(Template, instance.process_code).allows_countersigning:
        raise ActionRefused(Refusal.COUNTERSIGNING_OFF)
    _check_colleague(session, task, to=to)
    is_before = action is Action.COUNTERSIGN_BEFORE
    running.note(
        instance,
        userid=task.userid,
        kind="APPEND_TASK_BEFORE" if is_before else "APPEND_TASK_AFTER",
        remark=remark,
        activity_id=task.activity_id,
        name=task.name,
    )
    if is_before:
        task.status = running.PAUSED
    running.give_task(
        session,
        instance,
        step=running.current_step(instance),
        userid=to,
        is_added=True,
        resumes_id=task.id if is_before else task.resumes_id,
    )
    if not is_before:
        decide(session, task, result=Action.AGREE, remark=remark)


def withdraw(session: Session, instance: Instance, *, userid: str, remark: str) -> None:
    """Take the request back. The requester may where the template allows it, an OA administrator always."""
    person = session.get(Person, userid)
    if person is None:
        raise ActionRefused(Refusal.PERSON_UNKNOWN)
    if userid != instance.originator_userid and not person.is_admin:
        raise ActionRefused(Refusal.NOT_THE_REQUESTER)
    template = session.get_one(Template, instance.process_code)
    if userid == instance.originator_userid and not template.requester_may_withdraw:
        raise ActionRefused(Refusal.WITHDRAWAL_OFF)
    terminate(session, instance, userid=userid, remark=remark)


def terminate(session: Session, instance: Instance, *, userid: str, remark: str) -> None:
    """End a running instance without a result."""
    _must_run(instance)
    running.close_tasks(session, running.unfinished_tasks(instance), status="TERMINATED", announced=False)
    running.note(instance, userid=userid, kind="TERMINATE_PROCESS_INSTANCE", remark=remark, name="撤销")
    instance.status, instance.finished_at = running.TERMINATED, now_ms()
    announce_instance(session, instance, change="terminate")


def _after_agreement(session: Session, task: Task) -> None:
    instance = task.instance
    step = running.current_step(instance)
    if step.mode is Mode.ANY and not task.is_added:
        others = [each for each in running.unfinished_tasks(instance) if not each.is_added]
        running.close_tasks(session, others, status="CANCELED", announced=True)
    if _resume(instance, task) or running.unfinished_tasks(instance):
        return
    decided = _decided(instance, step)
    if step.mode is Mode.ONE_BY_ONE and decided < len(step.userids):
        running.give_task(session, instance, step=step, userid=step.userids[decided])
        return
    running.advance(session, instance)


def _resume(instance: Instance, task: Task) -> bool:
    """Go on with the task that was paused for ``task``, once its last countersigner has agreed."""
    asked = [each for each in running.open_tasks(instance) if each.resumes_id == task.resumes_id]
    for paused in instance.tasks:
        if task.resumes_id == paused.id and paused.status == running.PAUSED and not asked:
            paused.status = running.RUNNING
            return True
    return False


def _decided(instance: Instance, step: Step) -> int:
    own = (task for task in instance.tasks if task.activity_id == step.activity_id and not task.is_added)
    return sum(task.result == "AGREE" for task in own)


def _check_colleague(session: Session, task: Task, *, to: str) -> None:
    person = session.get(Person, to)
    if person is None or not person.is_active or person.relation != Relation.STAFF or to == task.userid:
        raise ActionRefused(Refusal.PERSON_UNKNOWN)


def _complete(task: Task, *, result: str) -> None:
    task.status, task.result, task.finished_at = running.COMPLETED, result, now_ms()


def _must_run(instance: Instance) -> None:
    if instance.status != running.RUNNING:
        raise ActionRefused(Refusal.NOT_RUNNING)
