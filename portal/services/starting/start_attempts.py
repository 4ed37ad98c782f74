"""The attempts to start one approval: what each sent and when, because any of them may turn out to have worked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from portal.channels.approval_channel import Reading, StartOrder
from portal.models import Approval
from portal.services.approval_rows import order_of

# Clocks differ. There is no latest time: a call that got no answer may be carried out late, and after a restore
# nobody knows when it was sent.
BEFORE_SENDING = timedelta(minutes=10)
# Longer than any start can take: forecast and create, each with its connect and read time-out.
START_LEASE = timedelta(seconds=60)
# When a start without a clear answer is looked for, before it is declared not started ...
RESOLVE_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 10, 20, 40, 80, 120))
# ... and after that, each counted from the look before.
LATE_LOOKS = (timedelta(minutes=15), timedelta(hours=2), timedelta(days=1))


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt. ``sent_at`` is empty for one that was not sent yet as far as we know."""

    number: int
    order: StartOrder
    sent_at: datetime | None

    def is_in_time(self, began_at: datetime | None) -> bool:
        """Whether something that began then can come from this attempt."""
        if self.sent_at is None or began_at is None:
            return True
        return began_at >= self.sent_at - BEFORE_SENDING


def attempts_of(approval: Approval) -> tuple[Attempt, ...]:
    """Return the attempts that may have made an instance, earliest first; the last is the current one."""
    return (*earlier_attempts_of(approval), _current(approval))


def earlier_attempts_of(approval: Approval) -> tuple[Attempt, ...]:
    """Return the attempts before the current one whose outcome stayed unknown."""
    return tuple(_stored(approval))


def attempt_behind(approval: Approval, reading: Reading) -> Attempt | None:
    """Return the attempt whose requester and values these are, whenever it was."""
    return next((each for each in attempts_of(approval) if reading.carries(each.order)), None)


def keep_current_attempt(approval: Approval) -> None:
    """Put what the current attempt sent beside the earlier ones, before another takes its place."""
    kept = {
        "attempt": approval.attempt,
        "values": dict(approval.submitted_values or {}),
        "starting_at": approval.starting_at.isoformat() if approval.starting_at else None,
        "template_id": approval.template_id,
        "process_code": approval.template.process_code,
    }
    approval.earlier_attempts = [*(approval.earlier_attempts or []), kept]


def make_current(approval: Approval, number: int) -> None:
    """Let an earlier attempt be the one that counts; the current one is kept as one of the others."""
    kept = next((each for each in approval.earlier_attempts or [] if each["attempt"] == number), None)
    if kept is None:
        return
    if all(each["attempt"] != approval.attempt for each in approval.earlier_attempts or []):
        keep_current_attempt(approval)
    approval.earlier_attempts = [each for each in approval.earlier_attempts or [] if each is not kept]
    approval.attempt, approval.submitted_values = number, kept["values"]
    approval.starting_at = _moment(kept)
    approval.template_id = kept["template_id"]


def plan_late_look(approval: Approval, *, at: datetime) -> None:
    """Set when to look once more for a start that was declared not found; otherwise nothing is left to do."""
    looked = approval.resolve_tries - len(RESOLVE_PAUSES)
    approval.due_at = at + LATE_LOOKS[looked] if 0 <= looked < len(LATE_LOOKS) else None


def _current(approval: Approval) -> Attempt:
    return Attempt(number=approval.attempt, order=order_of(approval), sent_at=approval.starting_at)


def _stored(approval: Approval) -> Iterator[Attempt]:
    order = order_of(approval)
    for kept in approval.earlier_attempts or []:
        sent = replace(order, process_code=kept["process_code"], values=kept["values"])
        yield Attempt(number=kept["attempt"], order=sent, sent_at=_moment(kept))


def _moment(kept: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(kept["starting_at"]) if kept["starting_at"] else None
