"""The order of what happened: DingTalk's own, whatever its minutes say, with the portal's entries in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask_babel import Babel

from portal.channels.approval_channel import RecordKind
from portal.models import AccessRequest, Approval, ApprovalDecider, ApprovalRecord, Person
from portal.web.access_requests.timeline import timeline_of
from portal.web.access_requests.whose_turn import unchanged_since


@pytest.fixture(autouse=True)
def request_context() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


def at(minute: int, second: int = 0) -> datetime:
    return datetime(2026, 1, 2, 7, minute, second, tzinfo=UTC)


def a_request(
    *rows: tuple[str, str, int], state: str = "pending", asked_at: datetime | None = None
) -> AccessRequest:
    """Make a request whose records are given by kind, name and minute, in DingTalk's order."""
    approval = Approval(
        state=state,
        approver=Person(id=2, user_id="chen", name="Chen"),
        started_at=at(1, 40),
        withdrawal_requested_at=asked_at,
        last_read_at=at(30),
        closed_at=None if state == "pending" else at(20),
    )
    approval.records = [
        ApprovalRecord(
            position=n, kind=kind, user_id=name.lower(), person_name=name, remark="", occurred_at=at(minute)
        )
        for n, (kind, name, minute) in enumerate((("submitted", "Bob", 1), *rows))
    ]
    return AccessRequest(
        requester=Person(id=1, user_id="bob", name="Bob"),
        submitted_at=at(1, 30),
        state=state,
        approvals=[approval],
    )


def titles(request: AccessRequest) -> list[str]:
    return [entry.title for entry in timeline_of(request)]


def test_within_a_minute_dingtalks_order_stands_and_ours_comes_first() -> None:
    request = a_request(("commented", "Iris", 1), ("handed_over", "Chen", 1), ("addressee", "Iris", 1))
    assert titles(request) == [
        "Submitted",
        "Started in DingTalk",
        "Iris commented",
        "Chen handed over to Iris",
        "Waiting for a decision in DingTalk",
    ]


def test_records_whose_minutes_disagree_keep_the_order_they_came_in() -> None:
    request = a_request(("commented", "Iris", 9), ("commented", "Chen", 4), ("commented", "Dora", 9))
    assert titles(request)[2:5] == ["Iris commented", "Chen commented", "Dora commented"]


@pytest.mark.parametrize(
    ("asked_at", "expected"),
    [
        (at(3, 59), ["Withdrawal asked for", "Iris commented", "Chen commented"]),
        (at(4, 5), ["Iris commented", "Withdrawal asked for", "Chen commented"]),
        (at(6, 59), ["Iris commented", "Chen commented", "Withdrawal asked for"]),
        (at(9, 1), ["Iris commented", "Chen commented", "Withdrawal asked for"]),
    ],
)
def test_asking_for_a_withdrawal_stands_where_it_can_have_happened(
    asked_at: datetime, expected: list[str]
) -> None:
    request = a_request(("commented", "Iris", 4), ("commented", "Chen", 6), asked_at=asked_at)
    assert titles(request)[2:5] == expected


def test_the_end_that_was_asked_for_comes_after_the_asking_within_one_minute() -> None:
    request = a_request(
        ("commented", "Iris", 4), ("withdrawn", "Bob", 4), state="withdrawn", asked_at=at(4, 30)
    )
    assert titles(request)[2:] == ["Iris commented", "Withdrawal asked for", "Withdrawn by Bob"]


def test_what_a_newer_version_stored_or_nobody_did_breaks_no_page() -> None:
    request = a_request(("starship", "Iris", 4), ("nobody", "V00_1", 4), ("agreed", "", 5))
    assert titles(request)[2:] == ["Agreed automatically by DingTalk", "Waiting for a decision in DingTalk"]


def test_whose_turn_it_is_and_who_comes_later() -> None:
    request = a_request()
    request.approvals[0].deciders = [
        ApprovalDecider(user_id=name.lower(), position=n, person_name=name, state=state)
        for n, (name, state) in enumerate(
            (
                ("Chen", "expected"),
                ("Dora", "waiting"),
                ("Kate", "waiting"),
                ("Iris", "done"),
                ("", "waiting"),
            )
        )
    ]
    assert titles(request)[2:] == ["Waiting for Dora and Kate", "Then it is the turn of Chen"]


def expected(*people: tuple[str, str, str]) -> list[ApprovalDecider]:
    return [
        ApprovalDecider(
            user_id=name.lower(), position=n, person_name=name, node_name=node, rule=rule, state="expected"
        )
        for n, (name, node, rule) in enumerate(people)
    ]


def test_before_anything_was_read_the_first_node_is_waited_for() -> None:
    request = a_request()
    (approval,) = request.approvals
    approval.last_read_at = None
    approval.chosen_approvers = [{"node_name": "Approver", "user_ids": ["dora"], "names": ["Dora"]}]
    select = "selected_by_initiator"
    approval.deciders = expected(
        ("Dora", "Approver", select), ("Iris", "Approver", select), ("Kate", "Finance", "specified_members")
    )
    assert titles(request)[2:] == ["Waiting for Dora", "Then it is the turn of Iris and Kate"]


def test_what_was_sent_back_to_the_requester_names_nobody_who_comes_next() -> None:
    request = a_request(("sent_back", "Dora", 4), ("commented", "Kate", 5))
    (approval,) = request.approvals
    approval.request = request
    approval.deciders = [
        ApprovalDecider(user_id="bob", position=9, person_name="Bob", state="waiting"),
        *expected(("Kate", "Finance", "specified_members")),
    ]
    assert titles(request)[-1] == "Waiting for Bob to submit it again"
    assert unchanged_since(approval) == at(4)


def test_every_end_says_who_ended_it() -> None:
    for kind, state, expected in (
        (RecordKind.REFUSED, "rejected", "Rejected by Dora"),
        (RecordKind.DEPUTY_REFUSED, "rejected", "Rejected by Dora"),
        (RecordKind.WITHDRAWN, "terminated", "Ended in DingTalk by Dora"),
        (RecordKind.AGREED, "approved", "Approved"),
    ):
        assert titles(a_request((kind.value, "Dora", 5), state=state))[-1] == expected
