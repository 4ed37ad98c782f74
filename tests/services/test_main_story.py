"""From submitting to the outcome, through the services and over real HTTP."""

from __future__ import annotations

import pytest

from portal.extensions import db
from portal.models import AuditEntry, CallbackEvent
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.story import approval_of, ask, set_up, state_of

pytestmark = on_both_engines


@pytest.mark.parametrize("default_flow", ["self_select", "empty"])
@pytest.mark.parametrize(("action", "outcome"), [("agree", "approved"), ("refuse", "rejected")])
def test_a_request_gets_the_outcome_that_the_approver_chose_in_dingtalk(
    world: World, default_flow: str, action: str, outcome: str
) -> None:
    world.control("PUT", "/settings", {"default_flow": default_flow})
    set_up(world)
    number = ask(world)
    world.work_until(lambda: state_of(number) == "pending")
    instance_id = world.look(lambda: approval_of(number).instance_id)

    world.act(instance_id, "chen", action, "seen")
    world.work_until(lambda: state_of(number) == outcome)

    with world.app.app_context():
        approval = approval_of(number)
        assert approval.request.state == outcome
        assert [(record.kind, record.person_name, record.remark) for record in approval.records][-1][1:] == (
            "Chen Wei 陈伟",
            "seen",
        )
        assert db.session.query(CallbackEvent).filter_by(approval_id=approval.id).count() >= 2
        actions = {entry.action for entry in db.session.query(AuditEntry)}
        assert {"request.submitted", "instance.started", "approval.outcome"} <= actions
    assert len(world.control("GET", "/instances")["instances"]) == 1


@pytest.mark.parametrize(
    "reason", ["<script>alert(1)</script>", "%(name)s {0} \\", "𝕊 👍🏽 ‮", "a\r\nb\rc\nd", "nul \x00 inside"]
)
def test_a_reason_of_any_characters_arrives_as_it_is(world: World, reason: str) -> None:
    set_up(world)
    number = ask(world, reason=reason)
    world.work_until(lambda: state_of(number) == "pending")
    (instance,) = world.control("GET", "/instances")["instances"]
    assert instance["values"]["Reason"] == reason.replace("\x00", "")
