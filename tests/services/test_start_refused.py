"""A start that DingTalk refuses ends with its reason; one that only has to wait waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from portal.channels.failures import Failure, Retry
from portal.database import transaction
from portal.models import Approval, ApprovalTemplate, DingTalkApp
from portal.sandbox.server import RunningSandbox
from portal.services.dingtalk_app import BindingForm
from portal.web.words.failures import failure_words
from tests.portal_world import AGENT_ID, APP_KEY, CORP_ID, World, sandbox_config
from tests.services.story import (
    actor_named,
    approval_of,
    ask,
    calls,
    failure_of,
    fault,
    follow,
    instances,
    set_up,
    state_of,
    try_again,
)

START = "startProcessInstance"


def hide_the_template(world: World) -> None:
    world.control("PATCH", f"/templates/{process_code(world)}", {"visible_to": ["alice"]})


def disable_the_template(world: World) -> None:
    world.control("PATCH", f"/templates/{process_code(world)}", {"status": "INVALID"})


def forget_the_template(world: World) -> None:
    with world.app.app_context(), transaction() as session:
        session.execute(update(ApprovalTemplate).values(process_code="PROC-GONE"))


def rename_a_field(world: World) -> None:
    with world.app.app_context(), transaction() as session:
        for approval in session.query(Approval):
            values = dict(approval.submitted_values or {})
            values["Cause"] = values.pop("Reason")
            approval.submitted_values = values


def narrow_the_choice(world: World) -> None:
    design(world, {"name": "审批人", "rule": "selected_by_initiator", "range": ["kate"]})


def ask_for_a_notified_person(world: World) -> None:
    design(
        world,
        {"name": "审批人", "rule": "selected_by_initiator"},
        {"name": "抄送人", "rule": "selected_by_initiator", "actor": "notifier"},
    )


def put_people_into_the_flow(world: World) -> None:
    design(world, {"name": "财务", "rule": "specified_members", "people": ["kate"]})


def unbind(world: World) -> None:
    with world.app.app_context(), transaction() as session:
        session.execute(delete(DingTalkApp))


def mistype_the_secret(world: World) -> None:
    bind(world, app_secret="another-app-secret-000")


def mistype_the_agent(world: World) -> None:
    bind(world, agent_id="1")


REFUSALS = [
    (hide_the_template, "not_visible"),
    (disable_the_template, "template_disabled"),
    (forget_the_template, "template_gone"),
    (rename_a_field, "form_values_refused"),
    (narrow_the_choice, "not_a_candidate"),
    (ask_for_a_notified_person, "approver_missing"),
    (put_people_into_the_flow, "bypass_not_acknowledged"),
    (unbind, "not_bound"),
    (mistype_the_secret, "credentials_wrong"),
    (mistype_the_agent, "agent_id_wrong"),
]


@pytest.mark.parametrize(("spoil", "kind"), REFUSALS, ids=[kind for _, kind in REFUSALS])
def test_a_definite_refusal_is_final_and_keeps_its_class(
    world: World, spoil: Callable[[World], None], kind: str
) -> None:
    set_up(world)
    number = ask(world)
    spoil(world)

    world.work()

    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == ("could_not_start", kind)
        assert approval_of(number).request.state == "could_not_start"
        assert approval_of(number).due_at is None
    assert instances(world) == []


# DingTalk: create-an-approval-instance, its table of errors; the rest of it is unclear (test_start_exactly_once).
DOCUMENTED_REFUSALS = [
    ("400 MissingoriginatorUserId", "parameters_refused"),
    ("400 Missingname", "parameters_refused"),
    ("400 invalidParameter", "parameters_refused"),
    ("400 processInstanceInvalidParameter", "department_wrong"),
    ("400 targetSelectApproverMissing", "approver_missing"),
    ("400 targetSelectApproverScopeError", "approver_out_of_range"),
    ("400 formConverterError", "form_values_refused"),
    ("400 illegalComponent", "form_values_refused"),
    ("400 processCodeError", "template_gone"),
    ("400 processGetFailed", "template_disabled"),
    ("400 processSetupNoPermission", "template_not_manageable"),
    ("400 needAuth", "not_visible"),
    ("400 invalidAgentId", "agent_id_wrong"),
    ("400 benefitStatusInvalid", "premium_needed"),
    ("400 processCode.in.blackList", "blacklisted"),
    ("400 isvOrgId.in.blackList", "blacklisted"),
    ("400 isvAppId.in.blackList", "blacklisted"),
    ("403 Forbidden.AccessDenied.AccessTokenPermissionDenied", "permission_missing"),
    ("403 Forbidden.AccessDenied.IpNotInWhiteList", "ip_not_allowed"),
]
# DingTalk: call-frequency-limit. What it names no time for is asked again after a pause that grows.
DOCUMENTED_THROTTLES = [
    ("403 Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", 1),
    ("403 Forbidden.AccessDenied.QpmLimitForAppkeyAndApi", 60),
    ("403 Forbidden.AccessDenied.QpsLimitForApi", 2),
    ("429 system.busy", 2),
    ("429 systemBusy", 2),
    ("400 qps.exceed.limit", 2),
    ("400 autoflowLikeTriggerRateLimited", 2),
    ("400 oaplus.query.limit", 2),
]


def ask_under_codes(world: World, parts: list[str]) -> list[str]:
    """Ask once for each of these answers, let all be started, and return the numbers."""
    numbers = [ask(world) for _ in parts]
    for part in parts:
        fault(world, "code_before", part=part)
    world.work()
    return numbers


def test_every_documented_refusal_is_final_at_once_with_a_remedy_of_its_own(world: World) -> None:
    set_up(world)
    numbers = ask_under_codes(world, [part for part, _ in DOCUMENTED_REFUSALS])
    assert calls(world, START) == len(numbers)
    with world.app.app_context(), world.app.test_request_context():
        unexpected = failure_words(Failure(kind="unexpected", retry=Retry.PERMANENT)).remedy
        for number, (part, kind) in zip(numbers, DOCUMENTED_REFUSALS, strict=True):
            failure = failure_of(number)
            told = (state_of(number), failure["kind"], f"{failure['http_status']} {failure['code']}")
            assert told == ("could_not_start", kind, part)
            assert approval_of(number).due_at is None
            assert failure_words(Failure.from_json(failure)).remedy not in ("", unexpected)
    assert instances(world) == []


def test_every_documented_throttle_waits_as_long_as_documented_under_the_same_reference(world: World) -> None:
    set_up(world)
    began_at = world.clock.now()
    numbers = ask_under_codes(world, [part for part, _ in DOCUMENTED_THROTTLES])
    with world.app.app_context():
        done_at = world.clock.now()
        for number, (part, seconds) in zip(numbers, DOCUMENTED_THROTTLES, strict=True):
            approval, wait = approval_of(number), timedelta(seconds=seconds)
            assert (approval.state, failure_of(number)["kind"], approval.attempt) == (
                "submitted",
                "throttled",
                0,
            ), part
            assert began_at + wait <= approval.due_at <= done_at + wait, part
    for number in numbers:
        follow(world, number, "pending")
    assert len(instances(world)) == len(numbers)


def test_a_missing_permission_names_the_scope_and_can_be_tried_again(world: World) -> None:
    set_up(world)
    number = ask(world)
    world.control("PUT", "/permissions", {"Workflow.Instance.Write": False})

    world.work()
    with world.app.app_context():
        failure = failure_of(number)
        assert (state_of(number), failure["kind"]) == ("could_not_start", "permission_missing")
        assert failure["required_scopes"] == ["Workflow.Instance.Write"]
        assert failure["http_status"] == 403

    world.control("PUT", "/permissions", {"Workflow.Instance.Write": True})
    try_again(world, number)
    follow(world, number, "pending")


def test_a_used_up_quota_is_asked_again_after_an_hour(world: World) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "quota_exhausted")

    world.work()
    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == ("submitted", "quota_exhausted")
        assert approval_of(number).due_at - world.clock.now() > timedelta(minutes=59)
    follow(world, number, "pending")
    assert len(instances(world)) == 1


def test_a_dingtalk_that_cannot_be_reached_is_tried_until_it_answers(tmp_path: Path) -> None:
    world = World(tmp_path)
    set_up(world)
    number = ask(world)
    port = int(world.sandbox.url.rpartition(":")[2])
    world.sandbox.stop()

    for _ in range(3):
        world.work()
        with world.app.app_context():
            assert (state_of(number), failure_of(number)["kind"]) == ("submitted", "unreachable")
        world.let_pass(minutes=6)

    world.sandbox = RunningSandbox(sandbox_config(tmp_path), host="127.0.0.1", port=port)
    world.sandbox.start()
    follow(world, number, "pending")
    assert len(instances(world)) == 1
    world.close()


@pytest.mark.parametrize("minutes", [0, 11])
@pytest.mark.parametrize(("who", "kind"), [("chen", "approver_left"), ("bob", "requester_left")])
def test_somebody_who_left_between_submitting_and_the_start_is_named(
    world: World, who: str, kind: str, minutes: int
) -> None:
    set_up(world)
    number = ask(world)
    world.control("PATCH", f"/people/{who}", {"active": False})
    world.let_pass(minutes=minutes)

    world.work()

    with world.app.app_context():
        failure = failure_of(number)
        assert (state_of(number), failure["kind"]) == ("could_not_start", kind)
        assert failure["facts"] == ({"name": "Chen Wei 陈伟"} if who == "chen" else {})
    assert instances(world) == []


def test_a_changed_secret_key_waits_for_the_right_one(world: World, tmp_path: Path) -> None:
    set_up(world)
    number = ask(world)
    with world.app.app_context(), transaction() as session:
        app = session.get_one(DingTalkApp, 1)
        sealed, app.app_secret_sealed = app.app_secret_sealed, app.callback_token_sealed

    world.work()
    with world.app.app_context():
        assert (state_of(number), failure_of(number)["kind"]) == ("submitted", "secrets_unreadable")

    with world.app.app_context(), transaction() as session:
        session.get_one(DingTalkApp, 1).app_secret_sealed = sealed
    follow(world, number, "pending")
    assert calls(world, START) == 1


def process_code(world: World) -> str:
    return str(world.control("GET", "/templates")["templates"][0]["process_code"])


def design(world: World, *nodes: dict[str, object]) -> None:
    world.control("PUT", f"/templates/{process_code(world)}/flow", {"nodes": list(nodes)})


def bind(world: World, **changes: str) -> None:
    with world.app.app_context():
        apps = world.services.dingtalk_apps
        form = {
            "corp_id": CORP_ID,
            "app_key": APP_KEY,
            "agent_id": str(AGENT_ID),
            "app_secret": "",
            "callback_token": "",
            "callback_aes_key": "",
            **changes,
        }
        apps.save(actor_named("alice"), BindingForm(version=apps.view().version, **form))


def test_a_time_out_after_commit_is_outcome_unknown(world: World) -> None:
    set_up(world)
    number = ask(world)
    fault(world, "time_out_after_commit", seconds=12)

    world.work()
    with world.app.app_context():
        assert state_of(number) == "start_unknown"
        assert failure_of(number)["kind"] == "no_answer"
    follow(world, number, "pending")
    assert len(instances(world)) == 1
