"""Raw answers of DingTalk in, verdict and English words out: every row of what is documented of rules, and more.

Each case is a flow as the forecast tells it, and where it says so the designed flow or a second requester.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from portal.channels.dingtalk.flow import our_flow, with_designed_rules
from portal.dingtalk.forecast import read_forecast
from portal.dingtalk.process_config import read_process_config
from portal.rules.flow_proof import Superiors, compare, prove, with_known_rules
from portal.rules.flow_rules import NO_CONCLUSION, FlowVerdict, Node, ReasonKind, VerdictKind, judge_flow
from portal.web.words.flow import node_words, verdict_words
from portal.web.words.flow_reasons import reasons_words

FULL, PEER, NOT = VerdictKind.FULL_FLOW, VerdictKind.PEER_TO_PEER, VerdictKind.NOT_USABLE
NO_CHOICE, UNSUPPORTED = ReasonKind.NO_CHOICE, ReasonKind.RULE_NOT_SUPPORTED
NOBODY: frozenset[str] = frozenset()
BOB = Superiors(supervisors=frozenset({"chen"}), heads=(frozenset({"iris"}), frozenset({"owen"})))
DORA = Superiors(supervisors=frozenset({"kate"}), heads=(NOBODY, frozenset({"jack"}), frozenset({"owen"})))


@pytest.fixture(scope="module", autouse=True)
def english() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


def select(name: str = "Choice", **actor: Any) -> dict[str, Any]:
    return rule(name, "target_select", isTargetSelect=True, actorKey=f"manual_{name}", required=True, **actor)


def rule(name: str, kind: str, *people: str, isTargetSelect: bool = False, **actor: Any) -> dict[str, Any]:  # noqa: N803
    found = [{"userId": each, "name": each.title()} for each in people]
    return {
        "activityId": name,
        "activityName": name,
        "activityType": kind,
        "isTargetSelect": isTargetSelect,
        "workflowActor": {
            "actorType": "approver",
            "approvalType": "MANUAL",
            "approvalMethod": "AND",
            **actor,
        },
        "activityActioners": found,
    }


def designed(name: str, kind: str, *, node_type: str = "approver", **rule_facts: Any) -> dict[str, Any]:
    properties = rule_facts.pop("properties", {})
    return {
        "type": node_type,
        "nodeId": name,
        "name": name,
        "properties": {
            "actionerRules": [{"type": kind, **rule_facts}],
            "activateType": "ALL",
            "agreeAll": True,
            "approvalType": "MANUAL",
            **properties,
        },
    }


def chain(*nodes: dict[str, Any]) -> dict[str, Any]:
    """Return a designed flow of these nodes, one after the other."""
    tree: dict[str, Any] | None = None
    for node in reversed(nodes):
        tree = {**node, "childNode": tree} if tree else node
    return {"type": "start", "nodeId": "sid-startevent", "childNode": tree}


@dataclass(frozen=True, kw_only=True)
class Case:
    """``words`` are the rules of the nodes in order, ``passed`` who would not be asked, ``facts`` of the forecast."""

    about: str
    rules: list[dict[str, Any]]
    words: list[str]
    kind: VerdictKind
    reasons: list[ReasonKind] = field(default_factory=list)
    passed: tuple[str, ...] = ()
    config: dict[str, Any] | None = None
    others: list[dict[str, Any]] | None = None
    mine: Superiors = BOB
    theirs: Superiors = DORA
    facts: dict[str, Any] = field(default_factory=dict)


def by_premium(about: str, words: str, kind: str, *, is_supported: bool = False, **facts: Any) -> Case:
    """A node that the forecast only calls resolved, beside a choice, told by the designed flow."""
    return Case(
        about=f"premium tells {about}",
        rules=[select(), rule("Next", "target_approval", "kate")],
        words=["Selected by Initiator", words],
        kind=FULL if is_supported else PEER,
        reasons=[] if is_supported else [UNSUPPORTED],
        passed=() if is_supported else ("kate",),
        config=chain(designed("Choice", "target_select"), designed("Next", kind, **facts)),
    )


def named_by_forecast(about: str, words: str, kind: str, *, is_supported: bool = False, **facts: Any) -> Case:
    """A node whose rule the forecast names by its type, beside a choice."""
    node = {**rule("Next", kind, "kate"), **facts}
    return Case(
        about=f"the forecast names {about}",
        rules=[select(), node],
        words=["Selected by Initiator", words],
        kind=FULL if is_supported else PEER,
        reasons=[] if is_supported else [UNSUPPORTED],
        passed=() if is_supported else ("kate",),
    )


RULE_ROWS: list[tuple[str, str, str, bool, dict[str, Any]]] = [
    (
        *("the supervisor", "Direct Supervisor", "target_formula", True),
        {"subType": "reportLineManager", "formula": "ReportLineManager(corp,originator,1)"},
    ),
    ("the department head", "Department head, not supported", "target_management", False, {"level": 1}),
    (
        *("the head of a form's department", "Head of the department in the form, not supported"),
        *("target_formula", False, {"subType": "managerOfDept"}),
    ),
    ("the requester", "The requester, not supported", "target_originator", False, {}),
    ("a role", "Role, not supported", "target_label", False, {}),
    ("a role in levels", "Role in several levels, not supported", "target_managers_labels", False, {}),
    (
        *("a form contact", "Person in the form, not supported", "target_formcomponent_approval"),
        *(False, {}),
    ),
    ("a matrix", "Approval matrix, not supported", "target_matrix_approval", False, {}),
    (
        *("supervisors in a row", "Consecutive supervisors, not supported", "target_connect_approval"),
        *(False, {}),
    ),
]

CASES = [
    Case(about="one choice alone", rules=[select()], words=["Selected by Initiator"], kind=PEER),
    Case(
        about="a choice by its flag alone",
        rules=[{**select(), "activityType": "x"}],
        words=["Selected by Initiator"],
        kind=PEER,
    ),
    Case(
        about="a choice by its type alone",
        rules=[{**select(), "isTargetSelect": False}],
        words=["Selected by Initiator"],
        kind=PEER,
    ),
    Case(
        about="two choices",
        rules=[select(), select("Second")],
        words=["Selected by Initiator"] * 2,
        kind=FULL,
    ),
    Case(about="an empty flow", rules=[], words=[], kind=PEER, reasons=[ReasonKind.NO_APPROVERS]),
    Case(
        about="a choice and somebody who gets a copy",
        rules=[select(), rule("Copy", "target_notifier", "iris", actorType="notifier")],
        words=["Selected by Initiator", "Found by DingTalk; by which rule cannot be told"],
        kind=PEER,
    ),
    Case(
        about="a chosen copy without a key",
        rules=[select(), rule("Copy", "target_select", isTargetSelect=True, actorType="notifier")],
        words=["Selected by Initiator", "Selected by Initiator"],
        kind=PEER,
    ),
    Case(
        about="a required choice without a key",
        rules=[rule("Choice", "target_select", isTargetSelect=True, required=True)],
        words=["Selected by Initiator"],
        kind=NOT,
        reasons=[ReasonKind.CHOICE_CANNOT_BE_FILLED],
    ),
    Case(
        about="a choice without a key that may stay empty",
        rules=[rule("Choice", "target_select", isTargetSelect=True)],
        words=["Selected by Initiator"],
        kind=PEER,
        reasons=[ReasonKind.NO_APPROVERS],
    ),
    Case(
        about="a resolved node beside a choice",
        rules=[select(), rule("Next", "target_approval", "kate")],
        words=["Selected by Initiator", "Found by DingTalk; by which rule cannot be told"],
        kind=FULL,
    ),
    Case(
        about="a resolved node alone",
        rules=[rule("Next", "target_approval", "kate", "iris")],
        words=["Found by DingTalk; by which rule cannot be told"],
        kind=PEER,
        reasons=[NO_CHOICE],
        passed=("kate", "iris"),
    ),
    Case(
        about="the same person as the supervisor",
        rules=[select(), rule("Boss", "target_approval", "chen")],
        words=["Selected by Initiator", "Consistent with Direct Supervisor"],
        kind=FULL,
    ),
    Case(
        about="the supervisor, alone in the flow",
        rules=[rule("Boss", "target_approval", "chen")],
        words=["Consistent with Direct Supervisor"],
        kind=PEER,
        reasons=[NO_CHOICE],
        passed=("chen",),
    ),
    Case(
        about="people who stay for a second requester",
        rules=[select(), rule("Next", "target_approval", "lena")],
        others=[select(), rule("Next", "target_approval", "lena")],
        words=["Selected by Initiator", "Specified Members (proved with two requesters)"],
        kind=FULL,
    ),
    Case(
        about="the supervisor, who stays for a second requester",
        rules=[select(), rule("Next", "target_approval", "chen")],
        others=[select(), rule("Next", "target_approval", "chen")],
        words=["Selected by Initiator", "Specified Members (proved with two requesters)"],
        kind=FULL,
    ),
    Case(
        about="people who follow each supervisor",
        rules=[select(), rule("Boss", "target_approval", "chen")],
        others=[select(), rule("Boss", "target_approval", "kate")],
        words=["Selected by Initiator", "Direct Supervisor (proved with two requesters)"],
        kind=FULL,
    ),
    Case(
        about="people who follow each head of department",
        rules=[select(), rule("Head", "target_approval", "iris")],
        others=[select(), rule("Head", "target_approval", "jack")],
        words=["Selected by Initiator", "Department head, not supported (proved with two requesters)"],
        kind=PEER,
        reasons=[UNSUPPORTED],
        passed=("iris",),
    ),
    Case(
        about="somebody who stays and heads all departments",
        rules=[select(), rule("Next", "target_approval", "owen")],
        others=[select(), rule("Next", "target_approval", "owen")],
        words=["Selected by Initiator", "Found by DingTalk; by which rule cannot be told"],
        kind=FULL,
    ),
    Case(
        about="people who stay where heads of departments are not told",
        rules=[select(), rule("Next", "target_approval", "lena")],
        others=[select(), rule("Next", "target_approval", "lena")],
        mine=Superiors(supervisors=frozenset({"chen"})),
        words=["Selected by Initiator", "Found by DingTalk; by which rule cannot be told"],
        kind=FULL,
    ),
    Case(
        about="people who follow nobody we know",
        rules=[select(), rule("Next", "target_approval", "lena")],
        others=[select(), rule("Next", "target_approval", "mona")],
        words=["Selected by Initiator", "Another rule that depends on the requester, not supported"],
        kind=PEER,
        reasons=[UNSUPPORTED],
        passed=("lena",),
    ),
    Case(
        about="supervisors who head their departments too",
        rules=[select(), rule("Boss", "target_approval", "chen")],
        others=[select(), rule("Boss", "target_approval", "kate")],
        mine=Superiors(supervisors=frozenset({"chen"}), heads=(frozenset({"chen"}),)),
        theirs=Superiors(supervisors=frozenset({"kate"}), heads=(frozenset({"kate"}),)),
        words=["Selected by Initiator", "Consistent with Direct Supervisor"],
        kind=FULL,
    ),
    Case(
        about="supervisors where heads of departments are not told",
        rules=[select(), rule("Boss", "target_approval", "chen")],
        others=[select(), rule("Boss", "target_approval", "kate")],
        mine=Superiors(supervisors=frozenset({"chen"})),
        theirs=Superiors(supervisors=frozenset({"kate"})),
        words=["Selected by Initiator", "Consistent with Direct Supervisor"],
        kind=FULL,
    ),
    Case(
        about="two requesters with the same supervisor",
        rules=[select(), rule("Boss", "target_approval", "chen")],
        others=[select(), rule("Boss", "target_approval", "chen")],
        theirs=BOB,
        words=["Selected by Initiator", "Consistent with Direct Supervisor"],
        kind=FULL,
    ),
    Case(
        about="a requester without a supervisor, proved by another",
        rules=[select(), rule("Boss", "target_approval")],
        others=[select(), rule("Boss", "target_approval", "kate")],
        mine=Superiors(supervisors=frozenset(), heads=(frozenset({"iris"}),)),
        words=["Selected by Initiator", "Direct Supervisor (proved with two requesters)"],
        kind=FULL,
        reasons=[ReasonKind.NOBODY_FOUND],
    ),
    Case(
        about="a directory that tells nothing",
        rules=[select(), rule("Boss", "target_approval", "chen")],
        mine=Superiors(supervisors=None),
        words=["Selected by Initiator", "Found by DingTalk; by which rule cannot be told"],
        kind=FULL,
    ),
    Case(
        about="a node where nobody was found",
        rules=[select(), rule("Boss", "target_approval")],
        words=["Selected by Initiator", "Found by DingTalk; by which rule cannot be told"],
        kind=FULL,
        reasons=[ReasonKind.NOBODY_FOUND],
    ),
    Case(
        about="nobody found, without a choice",
        rules=[rule("Boss", "target_approval")],
        words=["Found by DingTalk; by which rule cannot be told"],
        kind=PEER,
        reasons=[NO_CHOICE, ReasonKind.NOBODY_FOUND],
        passed=("boss",),
    ),
    Case(
        about="a node that agrees by itself",
        rules=[select(), rule("Robot", "target_approval", approvalType="AUTO_AGREE")],
        words=["Selected by Initiator", "Agrees by itself"],
        kind=PEER,
        reasons=[ReasonKind.AGREES_BY_ITSELF],
    ),
    Case(
        about="a node that refuses by itself",
        rules=[select(), rule("Robot", "target_approval", approvalType="AUTO_REFUSE")],
        words=["Selected by Initiator", "Refuses by itself, not supported"],
        kind=NOT,
        reasons=[ReasonKind.REFUSES_BY_ITSELF],
    ),
    Case(
        about="a handler",
        rules=[select(), rule("Desk", "target_approval", "kate", actorType="audit")],
        words=["Selected by Initiator", "Found by DingTalk; by which rule cannot be told"],
        kind=FULL,
    ),
    Case(
        about="a type we have no word for",
        rules=[select(), rule("New", "target_moon_phase", "kate")],
        words=["Selected by Initiator", "Another rule (target_moon_phase), not supported"],
        kind=PEER,
        reasons=[UNSUPPORTED],
        passed=("kate",),
    ),
    Case(
        about="a type we have no word for, proved to be the supervisor",
        rules=[select(), rule("New", "target_report_line", "chen")],
        others=[select(), rule("New", "target_report_line", "kate")],
        words=["Selected by Initiator", "Direct Supervisor (proved with two requesters)"],
        kind=FULL,
    ),
    Case(
        about="a node without a type",
        rules=[select(), rule("Next", "", "kate")],
        words=["Selected by Initiator", "Found by DingTalk; by which rule cannot be told"],
        kind=FULL,
    ),
    Case(
        about="a formula that does not say which",
        rules=[select(), rule("Next", "target_formula", "kate")],
        words=["Selected by Initiator", "Consistent with Formula, not supported"],
        kind=PEER,
        reasons=[UNSUPPORTED],
        passed=("kate",),
    ),
    Case(
        about="a formula that names the supervisor",
        rules=[select(), rule("Next", "target_formula", "chen")],
        words=["Selected by Initiator", "Consistent with Direct Supervisor"],
        kind=FULL,
    ),
    Case(
        about="conditions",
        rules=[select()],
        facts={"isStaticWorkflow": False},
        words=["Selected by Initiator", "Consistent with Conditions, not supported"],
        kind=PEER,
        reasons=[UNSUPPORTED],
        passed=("condition",),
    ),
    Case(
        about="no word about conditions",
        rules=[select()],
        facts={"isStaticWorkflow": None},
        words=["Selected by Initiator"],
        kind=PEER,
    ),
    Case(
        about="branches side by side",
        rules=[select(), rule("A", "target_approval", "kate"), rule("B", "target_approval", "iris")],
        facts={
            "workflowForecastNodes": [
                {"activityId": "Choice", "outId": "A"},
                {"activityId": "Choice", "outId": "B"},
            ]
        },
        words=[
            "Selected by Initiator",
            *["Found by DingTalk; by which rule cannot be told"] * 2,
            "Parallel branches, not supported",
        ],
        kind=PEER,
        reasons=[UNSUPPORTED],
        passed=("kate", "iris"),
    ),
    Case(about="an unsuccessful forecast", rules=[], facts={"isForecastSuccess": False}, words=[], kind=NOT),
    Case(
        about="a forecast that does not say how it went",
        rules=[],
        facts={"isForecastSuccess": None},
        words=[],
        kind=NOT,
    ),
    by_premium(
        "listed members",
        "Specified Members",
        "target_approval",
        is_supported=True,
        approvals=[{"workNo": "kate", "userName": "Kate"}],
    ),
    by_premium("a formula without a kind", "Formula, not supported", "target_formula"),
    by_premium("a rule that is new", "Another rule (target_moon_phase), not supported", "target_moon_phase"),
    *(
        by_premium(about, words, kind, is_supported=is_supported, **facts)
        for about, words, kind, is_supported, facts in RULE_ROWS
    ),
    *(
        named_by_forecast(about, words, kind, is_supported=is_supported, **facts)
        for about, words, kind, is_supported, facts in RULE_ROWS
    ),
    Case(
        about="premium tells of a node with several rules",
        rules=[select(), rule("Next", "target_approval", "kate")],
        words=["Selected by Initiator", "Role, not supported"],
        kind=PEER,
        reasons=[UNSUPPORTED],
        passed=("kate",),
        config=chain(
            designed(
                "Next",
                "",
                properties={"actionerRules": [{"type": "target_approval"}, {"type": "target_label"}]},
            )
        ),
    ),
    Case(
        about="premium tells of a refusal",
        rules=[select(), rule("Next", "target_approval", "kate")],
        words=["Selected by Initiator", "Refuses by itself, not supported"],
        kind=NOT,
        reasons=[ReasonKind.REFUSES_BY_ITSELF],
        config=chain(designed("Next", "target_approval", properties={"approvalType": "AUTO_REFUSE"})),
    ),
    Case(
        about="premium tells of conditions and who stands behind them",
        rules=[select()],
        facts={"isStaticWorkflow": False},
        words=["Selected by Initiator", "Conditions, not supported"],
        kind=PEER,
        reasons=[UNSUPPORTED],
        passed=("k",),
        config=chain(
            designed("Choice", "target_select"),
            {
                "type": "route",
                "nodeId": "r",
                "name": "Route",
                "conditionNodes": [
                    {
                        "type": "condition",
                        "childNode": designed(
                            "Far", "target_approval", approvals=[{"workNo": "k", "userName": "K"}]
                        ),
                    },
                    {"type": "condition"},
                ],
            },
        ),
    ),
    Case(
        about="premium tells of parallel branches",
        rules=[select()],
        words=["Selected by Initiator", "Parallel branches, not supported"],
        kind=PEER,
        reasons=[UNSUPPORTED],
        config=chain({"type": "parallel", "nodeId": "p", "name": "", "branches": []}),
    ),
    Case(
        about="premium tells of nothing that the forecast has",
        rules=[select(), rule("Next", "target_approval", "kate")],
        words=["Selected by Initiator", "Found by DingTalk; by which rule cannot be told"],
        kind=FULL,
        config=chain(designed("Other", "target_label", node_type="notifier")),
    ),
]


def told(case: Case) -> tuple[tuple[Node, ...], FlowVerdict]:
    """Go the whole way from DingTalk's JSON to the verdict."""
    nodes, is_success = nodes_of(case.rules, case)
    config = read_process_config(case.config) if case.config else None
    if config is not None:
        nodes = with_designed_rules(nodes, config)
    nodes = compare(nodes, case.mine)
    if case.others is not None:
        others, _ = nodes_of(case.others, case)
        nodes = prove(nodes, case.mine, others_nodes=others, others=case.theirs)
    return nodes, judge_flow(nodes) if is_success else NO_CONCLUSION


