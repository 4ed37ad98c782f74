"""What people do to an instance: agree, refuse, comment, hand over, withdraw."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.orm import Session

from portal.sandbox.approval import running
from portal.sandbox.approval.flow import Mode
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


class Refusal(StrEnum):
    """Why an action was not taken."""

    NOT_RUNNING = "not_running"
    NO_TASK = "no_task"
    PERSON_UNKNOWN = "person_unknown"
    NOT_THE_REQUESTER = "not_the_requester"
    WITHDRAWAL_OFF = "withdrawal_off"
    TEXT_MISSING = "text_missing"


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
        running.close_tasks(session, running.open_tasks(instance), status="CANCELED", announced=False)
        running.finish(session, instance, result="refuse")
    else:
        _after_agreement(session, instance)


def comment(instance: Instance, *, userid: str, text: str) -> None:
    """Add a comment; possible after the end too."""
    if not text.strip():
        raise ActionRefused(Refusal.TEXT_MISSING)
    running.note(instance, userid=userid, kind="ADD_REMARK", remark=text)


def hand_over(session: Session, task: Task, *, to: str, remark: str) -> None:
    """Give a task to somebody else; the new task has the old one's activity."""
    instance = task.instance
    _must_run(instance)
    person = session.get(Person, to)
    if person is None or not person.is_active or person.relation != Relation.STAFF or to == task.userid:
        raise ActionRefused(Refusal.PERSON_UNKNOWN)
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
    running.give_task(session, instance, step=running.current_step(instance), userid=to)


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
    running.close_tasks(session, running.open_tasks(instance), status="TERMINATED", announced=False)
    running.note(instance, userid=userid, kind="TERMINATE_PROCESS_INSTANCE", remark=remark, name="撤销")
    instance.status, instance.finished_at = running.TERMINATED, now_ms()
    announce_instance(session, instance, change="terminate")


def _after_agreement(session: Session, instance: Instance) -> None:
    step, still_open = running.current_step(instance), running.open_tasks(instance)
    if step.mode is Mode.ANY:
        running.close_tasks(session, still_open, status="CANCELED", announced=True)
    elif still_open:
        return
    elif step.mode is Mode.ONE_BY_ONE:
        decided = sum(
            task.result == "AGREE" for task in instance.tasks if task.activity_id == step.activity_id
        )
        if decided < len(step.userids):
            running.give_task(session, instance, step=step, userid=step.userids[decided])
            return
    running.advance(session, instance)


def _complete(task: Task, *, result: str) -> None:
    task.status, task.result, task.finished_at = running.COMPLETED, result, now_ms()


def _must_run(instance: Instance) -> None:
    if instance.status != running.RUNNING:
        raise ActionRefused(Refusal.NOT_RUNNING)
