"""Why an act on an instance is not taken, and the checks that several acts share."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy.orm import Session

from portal.sandbox.approval import running
from portal.sandbox.tables import Instance, Person, Relation, Task


class Refusal(StrEnum):
    """The rule that an act would break."""

    NOT_RUNNING = "not_running"
    NO_TASK = "no_task"
    PERSON_UNKNOWN = "person_unknown"
    NOT_THE_REQUESTER = "not_the_requester"
    NOT_AN_ADMINISTRATOR = "not_an_administrator"
    WITHDRAWAL_OFF = "withdrawal_off"
    TEXT_MISSING = "text_missing"
    COUNTERSIGNING_OFF = "countersigning_off"
    NODE_UNKNOWN = "node_unknown"


class ActionRefused(Exception):
    """An act the rules do not allow; ``refusal`` names the rule."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def check_running(instance: Instance) -> None:
    """Raise ``ActionRefused`` once an instance has ended."""
    if instance.status != running.RUNNING:
        raise ActionRefused(Refusal.NOT_RUNNING)


def check_colleagues(session: Session, task: Task, *, userids: Sequence[str]) -> None:
    """Raise ``ActionRefused`` unless ``userids`` are people who work here, and not the one who asks them."""
    if not userids or len(set(userids)) < len(userids):
        raise ActionRefused(Refusal.PERSON_UNKNOWN)
    for userid in userids:
        check_works_here(session, userid)
        if userid == task.userid:
            raise ActionRefused(Refusal.PERSON_UNKNOWN)


def check_works_here(session: Session, userid: str) -> Person:
    """The person of ``userid``; raises ``ActionRefused`` when there is none, or they have left."""
    person = session.get(Person, userid)
    if person is None or not person.is_active or person.relation != Relation.STAFF:
        raise ActionRefused(Refusal.PERSON_UNKNOWN)
    return person