def nodes_of(rules: list[dict[str, Any]], case: Case) -> tuple[tuple[Node, ...], bool]:
    answer = {
        "isForecastSuccess": True,
        "isStaticWorkflow": True,
        "workflowActivityRules": rules,
        **case.facts,
    }
    forecast = read_forecast(answer)
    return our_flow(forecast), forecast.is_success


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (rule("Next", "target_approval", "kate", "iris"), ("Kate", "Iris")),
        (rule("Next", "target_approval"), ("“Next” (Found by DingTalk)",)),
        (
            rule("Next", "target_management", "kate"),
            ("whoever “Next” finds for a requester (Department head), such as Kate",),
        ),
        (rule("Next", "target_management"), ("whoever “Next” finds for a requester (Department head)",)),
    ],
)
def test_who_is_passed_over_is_said_by_name(node: dict[str, Any], words: tuple[str, ...]) -> None:
    nodes = our_flow(read_forecast({"isForecastSuccess": True, "workflowActivityRules": [node]}))
    assert verdict_words(judge_flow(nodes)).bypassed == words


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
def test_a_fresh_forecast_of_the_same_flow_is_judged_by_what_is_known(case: Case) -> None:
    known, verdict = told(case)
    fresh = compare(with_known_rules(nodes_of(case.rules, case)[0], known), case.mine)
    assert {(node.id, node.rule) for node in fresh} == {(node.id, node.rule) for node in known}
    if verdict is not NO_CONCLUSION:
        assert judge_flow(fresh).kind == verdict.kind
        assert judge_flow(fresh).beyond(verdict.consent) == ()


