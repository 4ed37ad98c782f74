"""Handing a task over to somebody else; chains are possible, also back to somebody who had it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.sandbox.approval import running
from portal.sandbox.approval.deciding import complete
from portal.sandbox.approval.refusals import check_colleagues, check_running
from portal.sandbox.push.events import announce_task
from portal.sandbox.tables import Task


def hand_over(session: Session, task: Task, *, to: str, remark: str) -> None:
    """The new task has the old one's activity and begins when that one ends; a countersigner's stays one."""
    instance = task.instance
    check_running(instance)
    check_colleagues(session, task, userids=[to])
    complete(task, result="REDIRECTED")
    running.note(
        instance,
        userid=task.userid,
        kind="REDIRECT_TASK",
        remark=remark,
        activity_id=task.activity_id,
        name=task.name,
        to=[to],
    )
    announce_task(session, task, change="finish", result="redirect", remark=remark)
    running.give_task(
        session,
        instance,
        step=running.current_step(instance),
        userid=to,
        is_added=task.is_added,
        resumes_id=task.resumes_id,
        queue=task.queue,
        created_at=task.finished_at,
    )
