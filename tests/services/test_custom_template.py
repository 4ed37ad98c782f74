"""A custom template is taken only when it can carry a request, and nobody is passed over unseen."""

from __future__ import annotations

import pytest

from portal.dingtalk.forms import FormComponent
from portal.extensions import db
from portal.models import ApprovalTemplate
from portal.rules.official_form import FormFieldName
from portal.services.custom_template import Matching
from portal.services.faults import FieldFault, Problem, ProblemReason
from tests.portal_world import World
from tests.services.story import actor_named, approval_of, ask, follow, instances, person_named, set_up


@pytest.fixture
def alice(world: World) -> World:
    world.client("alice")
    world.client("bob")
    return world


def make(world: World, *fields: tuple[str, str, bool], name: str = "Data access") -> str:
    """Let an admin design a template: kind, label, required."""
    with world.app.app_context():
        client = world.services.custom_templates.connection.client()
        return client.forms.save(
            name=name,
            description="",
            components=tuple(
                FormComponent(kind=kind, component_id=f"{kind}-{place}", label=label, required=required)
                for place, (kind, label, required) in enumerate(fields)
            ),
            process_code=None,
        )


def match(world: World, process_code: str) -> Matching:
    with world.app.app_context():
        return world.services.custom_templates.match(person_named("alice"), process_code)


def keep(world: World, process_code: str, *, accepts_bypass: bool = False) -> int:
    with world.app.app_context():
        return world.services.custom_templates.keep(
            actor_named("alice"),
            person_named("alice"),
            process_code=process_code,
            accepts_bypass=accepts_bypass,
        )


def test_without_a_request_number_it_is_not_usable(alice: World) -> None:
    code = make(alice, ("TextareaField", "Reason", True))
    found = match(alice, code)
    assert not found.is_usable
    assert FormFieldName.NUMBER in found.missing
    with pytest.raises(Problem) as missing:
        keep(alice, code)
    assert missing.value.reason == ProblemReason.FIELDS_MISSING


def test_required_fields_that_the_portal_cannot_fill_are_named(alice: World) -> None:
    code = make(
        alice,
        ("TextField", "Request number", True),
        ("NumberField", "Budget", True),
        ("TextField", "Colour", True),
        ("TextField", "Remark", False),
    )
    found = match(alice, code)
    assert not found.is_usable
    assert found.unfillable == ("Budget", "Colour")


def test_a_number_field_of_the_wrong_kind_does_not_count(alice: World) -> None:
    code = make(alice, ("NumberField", "Request number", False), ("TextField", "Reason", False))
    assert FormFieldName.NUMBER in match(alice, code).missing


def test_people_who_would_be_passed_over_are_named_and_need_consent(alice: World) -> None:
    code = make(alice, ("TextField", "申请单号", True), ("TextareaField", "Reason", False))
    nodes = [{"name": "财务", "rule": "specified_members", "people": ["kate", "dora"]}]
    alice.control("PUT", f"/templates/{code}/flow", {"nodes": nodes})

    assert match(alice, code).bypassed == ("Kate Xu 徐凯", "Dora Wu 吴朵")
    with pytest.raises(Problem) as needed:
        keep(alice, code)
    assert needed.value.reason == ProblemReason.BYPASS_NEEDS_CONSENT
    assert needed.value.facts == {"people": "Kate Xu 徐凯, Dora Wu 吴朵"}
    assert alice.look(lambda: db.session.query(ApprovalTemplate).count()) == 0

    template_id = keep(alice, code, accepts_bypass=True)
    with alice.app.app_context():
        row = db.session.get_one(ApprovalTemplate, template_id)
        assert row.bypass_acknowledged_by_id == person_named("alice").id


def test_a_request_through_a_custom_template_fills_only_the_fields_it_has(alice: World) -> None:
    set_up(alice)
    code = make(alice, ("TextField", "Request number", True), ("TextareaField", "Reason", True))
    template_id = keep(alice, code)
    with alice.app.app_context():
        settings = alice.services.approval_settings
        settings.associate(actor_named("alice"), template_id=template_id, version=settings.current().version)
    number = ask(alice)
    follow(alice, number, "pending")
    (instance,) = instances(alice)
    assert instance["process_code"] == code
    assert set(instance["values"]) == {"Request number", "Reason"}
    assert alice.look(lambda: approval_of(number).template_id) == template_id


def test_the_same_template_chosen_again_is_the_same_row(alice: World) -> None:
    code = make(alice, ("TextField", "Request number", True))
    assert keep(alice, code) == keep(alice, code)


def test_a_disabled_template_is_not_usable(alice: World) -> None:
    code = make(alice, ("TextField", "Request number", True))
    keep(alice, code)
    alice.control("PATCH", f"/templates/{code}", {"status": "SAVED"})
    with pytest.raises(Exception) as refused:
        keep(alice, code)
    assert type(refused.value).__name__ in ("Problem", "ChannelError")


def test_no_template_chosen_is_a_fault_of_the_field(alice: World) -> None:
    with pytest.raises(FieldFault):
        keep(alice, "")


def test_only_templates_that_the_admin_manages_are_offered(alice: World) -> None:
    code = make(alice, ("TextField", "Request number", True))
    with alice.app.app_context():
        custom = alice.services.custom_templates
        assert [each.process_code for each in custom.choices(person_named("alice"))] == [code]
        assert custom.choices(person_named("bob")) == ()
