"""What people did in an approval, kept as rows in the order of the channel and read back as one thing each.

A row of its own kind follows for everybody that something was done to, for the channel's own word where we have
none, and for users whom the directory does not know, so that it is asked about them only once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from portal.channels.approval_channel import Reading, Record, RecordKind
from portal.models import Approval, ApprovalRecord
from portal.services.outcomes.participants import Participants, everybody_in


class _RowKind(StrEnum):
    ADDRESSEE = "addressee"
    LABEL = "label"
    NOBODY = "nobody"


LONGEST_NAME = 128


@dataclass(frozen=True, kw_only=True)
class ToldRecord:
    """One thing that happened; ``who`` and ``others`` are names, empty where nobody is known."""

    kind: RecordKind
    user_id: str
    who: str
    others: tuple[str, ...]
    remark: str
    label: str
    occurred_at: datetime

    @property
    def is_by_nobody(self) -> bool:
        """Whether a placeholder acted, or nobody: what DingTalk does by itself."""
        return not self.who and (not self.user_id or "_" in self.user_id)


def strangers_in(approval: Approval) -> frozenset[str]:
    """Return the user ids of earlier readings that the directory does not know."""
    return frozenset(row.user_id for row in approval.records if row.kind == _RowKind.NOBODY)


def keep_records(approval: Approval, reading: Reading, people: Participants) -> None:
    """Put what a reading told in place of what was told before."""
    by_position = {row.position: row for row in approval.records}
    rows = []
    named_by_flow = frozenset(row.user_id for row in approval.deciders if row.rule)
    for position, fresh in enumerate(_rows(reading, people, named_by_flow)):
        row = by_position.get(position) or ApprovalRecord(approval_id=approval.id, position=position)
        row.kind, row.user_id, row.person_name = fresh.kind, fresh.user_id[:64], fresh.person_name
        row.remark, row.occurred_at = fresh.remark, fresh.occurred_at
        rows.append(row)
    approval.records = rows


def add_record(
    approval: Approval,
    *,
    kind: RecordKind,
    who: tuple[str, str],
    at: datetime,
    others: tuple[tuple[str, str], ...] = (),
    remark: str = "",
) -> None:
    """Add what somebody did in the portal itself to what was told; ``who`` and ``others`` are user ids and names."""
    rows = [(kind.value, who, remark), *((_RowKind.ADDRESSEE.value, each, "") for each in others)]
    position = max((row.position for row in approval.records), default=-1)
    for row_kind, (user_id, name), text in rows:
        position += 1
        approval.records.append(
            ApprovalRecord(
                position=position,
                kind=row_kind,
                user_id=user_id,
                person_name=name[:LONGEST_NAME],
                remark=text,
                occurred_at=at,
            )
        )


def told_in(approval: Approval) -> list[ToldRecord]:
    """Return what happened in the order of the channel."""
    groups: list[list[ApprovalRecord]] = []
    for row in approval.records:
        if row.kind in set(RecordKind):
            groups.append([row])
        elif groups and row.kind in (_RowKind.ADDRESSEE, _RowKind.LABEL):
            groups[-1].append(row)
    return [_told(first, rest) for first, *rest in groups]


def _told(row: ApprovalRecord, more: list[ApprovalRecord]) -> ToldRecord:
    others = [each.person_name for each in more if each.kind == _RowKind.ADDRESSEE]
    return ToldRecord(
        kind=RecordKind(row.kind),
        user_id=row.user_id,
        who=row.person_name,
        others=tuple(name for name in others if name),
        remark=row.remark,
        label=next((each.remark for each in more if each.kind == _RowKind.LABEL), ""),
        occurred_at=row.occurred_at,
    )


@dataclass(frozen=True, kw_only=True)
class _Row:
    kind: str
    user_id: str = ""
    person_name: str = ""
    remark: str = ""
    occurred_at: datetime


def _rows(reading: Reading, people: Participants, named_by_flow: frozenset[str]) -> Iterator[_Row]:
    for record in reading.records:
        yield from _rows_of(record, people, named_by_flow)
    at = next((each.occurred_at for each in reading.records), reading.began_at)
    for user_id in sorted(people.strangers & everybody_in(reading)):
        yield _Row(kind=_RowKind.NOBODY, user_id=user_id, occurred_at=at or datetime.fromtimestamp(0, UTC))


def _rows_of(record: Record, people: Participants, named_by_flow: frozenset[str]) -> Iterator[_Row]:
    at = record.occurred_at
    yield _Row(
        kind=record.kind,
        user_id=record.user_id,
        person_name=people.name_of(record.user_id)[:LONGEST_NAME],
        remark=record.remark,
        occurred_at=at,
    )
    if record.label:
        yield _Row(kind=_RowKind.LABEL, remark=record.label, occurred_at=at)
    for user_id in _others(record, named_by_flow):
        if people.is_person(user_id):
            name = people.name_of(user_id)[:LONGEST_NAME]
            yield _Row(kind=_RowKind.ADDRESSEE, user_id=user_id, person_name=name, occurred_at=at)


def _others(record: Record, named_by_flow: frozenset[str]) -> tuple[str, ...]:
    """Leave out whom the flow itself asks: within a minute the channel cannot tell them from the countersigners."""
    if record.kind not in (RecordKind.COUNTERSIGN_BEFORE, RecordKind.COUNTERSIGN_AFTER):
        return record.others
    return tuple(each for each in record.others if each not in named_by_flow) or record.others