def test_there_are_enough_shapes() -> None:
    assert len(CASES) >= 40
    assert len({case.about for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
def test_a_flow_is_judged_and_worded(case: Case) -> None:
    nodes, verdict = told(case)
    if verdict is NO_CONCLUSION:
        assert "no conclusion" in reasons_words(verdict)[0].sentence
        return
    assert [node_words(node).rule for node in nodes] == case.words
    assert (verdict.kind, [each.kind for each in verdict.reasons]) == (case.kind, case.reasons)
    assert tuple(name.casefold() for name in verdict.bypassed) == case.passed


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
def test_every_reason_says_where_to_click(case: Case) -> None:
    _, verdict = told(case)
    for reason, words in zip(verdict.reasons, reasons_words(verdict), strict=True):
        assert "%(" not in words.sentence + words.clicks
        if reason.kind != ReasonKind.AGREES_BY_ITSELF:
            assert "Publish" in words.clicks


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
def test_a_node_is_the_same_after_being_stored(case: Case) -> None:
    nodes, _ = told(case)
    assert tuple(Node.from_json(each.to_json()) for each in nodes) == nodes


@pytest.mark.parametrize(
    ("actor", "words"),
    [
        ({"approvalMethod": "AND"}, "All must agree"),
        ({"approvalMethod": "OR"}, "Any one decides"),
        ({"approvalMethod": "ONE_BY_ONE"}, "One after the other"),
        ({"approvalMethod": "", "actorActivateType": "ONE_BY_ONE"}, "One after the other"),
        ({"approvalMethod": "", "actorActivateType": "ALL"}, ""),
    ],
)
def test_how_people_decide_is_worded(actor: dict[str, Any], words: str) -> None:
    (node,) = our_flow(
        read_forecast(
            {"isForecastSuccess": True, "workflowActivityRules": [rule("A", "target_approval", "k", **actor)]}
        )
    )
    assert node_words(node).mode == words


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"activateType": "ALL", "agreeAll": True}, "All must agree"),
        ({"activateType": "ALL", "agreeAll": False}, "Any one decides"),
        ({"activateType": "ONE_BY_ONE"}, "One after the other"),
        ({"activateType": ""}, "All must agree"),
    ],
)
def test_the_designed_mode_counts(properties: dict[str, Any], words: str) -> None:
    nodes = our_flow(
        read_forecast(
            {"isForecastSuccess": True, "workflowActivityRules": [rule("A", "target_approval", "k")]}
        )
    )
    config = read_process_config(chain(designed("A", "target_approval", properties=properties)))
    assert config is not None
    assert node_words(with_designed_rules(nodes, config)[0]).mode == words


@pytest.mark.parametrize("config", [{}, None, [], "x", {"type": "start"}, {"childNode": 5}])
def test_a_designed_flow_of_any_shape_is_read_without_a_crash(config: Any) -> None:
    found = read_process_config(config if isinstance(config, dict) else {})
    assert found is None or found.nodes == ()
