"""Finds out to whom something was done in an instance: records name the one who acted, tasks those who got a turn.

Source: details of real instances. DingTalk documents none of it, and its times are precise to the minute, so these
are the likeliest readings. They choose words on a page and who may look at it, never an outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from portal.dingtalk.instances import OperationRecord, Task

HAND_OVER, SEND_BACK, DEPUTY = "REDIRECT_TASK", "REDIRECT_PROCESS", "EXECUTE_TASK_AGENT"
TERMINATE = "TERMINATE_PROCESS_INSTANCE"
APPEND_BEFORE, APPEND_AFTER = "APPEND_TASK_BEFORE", "APPEND_TASK_AFTER"
DECISION = "EXECUTE_"
START = "sid-startevent"
A_MINUTE = timedelta(minutes=1)


class TaskLinks:
    """The tasks that each record gave, took over or made superfluous.

    ``first_approvers`` are those named when the instance was started: their turns are nobody's doing.
    """

    def __init__(
        self,
        records: Sequence[OperationRecord],
        tasks: Sequence[Task],
        *,
        first_approvers: Sequence[str] = (),
    ) -> None:
        self._records = records
        self._tasks = _in_order(tasks)
        self._first = frozenset(first_approvers)
        self._others: dict[int, list[str]] = {}
        self._claimed: set[int] = set()  # places in _tasks that a record accounts for
        self._handed_over: set[int] = set()
        # What tells most about its tasks goes first; countersigners are among the rest.
        self._each(HAND_OVER, self._successor)
        self._each(SEND_BACK, self._given_again)
        self._link_countersigners()
        self._each(DEPUTY, self._principal)

    def others(self, position: int) -> tuple[str, ...]:
        """Return the user ids of those whom the record at ``position`` is about, beside the one who acted."""
        return tuple(dict.fromkeys(self._others.get(position, ())))

    def released(self, position: int) -> tuple[str, ...]:
        """Return whose turn this agreement ended because one was enough."""
        record = self._records[position]
        if self._is_ended_otherwise(position):
            return ()
        return tuple(
            task.user_id
            for task in self._tasks
            if task.status == "CANCELED"
            and _is_at(task, record)
            and task.user_id != record.user_id
            and _same_minute(task.finished_at, record.at)
        )

    def _is_ended_otherwise(self, position: int) -> bool:
        """Whether within the same minute something else ended turns too: nothing says then what ended which."""
        return any(
            _same_minute(later.at, self._records[position].at)
            and (later.kind in (SEND_BACK, TERMINATE) or later.result == "REFUSE")
            for later in self._records[position + 1 :]
        )

    def _each(self, kind: str, find: Callable[[OperationRecord], list[str]]) -> None:
        for position, record in enumerate(self._records):
            if record.kind == kind:
                self._others[position] = find(record)

    def _successor(self, record: OperationRecord) -> list[str]:
        """A hand-over: the next turn at the node, created when the old one ended."""
        for place, old in enumerate(self._tasks):
            is_theirs = old.user_id == record.user_id and old.result == "REDIRECTED" and _is_at(old, record)
            if not is_theirs or place in self._handed_over:
                continue
            self._handed_over.add(place)
            for later in range(place + 1, len(self._tasks)):
                new = self._tasks[later]
                is_next = new.activity_id == old.activity_id and new.user_id != old.user_id
                if is_next and later not in self._claimed and _follows(new.created_at, old.finished_at):
                    self._claimed.add(later)
                    return [new.user_id]
            return []
        return []

    def _given_again(self, record: OperationRecord) -> list[str]:
        """A send-back: the first other node that begins again from then on, or the requester."""
        again = [
            place
            for place, task in enumerate(self._tasks)
            if place not in self._claimed
            and task.activity_id != record.activity_id
            and _follows(task.created_at, record.at)
            and (task.activity_id == START or self._had_it_before(place))
        ]
        node = [each for each in again if self._tasks[each].activity_id == self._tasks[again[0]].activity_id]
        self._claimed.update(node)
        return [self._tasks[each].user_id for each in node]

    def _had_it_before(self, place: int) -> bool:
        task = self._tasks[place]
        return any(
            earlier.activity_id == task.activity_id and earlier.user_id == task.user_id
            for earlier in self._tasks[:place]
        )

    def _principal(self, record: OperationRecord) -> list[str]:
        """A deputy: whose turn ended with the deputy's decision."""
        for task in self._tasks:
            is_decided = task.status == "COMPLETED" and _is_at(task, record) and task.result == record.result
            if is_decided and task.user_id != record.user_id and _same_minute(task.finished_at, record.at):
                return [task.user_id]
        return []

    def _link_countersigners(self) -> None:
        appends = [
            position
            for position, record in enumerate(self._records)
            if record.kind in (APPEND_BEFORE, APPEND_AFTER)
        ]
        groups: dict[tuple[int, ...], list[int]] = {}
        for place in range(len(self._tasks)):
            askers = self._askers(place, appends) if place not in self._claimed else ()
            if askers:
                groups.setdefault(askers, []).append(place)
        for askers, places in groups.items():
            # Who asked twice within a minute: one each, in order, and what is over belongs to the first.
            surplus = max(0, len(places) - len(askers))
            for number, place in enumerate(places):
                asker = askers[min(max(0, number - surplus), len(askers) - 1)]
                self._others.setdefault(asker, []).append(self._tasks[place].user_id)

    def _askers(self, place: int, appends: list[int]) -> tuple[int, ...]:
        """Return the latest records that may have given this turn; several when they share a minute."""
        able = [position for position in appends if self._may_have_given(position, place)]
        latest = max((at for at in (self._records[each].at for each in able) if at), default=None)
        return tuple(each for each in able if self._records[each].at == latest)

    def _may_have_given(self, position: int, place: int) -> bool:
        record, task = self._records[position], self._tasks[place]
        if task.user_id == record.user_id or not _is_at(task, record):
            return False
        if task.created_at is None or record.at is None or task.created_at < record.at:
            return False
        node_began_at = min(
            (each.created_at for each in self._tasks if _is_at(each, record) and each.created_at),
            default=None,
        )
        if node_began_at == task.created_at and (place == 0 or task.user_id in self._first):
            return False
        return record.kind == APPEND_AFTER or self._decided_in_time(position, task)

    def _decided_in_time(self, position: int, task: Task) -> bool:
        """Who is asked first has decided before the asker goes on, and is not open after that."""
        record = self._records[position]
        went_on = next(self._acts_of(record.user_id, record.activity_id, after=position), None)
        if went_on is None:
            return True
        acted = list(self._acts_of(task.user_id, record.activity_id, after=position))
        return task.status not in ("RUNNING", "NEW", "PAUSED") and (not acted or acted[0] < went_on)

    def _acts_of(self, user_id: str, activity_id: str, *, after: int) -> Iterator[int]:
        for position in range(after + 1, len(self._records)):
            record = self._records[position]
            is_act = record.kind.startswith(DECISION) or record.kind == HAND_OVER
            if is_act and record.user_id == user_id and record.activity_id == activity_id:
                yield position


def _in_order(tasks: Sequence[Task]) -> list[Task]:
    """Ids count up; where one is missing, the order in which DingTalk tells them has to do."""
    if all(task.task_id.isdecimal() for task in tasks):
        return sorted(tasks, key=lambda task: int(task.task_id))
    return list(tasks)


def _is_at(task: Task, record: OperationRecord) -> bool:
    return not record.activity_id or task.activity_id == record.activity_id


def _same_minute(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and one == other


def _follows(later: datetime | None, earlier: datetime | None) -> bool:
    """Whether one moment may be the other, or just after it: a minute may have ended between the two."""
    return later is not None and earlier is not None and timedelta() <= later - earlier <= A_MINUTE
