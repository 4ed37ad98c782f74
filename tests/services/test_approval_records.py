"""Records are kept as rows and come back as one thing each, with nobody in them who is no person."""

from __future__ import annotations

from datetime import UTC, datetime

from portal.channels.approval_channel import Reading, Record, RecordKind
from portal.models import Approval, ApprovalDecider
from portal.rules.approval_state import ApprovalState
from portal.services.outcomes.approval_records import keep_records, strangers_in, told_in
from portal.services.outcomes.participants import Participants

AT = datetime(2026, 1, 2, 7, 4, tzinfo=UTC)
PEOPLE = Participants(
    names={"chen": "Chen", "dora": "Dora", "iris_h": "Iris"}, strangers=frozenset({"V01_2", "gone_person"})
)


def record(kind: RecordKind, user_id: str, *others: str, label: str = "", remark: str = "") -> Record:
    return Record(kind=kind, user_id=user_id, remark=remark, occurred_at=AT, others=others, label=label)


def kept(*records: Record, approval: Approval | None = None) -> Approval:
    approval = approval or Approval(id=1)
    reading = Reading(
        state=ApprovalState.PENDING,
        records=records,
        url=None,
        requester_user_id="bob",
        values={},
        began_at=AT,
    )
    keep_records(approval, reading, PEOPLE)
    return approval


def test_what_was_kept_is_told_again_with_labels_and_people_only() -> None:
    approval = kept(
        record(RecordKind.HANDED_OVER, "chen", "iris_h", "V01_2", remark="please"),
        record(RecordKind.OTHER, "gone_person", label="催办", remark="quick"),
        record(RecordKind.AGREED, "iris_h"),
    )
    assert [
        (each.kind.value, each.who, each.others, each.label, each.remark) for each in told_in(approval)
    ] == [
        ("handed_over", "Chen", ("Iris",), "", "please"),
        ("other", "", (), "催办", "quick"),
        ("agreed", "Iris", (), "", ""),
    ]
    assert strangers_in(approval) == {"V01_2", "gone_person"}


def test_a_later_reading_takes_the_place_of_the_earlier_one() -> None:
    approval = kept(record(RecordKind.COUNTERSIGN_BEFORE, "chen", "dora"), record(RecordKind.AGREED, "dora"))
    first = approval.records[0]
    kept(record(RecordKind.COMMENTED, "chen"), approval=approval)
    assert [(each.kind.value, each.who) for each in told_in(approval)] == [("commented", "Chen")]
    assert approval.records[0] is first


def test_whom_the_flow_asks_is_nobodys_countersigner_unless_nobody_else_is() -> None:
    approval = Approval(id=1)
    approval.deciders = [
        ApprovalDecider(
            user_id="iris_h", position=1, person_name="Iris", rule="specified_members", state="waiting"
        )
    ]
    both = record(RecordKind.COUNTERSIGN_BEFORE, "chen", "iris_h", "dora")
    assert told_in(kept(both, approval=approval))[0].others == ("Dora",)
    alone = record(RecordKind.COUNTERSIGN_BEFORE, "chen", "iris_h")
    assert told_in(kept(alone, approval=approval))[0].others == ("Iris",)
