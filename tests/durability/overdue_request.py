"""A request for which time runs out, on its way through real processes: passed on, or lapsed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from portal.database import transaction
from portal.extensions import db
from portal.models import Approval, AuditEntry, Chore, StrayInstance, WorkNotice
from portal.services.work.chores import ChoreName
from portal.services.work.retry_pauses import WITHDRAWAL_WAIT
from tests.durability.running_portal import RunningPortal
from tests.durability.waiting import wait
from tests.services.pending_story import approvals_of, make_permission_administrator, request_named, set_rules
from tests.services.story import ask, instances

CHORES = {"escalates_at": ChoreName.ESCALATE, "lapses_at": ChoreName.LAPSE}


def set_up_rules(portal: RunningPortal) -> None:
    """Chen is asked first, after him Iris; people who take part have signed in once."""
    for person in ("bob", "chen", "dora", "iris"):
        portal.world.client(person)
    make_permission_administrator(portal.world, "iris")
    set_rules(portal.world, escalates_after_days=3, lapses_after_days=9)


@dataclass
class OverdueRequest:
    """``deadline`` is the column that says until when its approval is waited for."""

    portal: RunningPortal
    deadline: str
    number: str = ""

    def start(self) -> str:
        """Ask, wait until it runs in DingTalk and is old enough to be withdrawn; return the instance's id."""
        self.number = ask(self.portal.world)
        self.wait_for("pending")
        self.portal.wait_until_all_is_told()
        self.portal.make_older(self.number, by=WITHDRAWAL_WAIT)
        return self.portal.instance_of(self.number)

    def let_time_run_out(self) -> None:
        """Let the deadline be now, and whoever looks for it come at once."""
        with self.portal.world.app.app_context(), transaction() as session:
            for approval in session.scalars(select(Approval).with_for_update(of=Approval)):
                if approval.request is not None and approval.request.number == self.number:
                    setattr(approval, self.deadline, self.portal.world.clock.now())
            self._wake(session)

    def promise_end(self) -> None:
        """Look for it in the worker's place, which is dead: its end is promised, and nobody has done anything."""
        with self.portal.world.app.app_context():
            self.portal.world.services.chores.tasks[CHORES[self.deadline]]()

    def states(self) -> list[str]:
        return list(self.portal.world.look(lambda: [each.state for each in approvals_of(self.number)]))

    def wait_for(self, *states: str) -> None:
        self._wait(states, do=lambda: None)

    def hurry(self, *states: str) -> None:
        """Wait for the states of all approvals while leases and pauses are let pass."""
        self._wait(states, do=self._let_pauses_pass)

    def known_instances(self) -> list[str | None]:
        """Return the instances that the portal knows of, by the positions of their approvals."""
        return list(self.portal.world.look(lambda: [each.instance_id for each in approvals_of(self.number)]))

    def instances(self) -> list[dict[str, Any]]:
        """Return what DingTalk has of this request."""
        return [
            each
            for each in instances(self.portal.world)
            if str(each["values"].get("Request number", "")).startswith(self.number)
        ]

    def is_over(self) -> bool:
        return bool(self.portal.world.look(lambda: request_named(self.number).closed_at is not None))

    def strays(self) -> int:
        theirs = select(func.count()).where(StrayInstance.approval_id.in_(self._approval_ids()))
        return int(self.portal.world.look(lambda: db.session.scalar(theirs) or 0))

    def audited(self, action: str) -> int:
        entries = select(AuditEntry).filter_by(action=action)
        return int(
            self.portal.world.look(
                lambda: sum(
                    str(each.subject_id).startswith(self.number) for each in db.session.scalars(entries)
                )
            )
        )

    def notices(self) -> list[str]:
        """Return what kinds of notices there are about it."""

        def read() -> list[str]:
            about = select(WorkNotice.kind).filter_by(request_id=request_named(self.number).id)
            return list(db.session.scalars(about.order_by(WorkNotice.id)))

        return list(self.portal.world.look(read))

    def _approval_ids(self) -> list[int]:
        return list(self.portal.world.look(lambda: [each.id for each in approvals_of(self.number)]))

    def _let_pauses_pass(self) -> None:
        self.portal.let_all_pauses_pass()
        with self.portal.world.app.app_context(), transaction() as session:
            self._wake(session)

    def _wake(self, session: Any) -> None:
        chore = session.get(Chore, CHORES[self.deadline].value, with_for_update=True)
        chore.due_at = min(chore.due_at, self.portal.world.clock.now())

    def _wait(self, states: tuple[str, ...], *, do: Callable[[], None]) -> None:
        def has_come() -> bool:
            if self.states() == list(states):
                return True
            do()
            return False

        wait(has_come, what=lambda: f"{states}: it is {self.states()}; {self.portal.worker.tail()}")
