"""Test: a real instance that proves the whole loop, takes itself back and is never a request."""

from __future__ import annotations

import pytest

from portal.extensions import db
from portal.models import AccessRequest, Approval, CallbackEvent, Trial
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.requests.request_search import Wanted
from portal.services.trials import EVENT_EXPECTED_WITHIN
from tests.portal_world import World
from tests.services.story import actor_named, calls, fault, instances, person_named, set_up


@pytest.fixture
def ready(world: World) -> World:
    set_up(world)
    return world


def start(world: World, *, approver: str = "chen") -> int:
    with world.app.app_context():
        return world.services.trials.start(
            actor_named("alice"), person_named("alice"), approver_user_id=approver
        )


def trial(trial_id: int) -> Trial:
    return db.session.get_one(Trial, trial_id)


def test_it_obtains_a_token_starts_and_hears_of_its_start_and_takes_itself_back(ready: World) -> None:
    ready.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    trial_id = start(ready)
    ready.work_until(lambda: trial(trial_id).start_event_at is not None)
    with ready.app.app_context():
        assert trial(trial_id).token_obtained_at is not None
        assert trial(trial_id).approval.state == "pending"
        assert ready.services.trials.is_running(trial(trial_id))
        assert ready.services.trials.has_proved_the_loop(trial(trial_id).approval.template_id)
    assert calls(ready, "terminateProcessInstance") == 0

    ready.let_pass(seconds=17)
    ready.work_until(lambda: trial(trial_id).approval.state == "withdrawn")
    with ready.app.app_context():
        assert not ready.services.trials.is_running(trial(trial_id))
    assert [each["status"] for each in instances(ready)] == ["TERMINATED"]


def test_it_says_that_no_access_is_granted_and_never_appears_among_requests(ready: World) -> None:
    trial_id = start(ready)
    ready.work_until(lambda: trial(trial_id).approval.state == "pending")
    (instance,) = instances(ready)
    assert "TEST, no access is granted" in instance["values"].values()
    assert any(value.startswith("TEST-") for value in instance["values"].values())
    with ready.app.app_context():
        assert not ready.services.request_search.find(person_named("alice"), Wanted()).requests
        assert db.session.query(AccessRequest).count() == 0
        number = trial(trial_id).number
        with pytest.raises(NotThere):
            ready.services.access_requests.view(person_named("alice"), number)


def test_a_start_event_that_does_not_come_is_overdue_after_a_while(ready: World) -> None:
    fault(ready, "lost_event", "*", count=9)
    trial_id = start(ready)
    ready.work_until(lambda: trial(trial_id).approval.state == "pending")
    with ready.app.app_context():
        assert not ready.services.trials.is_event_overdue(trial(trial_id))
        ready.let_pass(seconds=EVENT_EXPECTED_WITHIN.total_seconds())
        assert ready.services.trials.is_event_overdue(trial(trial_id))
        assert ready.look(lambda: db.session.query(CallbackEvent).count()) == 0
        assert ready.services.callback_diagnosis.health(since=trial(trial_id).started_at).finding in (
            "nothing_arrived",
            "start_not_subscribed",
        )


@pytest.mark.parametrize(
    ("spoiled", "finding"),
    [({"token": "another1"}, "token_differs"), ({"aes_key": "z" * 43}, "aes_key_differs")],
)
def test_events_sealed_otherwise_are_diagnosed(ready: World, spoiled: dict[str, str], finding: str) -> None:
    ready.subscribe(**spoiled)
    trial_id = start(ready)
    ready.work_until(lambda: trial(trial_id).approval.state == "pending")
    ready.work_until(
        lambda: ready.services.callback_diagnosis.health(since=trial(trial_id).started_at).finding == finding
    )


def test_a_refused_withdrawal_is_said_and_leaves_the_link(ready: World) -> None:
    ready.control("PUT", "/settings", {"withdraw_wait_seconds": 0})
    code = ready.control("GET", "/templates")["templates"][0]["process_code"]
    ready.control("PATCH", f"/templates/{code}", {"requester_may_withdraw": False})
    trial_id = start(ready)
    ready.work_until(lambda: trial(trial_id).approval.state == "pending")
    ready.let_pass(seconds=17)
    ready.work_until(lambda: trial(trial_id).approval.failure is not None)
    with ready.app.app_context():
        approval = trial(trial_id).approval
        assert (approval.state, approval.failure["kind"]) == ("pending", "withdrawal_refused")
        assert approval.instance_id in approval.instance_url
        assert not ready.services.trials.is_running(trial(trial_id))


@pytest.mark.parametrize("action", ["agree", "refuse"])
def test_a_decision_about_a_test_is_only_a_state(ready: World, action: str) -> None:
    trial_id = start(ready)
    ready.work_until(lambda: trial(trial_id).approval.state == "pending")
    ready.act(ready.look(lambda: trial(trial_id).approval.instance_id), "chen", action)
    ready.work_until(lambda: trial(trial_id).approval.state in ("approved", "rejected"))
    assert ready.look(lambda: trial(trial_id).approval.request_id) is None


def test_wrong_credentials_fail_before_anything_is_started(ready: World) -> None:
    fault(ready, "permission_missing", "forecast")
    trial_id = start(ready)
    ready.work()
    with ready.app.app_context():
        assert trial(trial_id).token_obtained_at is not None
        assert trial(trial_id).approval.state == "could_not_start"
        assert trial(trial_id).approval.failure["operation"] == "forecast"
        assert not ready.services.trials.is_running(trial(trial_id))
    assert instances(ready) == []


def test_the_approver_must_be_another_active_member(ready: World) -> None:
    for approver in ("alice", "frank", "nobody"):
        with pytest.raises(FieldFault):
            start(ready, approver=approver)
    assert ready.look(lambda: db.session.query(Approval).count()) == 0


def test_without_a_template_there_is_no_test(world: World) -> None:
    world.client("alice")
    with pytest.raises(Problem) as none:
        start(world)
    assert none.value.reason == ProblemReason.NO_TEMPLATE


def test_a_local_admin_cannot_start_an_approval(ready: World) -> None:
    with ready.app.app_context():
        admin = ready.services.sign_ins.add_local_admin("root", "a long password", actor=actor_named("alice"))
        with pytest.raises(Problem) as nobody:
            ready.services.trials.start(actor_named("alice"), admin, approver_user_id="chen")
        assert nobody.value.reason == ProblemReason.NOT_A_DINGTALK_PERSON
