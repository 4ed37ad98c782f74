"""Ending an instance without a result: withdrawn, terminated by an administrator, or deleted."""

from __future__ import annotations

from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session

from portal.sandbox.approval import running
from portal.sandbox.approval.refusals import ActionRefused, Refusal, check_running
from portal.sandbox.clock import now_ms
from portal.sandbox.push.events import announce_instance
from portal.sandbox.tables import Instance, Person, Record, Task, Template


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


def terminate_as_administrator(session: Session, instance: Instance, *, userid: str, remark: str) -> None:
    """End it from the administrator's pages, whoever asked and whatever the template says."""
    check_administrator(session, userid)
    terminate(session, instance, userid=userid, remark=remark)


def terminate(session: Session, instance: Instance, *, userid: str, remark: str) -> None:
    """End a running instance without a result."""
    check_running(instance)
    running.cancel_unfinished(session, instance)
    name = "撤销" if userid == instance.originator_userid else "终止"
    running.note(instance, userid=userid, kind="TERMINATE_PROCESS_INSTANCE", remark=remark, name=name)
    instance.status, instance.finished_at = running.TERMINATED, now_ms()
    announce_instance(session, instance, change="terminate")


def delete(session: Session, instance: Instance, *, userid: str) -> None:
    """Make it as if it had never been. The event's type is our guess: DingTalk names none for it."""
    check_administrator(session, userid)
    announce_instance(session, instance, change="delete")
    for table in (Task, Record):
        session.execute(delete_rows(table).where(table.instance_position == instance.position))
    session.execute(delete_rows(Instance).where(Instance.position == instance.position))
    session.expunge_all()


def check_administrator(session: Session, userid: str) -> None:
    """Raise ``ActionRefused`` for everybody but OA administrators."""
    person = session.get(Person, userid)
    if person is None or not person.is_admin:
        raise ActionRefused(Refusal.NOT_AN_ADMINISTRATOR)
