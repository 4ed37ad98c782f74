"""Countersigning: asking more people before one's own decision (which pauses) or after agreeing.

Events for it are undocumented, so only tasks are announced.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy.orm import Session

from portal.sandbox.approval import running
from portal.sandbox.approval.deciding import decide
from portal.sandbox.approval.flow import Mode
from portal.sandbox.approval.refusals import ActionRefused, Refusal, check_colleagues, check_running
from portal.sandbox.settings import load as load_settings
from portal.sandbox.tables import Instance, Task, Template


class Moment(StrEnum):
    """When the added people are asked."""

    BEFORE = "before"
    AFTER = "after"


def is_allowed(session: Session, instance: Instance) -> bool:
    """By the template; an instance started with approvers of its own may have lost the template's setting."""
    keeps = not instance.is_peer_to_peer or load_settings(session).peer_to_peer_keeps_settings
    return keeps and session.get_one(Template, instance.process_code).allows_countersigning


def countersign(
    session: Session,
    task: Task,
    *,
    people: Sequence[str],
    moment: Moment,
    mode: Mode = Mode.ALL,
    remark: str = "",
) -> None:
    """Ask ``people``, all at once or one after the other; raises ``ActionRefused``."""
    instance = task.instance
    check_running(instance)
    if not is_allowed(session, instance):
        raise ActionRefused(Refusal.COUNTERSIGNING_OFF)
    check_colleagues(session, task, userids=people)
    is_before = moment is Moment.BEFORE
    running.note(
        instance,
        userid=task.userid,
        kind="APPEND_TASK_BEFORE" if is_before else "APPEND_TASK_AFTER",
        remark=remark,
        activity_id=task.activity_id,
        name=task.name,
        to=people,
    )
    resumes_id = task.id if is_before else task.resumes_id
    if is_before:
        task.status = running.PAUSED
    if mode is Mode.ONE_BY_ONE:
        running.give_added_tasks(session, task, queue=people, resumes_id=resumes_id)
    else:
        for userid in people:
            running.give_added_tasks(session, task, queue=[userid], resumes_id=resumes_id)
    if not is_before:
        decide(session, task, result="agree", remark=remark)
