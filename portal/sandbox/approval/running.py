"""A running instance: steps become tasks, decisions move it on, every change writes a record and an event."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from portal.sandbox.approval.flow import START_ACTIVITY, Actor, Decision, Mode, Step, dump, load_step
from portal.sandbox.clock import CHINA, as_datetime, now_ms
from portal.sandbox.push.events import announce_instance, announce_task
from portal.sandbox.settings import load as load_settings
from portal.sandbox.tables import Instance, Person, Record, Task, Template

RUNNING, PAUSED, COMPLETED = "RUNNING", "PAUSED", "COMPLETED"
TERMINATED, CANCELED = "TERMINATED", "CANCELED"


def start(
    session: Session,
    *,
    template: Template,
    originator: Person,
    department_id: int,
    values: list[dict[str, Any]],
    steps: list[Step],
    approver_userids: list[str],
    cc_userids: list[str],
    is_peer_to_peer: bool,
) -> Instance:
    """Create an instance and begin its first step; events go out with the commit.

    ``is_peer_to_peer`` says that the caller gave the approvers, so that the template's flow was not asked.
    """
    now = now_ms()
    instance = Instance(
        id=f"{secrets.token_urlsafe(16)[:22]}{secrets.randbelow(10**14):014d}",
        business_id=f"{as_datetime(now).astimezone(CHINA):%Y%m%d%H%M}{secrets.randbelow(10**9):09d}",
        process_code=template.process_code,
        title=f"{originator.name}提交的{template.name}",
        originator_userid=originator.userid,
        department_id=department_id,
        values=values,
        approver_userids=approver_userids,
        cc_userids=cc_userids,
        is_peer_to_peer=is_peer_to_peer,
        steps=dump(steps),
        step=-1,
        round=0,
        status=RUNNING,
        result="",
        created_at=now,
    )
    session.add(instance)
    session.flush()
    note(
        instance,
        userid=originator.userid,
        kind="START_PROCESS_INSTANCE",
        activity_id=START_ACTIVITY,
        name="提交申请",
    )
    announce_instance(session, instance, change="start")
    advance(session, instance)
    return instance


def advance(session: Session, instance: Instance) -> None:
    """Begin the next step that has somebody to decide; complete the instance when there is none left."""
    while instance.step + 1 < len(instance.steps):
        instance.step += 1
        instance.round += 1
        step = load_step(instance.steps[instance.step])
        if step.actor is Actor.NOTIFIER:
            _send_copies(instance, step)
        elif step.decision is not Decision.MANUAL:
            if _decide_automatically(instance, step) == "REFUSE":
                finish(session, instance, result="refuse")
                return
        elif step.userids:
            first = step.userids[:1] if step.mode is Mode.ONE_BY_ONE else step.userids
            for userid in first:
                give_task(session, instance, step=step, userid=userid)
            return
    finish(session, instance, result="agree")


def give_task(
    session: Session,
    instance: Instance,
    *,
    step: Step,
    userid: str,
    is_added: bool = False,
    resumes_id: int | None = None,
    queue: Sequence[str] = (),
    created_at: int | None = None,
) -> Task:
    """Give ``userid`` a task of ``step`` and announce it; a countersigner's task is an added one.

    ``queue`` are the countersigners to ask after this one. ``created_at`` in epoch milliseconds, now by default.
    """
    task = Task(
        userid=userid,
        activity_id=step.activity_id,
        name=step.name,
        status=RUNNING,
        result="NONE",
        round=instance.round,
        is_added=is_added,
        resumes_id=resumes_id,
        queue=list(queue),
        created_at=now_ms() if created_at is None else created_at,
    )
    instance.tasks.append(task)
    session.flush()
    announce_task(session, task, change="start")
    return task


def give_added_tasks(session: Session, asker: Task, *, queue: Sequence[str], resumes_id: int | None) -> None:
    """Ask the first of ``queue`` as a countersigner at ``asker``'s node; the others follow one by one."""
    instance = asker.instance
    give_task(
        session,
        instance,
        step=current_step(instance),
        userid=queue[0],
        is_added=True,
        resumes_id=resumes_id,
        queue=queue[1:],
    )


def finish(session: Session, instance: Instance, *, result: str) -> None:
    """Complete the instance as ``agree`` or ``refuse`` and announce it."""
    instance.status, instance.result, instance.finished_at = COMPLETED, result, now_ms()
    announce_instance(session, instance, change="finish")


def close_tasks(session: Session, tasks: list[Task], *, status: str, announced: bool) -> None:
    """End open ``tasks`` without a decision; or-signing announces them as cancelled."""
    for task in tasks:
        task.status, task.finished_at = status, now_ms()
        if announced:
            announce_task(session, task, change="cancel")
    session.flush()


def cancel_unfinished(session: Session, instance: Instance) -> None:
    """Close what nobody decides any more; whether DingTalk tells of each such task is a setting."""
    announced = load_settings(session).cancel_events
    close_tasks(session, unfinished_tasks(instance), status=CANCELED, announced=announced)


def open_tasks(instance: Instance) -> list[Task]:
    """The tasks waiting for a decision."""
    return [task for task in instance.tasks if task.status == RUNNING]


def unfinished_tasks(instance: Instance) -> list[Task]:
    """The open tasks and those paused for a countersigner."""
    return [task for task in instance.tasks if task.status in (RUNNING, PAUSED)]


def current_step(instance: Instance) -> Step:
    """The step in progress."""
    return load_step(instance.steps[instance.step])


def note(
    instance: Instance,
    *,
    userid: str,
    kind: str,
    result: str = "NONE",
    remark: str = "",
    activity_id: str = "",
    name: str = "",
    to: Sequence[str] = (),
) -> Record:
    """Add a line to the history; ``to`` are the userids of those it is about."""
    record = Record(
        userid=userid,
        kind=kind,
        result=result,
        remark=remark,
        activity_id=activity_id,
        name=name,
        cc_userids=[],
        to_userids=list(to),
        at=now_ms(),
    )
    instance.records.append(record)
    return record


def _decide_automatically(instance: Instance, step: Step) -> str:
    # DingTalk puts a user there who is nobody: the id has an underscore, which no userid of a person has.
    nobody = f"V00_{secrets.token_hex(6)}"
    result = "AGREE" if step.decision is Decision.AUTO_AGREE else "REFUSE"
    task = Task(
        userid=nobody,
        activity_id=step.activity_id,
        name=step.name,
        status=COMPLETED,
        result=result,
        round=instance.round,
        is_added=False,
        queue=[],
        created_at=now_ms(),
        finished_at=now_ms(),
    )
    instance.tasks.append(task)
    note(
        instance,
        userid=nobody,
        kind="EXECUTE_TASK_NORMAL",
        result=result,
        activity_id=step.activity_id,
        name=step.name,
    )
    return result


def _send_copies(instance: Instance, step: Step) -> None:
    if not step.userids:
        return
    instance.cc_userids = [*instance.cc_userids, *step.userids]
    record = note(
        instance, userid=step.userids[0], kind="PROCESS_CC", activity_id=step.activity_id, name=step.name
    )
    record.cc_userids = list(step.userids)
