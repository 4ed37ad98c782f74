"""Who decides, as the page of a request names them: the choice and the flow's own people, each with their rule."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel

from portal.models import Approval, ApprovalDecider, ApprovalTemplate, Person
from portal.rules.flow_rules import Certainty, Node, NodeRule, NodeTask
from portal.web.access_requests.who_decides import first_deciders, who_decides

CHOSEN = "Chosen by the requester, as the approval flow asks for."
SUPERVISOR = NodeRule.DIRECT_SUPERVISOR


@pytest.fixture(autouse=True)
def request_context() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


def approval(*, certainty: Certainty = Certainty.TOLD) -> Approval:
    """Make one in which Dora and Kate were chosen, Chen is found as the supervisor, and Iris joined later."""
    node = Node(id="n2", name="Supervisor", task=NodeTask.APPROVE, rule=SUPERVISOR, certainty=certainty)
    made = Approval(
        approver=Person(name="Dora"),
        approver_reason="chosen",
        chosen_approvers=[{"node_name": "Approver", "user_ids": ["dora", "kate"], "names": ["Dora", "Kate"]}],
        template=ApprovalTemplate(flow=[node.to_json()]),
    )
    made.deciders = [
        ApprovalDecider(user_id=name.lower(), person_name=name, node_name=where, rule=rule, position=n)
        for n, (name, where, rule) in enumerate(
            (
                ("Dora", "Approver", NodeRule.SELECTED_BY_INITIATOR),
                ("Kate", "Approver", NodeRule.SELECTED_BY_INITIATOR),
                ("Chen", "Supervisor", SUPERVISOR),
                ("Iris", "Approver", ""),
            )
        )
    ]
    return made


def told(made: Approval) -> list[tuple[str, tuple[str, ...], str]]:
    return [(line.node, line.people, line.why) for line in who_decides(made)]


def test_the_choice_and_the_flows_own_people_each_stand_with_their_rule() -> None:
    assert told(approval()) == [
        ("Approver", ("Dora", "Kate"), CHOSEN),
        ("Supervisor", ("Chen",), "Direct Supervisor"),
    ]


def test_a_rule_that_only_fits_what_was_seen_is_not_claimed() -> None:
    assert told(approval(certainty=Certainty.CONSISTENT_WITH))[1][2] == "Found by DingTalk"


def test_peer_to_peer_names_the_policys_approver() -> None:
    made = approval()
    made.chosen_approvers, made.approver_reason = None, "owner"
    assert told(made) == [("", ("Dora",), "Owns this resource.")]


def test_a_list_names_everybody_who_was_chosen_once() -> None:
    assert first_deciders([approval()]) == ("Dora", "Kate")
