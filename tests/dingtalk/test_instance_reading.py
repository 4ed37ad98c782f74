"""A raw instance detail in our words: whose turn it is, to whom what was done, and never more than that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.channels.approval_channel import Reading, RecordKind, TurnState
from portal.channels.dingtalk.instance_reading import our_reading
from portal.dingtalk.instance_detail import read_instance
from portal.rules.approval_state import ApprovalState

A, B = "node-a", "node-b"
START = {"userId": "bob", "type": "START_PROCESS_INSTANCE", "result": "NONE", "activityId": "sid-startevent"}


def minute(number: int) -> str:
    return f"2026-01-02T07:{number:02d}Z"


def did(user: str, kind: str, at: int, *, result: str = "NONE", node: str = A, **more: Any) -> dict[str, Any]:
    return {"userId": user, "type": kind, "date": minute(at), "result": result, "activityId": node, **more}


def agreed(user: str, at: int, *, node: str = A, **more: Any) -> dict[str, Any]:
    return did(user, "EXECUTE_TASK_NORMAL", at, result="AGREE", node=node, **more)


def task(
    number: int,
    user: str,
    status: str,
    begun: int,
    ended: int | None = None,
    *,
    result: str = "",
    node: str = A,
) -> dict[str, Any]:
    times = {"createTime": minute(begun)} | ({} if ended is None else {"finishTime": minute(ended)})
    return {
        "taskId": 87654321000 + number,
        "userId": user,
        "status": status,
        "result": result,
        "activityId": node,
        "taskGroupName": node,
        **times,
    }


def read(records: list[dict[str, Any]], tasks: list[dict[str, Any]], **more: Any) -> Reading:
    return our_reading(
        read_instance(
            {
                "status": "RUNNING",
                "originatorUserId": "bob",
                "createTime": minute(0),
                "operationRecords": [{**START, "date": minute(0)}, *records],
                "tasks": tasks,
                **more,
            }
        )
    )


def told(reading: Reading) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.kind.value, each.user_id, each.others) for each in reading.records[1:]]


def waiting(reading: Reading) -> list[str]:
    return [turn.user_id for turn in reading.waiting]


def test_whose_turn_it_is_says_the_task_not_who_was_chosen() -> None:
    reading = read([], [task(1, "chen", "RUNNING", 0), task(2, "iris", "NEW", 0, node=B)])
    assert [(turn.user_id, turn.state, turn.node_name) for turn in reading.turns] == [
        ("chen", TurnState.WAITING, A),
        ("iris", TurnState.UPCOMING, B),
    ]
    assert reading.waiting[0].since == datetime(2026, 1, 2, 7, 0, tzinfo=UTC)
    assert reading.state == ApprovalState.PENDING


def test_a_hand_over_names_the_successor_and_a_chain_names_each() -> None:
    reading = read(
        [did("chen", "REDIRECT_TASK", 3, remark="please you"), did("iris", "REDIRECT_TASK", 3)],
        [
            task(1, "chen", "COMPLETED", 0, 3, result="REDIRECTED"),
            task(2, "iris", "COMPLETED", 3, 3, result="REDIRECTED"),
            task(3, "dora", "RUNNING", 3),
        ],
    )
    assert told(reading) == [("handed_over", "chen", ("iris",)), ("handed_over", "iris", ("dora",))]
    assert waiting(reading) == ["dora"]


def test_a_hand_over_that_comes_back_is_told_in_its_order() -> None:
    reading = read(
        [did("chen", "REDIRECT_TASK", 3), did("iris", "REDIRECT_TASK", 5), did("chen", "REDIRECT_TASK", 7)],
        [
            task(4, "dora", "RUNNING", 7),
            task(3, "chen", "COMPLETED", 5, 7, result="REDIRECTED"),
            task(2, "iris", "COMPLETED", 3, 5, result="REDIRECTED"),
            task(1, "chen", "COMPLETED", 0, 3, result="REDIRECTED"),
        ],
    )
    assert [others for _, _, others in told(reading)] == [("iris",), ("chen",), ("dora",)]


def test_a_hand_over_whose_task_is_not_told_names_nobody() -> None:
    reading = read([did("chen", "REDIRECT_TASK", 3)], [])
    assert told(reading) == [("handed_over", "chen", ())]


def test_countersigning_before_pauses_the_asker_and_names_those_asked() -> None:
    reading = read(
        [did("chen", "APPEND_TASK_BEFORE", 2)],
        [
            task(1, "chen", "PAUSED", 0),
            task(2, "dora", "RUNNING", 2),
            task(3, "kate", "RUNNING", 2),
        ],
    )
    assert told(reading) == [("countersign_before", "chen", ("dora", "kate"))]
    assert waiting(reading) == ["dora", "kate"]
    assert reading.turns[0].state == TurnState.PAUSED


def test_countersigning_after_agreeing_keeps_the_outcome_with_the_instance() -> None:
    reading = read(
        [did("chen", "APPEND_TASK_AFTER", 2), agreed("chen", 2)],
        [task(1, "chen", "COMPLETED", 0, 2, result="AGREE"), task(2, "dora", "RUNNING", 2)],
    )
    assert told(reading) == [("countersign_after", "chen", ("dora",)), ("agreed", "chen", ())]
    assert (reading.state, waiting(reading)) == (ApprovalState.PENDING, ["dora"])


def test_asked_one_after_the_other_all_are_named_and_the_flows_next_person_is_not() -> None:
    reading = read(
        [
            did("chen", "APPEND_TASK_BEFORE", 2),
            agreed("dora", 4),
            agreed("kate", 5),
            agreed("chen", 6),
            agreed("iris", 7),
        ],
        [
            task(1, "chen", "COMPLETED", 0, 6, result="AGREE"),
            task(2, "dora", "COMPLETED", 2, 4, result="AGREE"),
            task(3, "kate", "COMPLETED", 4, 5, result="AGREE"),
            task(4, "iris", "COMPLETED", 6, 7, result="AGREE"),
        ],
    )
    assert told(reading)[0] == ("countersign_before", "chen", ("dora", "kate"))


def test_two_who_ask_in_one_minute_each_get_who_was_asked_in_that_order() -> None:
    reading = read(
        [did("chen", "APPEND_TASK_BEFORE", 2), did("iris", "APPEND_TASK_BEFORE", 2)],
        [
            task(1, "chen", "PAUSED", 0),
            task(2, "iris", "PAUSED", 0),
            task(3, "dora", "RUNNING", 2),
            task(4, "kate", "RUNNING", 2),
        ],
    )
    assert [others for _, _, others in told(reading)] == [("dora",), ("kate",)]


def test_a_countersigner_who_hands_over_is_the_one_who_was_asked() -> None:
    reading = read(
        [did("chen", "APPEND_TASK_BEFORE", 2), did("dora", "REDIRECT_TASK", 4)],
        [
            task(1, "chen", "PAUSED", 0),
            task(2, "dora", "COMPLETED", 2, 4, result="REDIRECTED"),
            task(3, "kate", "RUNNING", 4),
        ],
    )
    assert told(reading) == [("countersign_before", "chen", ("dora",)), ("handed_over", "dora", ("kate",))]


def test_one_decision_that_is_enough_releases_the_others() -> None:
    reading = read(
        [agreed("chen", 4)],
        [
            task(1, "chen", "COMPLETED", 0, 4, result="AGREE"),
            task(2, "iris", "CANCELED", 0, 4),
            task(3, "kate", "RUNNING", 4, node=B),
        ],
    )
    assert told(reading) == [("agreed", "chen", ()), ("released", "", ("iris",))]
    assert waiting(reading) == ["kate"]


@pytest.mark.parametrize(
    "then",
    [
        did("iris", "REDIRECT_PROCESS", 4),
        did("bob", "TERMINATE_PROCESS_INSTANCE", 4),
        {**agreed("iris", 4), "result": "REFUSE"},
    ],
)
def test_nobody_is_called_released_where_something_else_ended_the_turns(then: dict[str, Any]) -> None:
    reading = read(
        [agreed("chen", 4), then],
        [task(1, "chen", "COMPLETED", 0, 4, result="AGREE"), task(2, "iris", "CANCELED", 0, 4)],
    )
    assert "released" not in [kind for kind, _, _ in told(reading)]


def test_what_is_sent_back_names_who_is_asked_again_or_the_requester() -> None:
    to_a_node = read(
        [agreed("chen", 2), did("iris", "REDIRECT_PROCESS", 5, node=B)],
        [
            task(1, "chen", "COMPLETED", 0, 2, result="AGREE"),
            task(2, "iris", "CANCELED", 2, 5, node=B),
            task(3, "chen", "RUNNING", 5),
        ],
    )
    assert told(to_a_node)[1] == ("sent_back", "iris", ("chen",))
    assert waiting(to_a_node) == ["chen"]
    to_the_requester = read(
        [did("chen", "REDIRECT_PROCESS", 5), {**START, "date": minute(9)}],
        [
            task(1, "chen", "CANCELED", 0, 5),
            task(2, "bob", "COMPLETED", 5, 9, node="sid-startevent"),
            task(3, "chen", "RUNNING", 9),
        ],
    )
    assert told(to_the_requester) == [("sent_back", "chen", ("bob",)), ("submitted_again", "bob", ())]


def test_a_deputy_decides_in_place_of_whose_task_ended_then() -> None:
    reading = read(
        [did("dora", "EXECUTE_TASK_AGENT", 4, result="AGREE")],
        [task(1, "chen", "COMPLETED", 0, 4, result="AGREE")],
        status="COMPLETED",
        result="agree",
    )
    assert told(reading) == [("deputy_agreed", "dora", ("chen",))]
    assert reading.state == ApprovalState.APPROVED
    assert reading.waiting == ()


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (did("chen", "ADD_REMARK", 1, remark="hm"), ("commented", "chen", ())),
        (did("", "PROCESS_CC", 1, ccUserIds=["dora", "kate"]), ("copied", "", ("dora", "kate"))),
        (did("x", "EXECUTE_TASK_AUTO", 1, result="AGREE"), ("automatically_agreed", "x", ())),
        (did("x", "EXECUTE_TASK_AUTO", 1, result="REFUSE"), ("automatically_refused", "x", ())),
        (did("x", "EXECUTE_TASK_AUTO", 1), ("other", "x", ())),
        (did("x", "EXECUTE_TASK_NORMAL", 1), ("other", "x", ())),
        (did("x", "FINISH_PROCESS_INSTANCE", 1), ("finished", "x", ())),
        (did("x", "SOMETHING_NEW", 1, result="AGREE"), ("other", "x", ())),
        (did("x", "", 1), ("other", "x", ())),
    ],
)
def test_every_kind_of_record_is_what_it_says_and_no_decision_that_nobody_took(
    record: dict[str, Any], expected: tuple[str, str, tuple[str, ...]]
) -> None:
    assert told(read([record], [])) == [expected]


def test_what_we_have_no_word_for_keeps_dingtalks_own() -> None:
    reading = read([did("chen", "URGE_TASK", 1, showName="催办")], [])
    assert (reading.records[1].kind, reading.records[1].label) == (RecordKind.OTHER, "催办")


@pytest.mark.parametrize(
    ("who", "state"), [("bob", "withdrawn"), ("alice", "terminated"), ("", "terminated")]
)
def test_who_ended_it_tells_withdrawn_from_terminated(who: str, state: str) -> None:
    ended = did(who, "TERMINATE_PROCESS_INSTANCE", 5, node="")
    reading = read([ended], [task(1, "chen", "TERMINATED", 0, 5)], status="TERMINATED")
    assert reading.state.value == state
    assert reading.waiting == ()


def test_an_end_without_its_record_is_nobodys_withdrawal() -> None:
    assert read([], [], status="TERMINATED").state == ApprovalState.TERMINATED


@pytest.mark.parametrize("status", ["RUNNING", "NEW", "CANCELED", "", "SOMETHING"])
def test_tasks_that_all_agreed_approve_nothing_while_the_instance_does_not(status: str) -> None:
    tasks = [task(1, "chen", "COMPLETED", 0, 2, result="AGREE")]
    assert read([agreed("chen", 2)], tasks, status=status, result="").state == ApprovalState.PENDING
    assert read([agreed("chen", 2)], tasks, status=status, result="refuse").state == ApprovalState.PENDING


def test_nobody_is_waited_for_once_it_is_over_whatever_its_tasks_say() -> None:
    tasks = [task(1, "chen", "RUNNING", 0), task(2, "iris", "NEW", 0)]
    assert read([], tasks, status="COMPLETED", result="refuse").waiting == ()


def test_records_stay_in_dingtalks_order_although_their_minutes_disagree() -> None:
    reading = read([agreed("chen", 5), did("iris", "ADD_REMARK", 4), agreed("iris", 5)], [])
    assert [each.user_id for each in reading.records] == ["bob", "chen", "iris", "iris"]


@pytest.mark.parametrize("hole", ["activityId", "createTime", "finishTime", "taskId", "userId", "status"])
def test_details_with_holes_are_read_as_far_as_they_go(hole: str) -> None:
    records = [
        did("chen", "APPEND_TASK_BEFORE", 2),
        did("chen", "REDIRECT_TASK", 3),
        did("iris", "REDIRECT_PROCESS", 4),
        did("dora", "EXECUTE_TASK_AGENT", 5, result="AGREE"),
        agreed("chen", 6),
    ]
    tasks = [task(1, "chen", "COMPLETED", 0, 3, result="REDIRECTED"), task(2, "iris", "RUNNING", 3)]
    for each in tasks:
        each.pop(hole, None)
    reading = read(records, tasks)
    assert [each.kind.value for each in reading.records[1:]] == [
        *("countersign_before", "handed_over", "sent_back", "deputy_agreed", "agreed")
    ]
