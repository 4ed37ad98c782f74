"""The buttons of the OA pages: which act each one is, and with whose task."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from portal.sandbox.approval import (
    commenting,
    countersigning,
    deciding,
    ending,
    handing_over,
    running,
    sending_back,
)
from portal.sandbox.approval.countersigning import Moment
from portal.sandbox.approval.flow import START_ACTIVITY, Mode
from portal.sandbox.approval.refusals import ActionRefused, Refusal, check_running, check_works_here
from portal.sandbox.tables import Instance, Task


class Action(StrEnum):
    """The buttons."""

    AGREE = "agree"
    REFUSE = "refuse"
    COMMENT = "comment"
    REDIRECT = "redirect"
    COUNTERSIGN_BEFORE = "countersign_before"
    COUNTERSIGN_AFTER = "countersign_after"
    SEND_BACK = "send_back"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"
    TERMINATE = "terminate"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True)
class Move:
    """What ``person`` (a userid) chose. ``to`` are who takes over or countersigns, in the ``mode`` all or one by
    one; ``activity_id`` is the node to send back to (empty: the requester); ``instead_of`` is whom a deputy
    decides for.
    """

    person: str
    action: Action
    remark: str = ""
    to: tuple[str, ...] = ()
    mode: Mode = Mode.ALL
    activity_id: str = ""
    instead_of: str = ""


def act(session: Session, instance: Instance, move: Move) -> None:
    """Do it; raises ``ActionRefused``."""
    action, person, remark = move.action, move.person, move.remark
    if action is Action.COMMENT:
        commenting.comment(session, instance, userid=person, text=remark)
    elif action is Action.WITHDRAW:
        ending.withdraw(session, instance, userid=person, remark=remark)
    elif action is Action.TERMINATE:
        ending.terminate_as_administrator(session, instance, userid=person, remark=remark)
    elif action is Action.DELETE:
        ending.delete(session, instance, userid=person)
    elif action is Action.RESUBMIT:
        sending_back.resubmit(session, instance, userid=person, remark=remark)
    else:
        _act_on_task(session, own_task(instance, userid=move.instead_of or person), move)


def own_task(instance: Instance, *, userid: str) -> Task:
    """The open task of ``userid``; raises ``ActionRefused``. What was sent back to the requester is none."""
    check_running(instance)
    for task in running.open_tasks(instance):
        if task.userid == userid and task.activity_id != START_ACTIVITY:
            return task
    raise ActionRefused(Refusal.NO_TASK)


def _act_on_task(session: Session, task: Task, move: Move) -> None:
    if move.action is Action.REDIRECT:
        handing_over.hand_over(session, task, to=move.to[0] if move.to else "", remark=move.remark)
    elif move.action is Action.SEND_BACK:
        sending_back.send_back(session, task, activity_id=move.activity_id, remark=move.remark)
    elif move.action in (Action.COUNTERSIGN_BEFORE, Action.COUNTERSIGN_AFTER):
        moment = Moment.BEFORE if move.action is Action.COUNTERSIGN_BEFORE else Moment.AFTER
        countersigning.countersign(
            session, task, people=move.to, moment=moment, mode=move.mode, remark=move.remark
        )
    else:
        deputy = _deputy(session, move)
        deciding.decide(session, task, result=move.action.value, remark=move.remark, deputy=deputy)


def _deputy(session: Session, move: Move) -> str:
    if not move.instead_of or move.instead_of == move.person:
        return ""
    return check_works_here(session, move.person).userid
