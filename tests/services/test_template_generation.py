"""One-click Generation makes one template, finds it again, and leaves those of others alone."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest

from portal.channels.failures import ChannelError
from portal.database import transaction
from portal.dingtalk.forms import FormComponent
from portal.extensions import db
from portal.models import ApprovalSettings, ApprovalTemplate
from portal.services.approval_settings import stored_settings
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.templates.template_generation import CLAIM_LASTS
from tests.portal_world import World
from tests.services.story import actor_named, audited, calls, fault, person_named

NAME = "Quick BI Permission Request"


@pytest.fixture
def alice(world: World) -> World:
    world.client("alice")
    return world


def generate(world: World, **how: object) -> ApprovalTemplate:
    with world.app.app_context():
        actor, person = actor_named("alice"), person_named("alice")
        template_id = world.services.template_generation.generate(actor, person, **how)
        return db.session.get_one(ApprovalTemplate, template_id)


def templates(world: World) -> list[dict[str, object]]:
    return list(world.control("GET", "/templates")["templates"])


@pytest.mark.parametrize("default_flow", ["self_select", "empty"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_is_made_once_and_found_again(alice: World, default_flow: str, language: str) -> None:
    alice.control("PUT", "/settings", {"default_flow": default_flow})
    first = generate(alice, language=language)
    again = generate(alice, language=language)

    assert (first.id, first.process_code, first.mode) == (again.id, again.process_code, "peer_to_peer")
    assert len(templates(alice)) == 1
    assert calls(alice, "saveForm") == 1
    with alice.app.app_context():
        assert len(audited("approval_template.generated")) == 1
        assert len(audited("approval_template.verified")) == 1


def test_it_is_found_again_under_another_name(alice: World) -> None:
    first = generate(alice)
    with alice.app.app_context():
        alice.services.template_generation.templates.save_official(
            name="数据权限申请", description="", language="en", process_code=first.process_code
        )
    again = generate(alice)
    assert (again.process_code, again.name) == (first.process_code, "数据权限申请")
    assert len(templates(alice)) == 1


def test_it_is_found_again_by_a_portal_that_has_forgotten_it(alice: World) -> None:
    first = generate(alice)
    with alice.app.app_context(), transaction() as session:
        session.delete(session.get_one(ApprovalTemplate, first.id))
    assert generate(alice).process_code == first.process_code
    assert len(templates(alice)) == 1


def test_of_two_admins_at_once_one_makes_it_and_the_other_is_told(alice: World) -> None:
    alice.control("PUT", "/settings", {"answer_delay_milliseconds": 100})
    together, verdicts = threading.Barrier(2), []

    def press() -> None:
        together.wait(30)
        try:
            generate(alice)
            verdicts.append("made")
        except Problem as problem:
            verdicts.append(f"{problem.reason}: {problem.facts['name']}")

    admins = [threading.Thread(target=press) for _ in range(2)]
    for admin in admins:
        admin.start()
    for admin in admins:
        admin.join(20)
    assert sorted(verdicts) == ["generation_running: Alice Zhang 张爱丽", "made"]
    assert len(templates(alice)) == 1


def claim(world: World) -> datetime:
    """Leave a claim as a generation does that is still running, or was killed."""
    with world.app.app_context(), transaction() as session:
        settings = stored_settings(session, world.clock)
        settings.generation_claimed_until = world.clock.now() + CLAIM_LASTS
        settings.generation_claimed_by = "Henry"
        return settings.generation_claimed_until


def test_a_claim_left_behind_by_a_crash_runs_out(alice: World) -> None:
    claim(alice)
    with pytest.raises(Problem) as running:
        generate(alice)
    assert running.value.reason == ProblemReason.GENERATION_RUNNING

    alice.let_pass(seconds=CLAIM_LASTS.total_seconds())
    generate(alice)


def test_a_slow_generation_does_not_end_the_claim_of_the_next_admin(alice: World) -> None:
    with alice.app.app_context():
        with alice.services.template_generation._claimed(actor_named("alice")):
            alice.let_pass(seconds=CLAIM_LASTS.total_seconds() + 1)
            of_the_next = claim(alice)
        assert db.session.get_one(ApprovalSettings, 1).generation_claimed_until == of_the_next


def test_a_name_owned_by_somebody_else_is_left_untouched(alice: World) -> None:
    foreign = make_foreign(alice, NAME)
    before = templates(alice)
    with pytest.raises(Problem) as taken:
        generate(alice)
    assert (taken.value.reason, taken.value.facts) == (ProblemReason.NAME_TAKEN, {"name": NAME})
    assert templates(alice) == before

    assert generate(alice, name="Quick BI Approval").process_code != foreign
    assert len(templates(alice)) == 2


@pytest.mark.parametrize("name", ["reset_after_commit", "http_500_after_commit"])
def test_a_lost_answer_is_shown_and_the_template_found_when_pressed_again(alice: World, name: str) -> None:
    fault(alice, name, "saveForm")
    with pytest.raises(ChannelError) as lost:
        generate(alice)
    assert lost.value.failure.operation == "createOaApprovalTemplate"

    generate(alice)
    assert len(templates(alice)) == 1
    assert calls(alice, "saveForm") == 1


def test_a_forecast_without_permission_is_shown_and_the_next_press_uses_the_template(alice: World) -> None:
    alice.control("PUT", "/permissions", {"Workflow.Instance.Write": False})
    with pytest.raises(ChannelError) as refused:
        generate(alice)
    assert refused.value.failure.kind == "permission_missing"
    assert refused.value.failure.operation == "forecast"

    alice.control("PUT", "/permissions", {"Workflow.Instance.Write": True})
    generate(alice)
    assert len(templates(alice)) == 1


@pytest.mark.parametrize("permission", ["Workflow.Form.Write", "Workflow.Form.Read"])
def test_a_missing_template_permission_is_named(alice: World, permission: str) -> None:
    alice.control("PUT", "/permissions", {permission: False})
    with pytest.raises(ChannelError) as refused:
        generate(alice)
    assert refused.value.failure.required_scopes == (permission,)


def test_an_older_form_of_ours_is_only_brought_up_to_date_with_consent(alice: World) -> None:
    first = generate(alice, language="en")
    with pytest.raises(Problem) as differs:
        generate(alice, language="zh")
    assert differs.value.reason == ProblemReason.FORM_DIFFERS
    assert "Request number" in templates(alice)[0]["labels"]

    updated = generate(alice, language="zh", may_update=True)
    assert updated.process_code == first.process_code
    assert "申请单号" in templates(alice)[0]["labels"]
    assert updated.field_mapping["number"] == "申请单号"


def test_a_template_gone_from_dingtalk_is_made_anew(alice: World) -> None:
    first = generate(alice)
    alice.control("POST", "/reset", {"keep_subscription": True})
    again = generate(alice)
    assert again.process_code != first.process_code
    assert len(templates(alice)) == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 65])
def test_a_name_that_dingtalk_would_not_take_is_a_fault_of_the_field(alice: World, name: str) -> None:
    with pytest.raises(FieldFault):
        generate(alice, name=name)
    assert templates(alice) == []


def make_foreign(world: World, name: str) -> str:
    """Let somebody else make a template of this name."""

    with world.app.app_context():
        client = world.services.template_generation.connection.client()
        return client.forms.save(
            name=name,
            description="",
            components=(
                FormComponent(kind="TextField", component_id="TextField-1", label="Reason", required=True),
            ),
            process_code=None,
        )
