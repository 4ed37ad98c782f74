"""A custom template is taken only when it can carry a request, and nobody is passed over unseen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from portal.database import transaction
from portal.dingtalk.forms import FormComponent
from portal.extensions import db
from portal.models import ApprovalTemplate, Trial
from portal.rules.field_mapping import FieldMapping, MappingFaultReason
from portal.rules.official_form import FormFieldName
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.templates.kept_mapping import options_to_choose
from portal.services.templates.template_matching import Matching
from tests.portal_world import World
from tests.services.story import (
    actor_named,
    approval_of,
    ask,
    calls,
    fault,
    follow,
    instances,
    person_named,
    set_up,
)

LEVELS = {
    "view": "Read only",
    "export": "Export",
    "edit": "Edit",
    "use": "Use",
    "submit": "Fill in",
    "manage_own": "Manage own data",
    "manage": "Manage all data",
    "unmask": "Unmask",
}
OPTIONS = tuple(LEVELS.values())


@pytest.fixture
def alice(world: World) -> World:
    world.client("alice")
    world.client("bob")
    return world


def make(
    world: World,
    *fields: tuple[str, str, bool],
    name: str = "Data access",
    options: tuple[str, ...] = OPTIONS,
) -> str:
    """Let an admin design a template: kind, label, required; fields of choice get ``options``."""
    with world.app.app_context():
        client = world.services.custom_templates.connection.client()
        return client.forms.save(
            name=name,
            description="",
            components=tuple(
                FormComponent(
                    kind=kind,
                    component_id=f"{kind}-{place}",
                    label=label,
                    required=required,
                    options=options if "Select" in kind else (),
                )
                for place, (kind, label, required) in enumerate(fields)
            ),
            process_code=None,
        )


def match(world: World, process_code: str) -> Matching:
    with world.app.app_context():
        return world.services.custom_templates.match(person_named("alice"), process_code)


def keep(world: World, process_code: str, *, accepts: Sequence[str] = (), **chosen: Any) -> int:
    with world.app.app_context():
        return world.services.custom_templates.keep(
            actor_named("alice"),
            person_named("alice"),
            process_code=process_code,
            accepts=accepts,
            **chosen,
        )


def associate(world: World, template_id: int) -> None:
    with world.app.app_context():
        settings = world.services.approval_settings
        settings.associate(actor_named("alice"), template_id=template_id, version=settings.current().version)


def test_without_a_request_number_it_is_not_usable(alice: World) -> None:
    code = make(alice, ("TextareaField", "Reason", True))
    found = match(alice, code)
    assert not found.is_usable
    assert [each.reason for each in found.faults] == [MappingFaultReason.NUMBER_NOT_SENT]
    with pytest.raises(Problem) as missing:
        keep(alice, code)
    assert missing.value.reason == ProblemReason.FIELDS_MISSING


def test_required_fields_that_the_portal_cannot_fill_are_named(alice: World) -> None:
    code = make(
        alice,
        ("TextField", "Request number", True),
        ("MoneyField", "Budget", True),
        ("TextField", "Colour", True),
        ("TextField", "Remark", False),
    )
    found = match(alice, code)
    assert not found.is_usable
    assert [each.label for each in found.unfilled] == ["Budget", "Colour"]
    assert not found.can_be_mended_here


def test_a_number_field_of_the_wrong_kind_does_not_count(alice: World) -> None:
    code = make(alice, ("NumberField", "Request number", False), ("TextField", "Reason", False))
    assert FormFieldName.NUMBER not in match(alice, code).mapping.fields


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

    with pytest.raises(Problem):
        keep(alice, code, accepts=("Kate Xu 徐凯",))  # the flow may have got somebody more since it was shown
    template_id = keep(alice, code, accepts=("Kate Xu 徐凯", "Dora Wu 吴朵"))
    with alice.app.app_context():
        row = db.session.get_one(ApprovalTemplate, template_id)
        assert row.bypass_acknowledged_by_id == person_named("alice").id


def test_a_request_through_a_custom_template_fills_only_the_fields_it_has(alice: World) -> None:
    set_up(alice)
    code = make(alice, ("TextField", "Request number", True), ("TextareaField", "Reason", True))
    template_id = keep(alice, code)
    associate(alice, template_id)
    number = ask(alice)
    follow(alice, number, "pending")
    (instance,) = instances(alice)
    assert instance["process_code"] == code
    assert set(instance["values"]) == {"Request number", "Reason"}
    assert alice.look(lambda: approval_of(number).template_id) == template_id


MANY_KINDS = (
    ("TextField", "Ticket", True),
    ("TextField", "What", True),
    ("DDSelectField", "Level", True),
    ("DDDateField", "Until", False),
    ("NumberField", "Days", False),
    ("DDMultiSelectField", "Levels", False),
    ("TextareaField", "申请原因", True),
)


def chosen(**fields: str) -> FieldMapping:
    return FieldMapping(fields={FormFieldName(name): label for name, label in fields.items()})


def test_values_arrive_in_the_shapes_of_the_template(alice: World) -> None:
    set_up(alice)
    code = make(alice, *MANY_KINDS)
    mapping = chosen(number="Ticket", items="What", level="Level", validity="Until", reason="申请原因")
    associate(alice, keep(alice, code, mapping=mapping))
    number = ask(alice, entitlement="export", days=7, reason="Two\nlines")
    follow(alice, number, "pending")
    (instance,) = instances(alice)
    until = (alice.clock.now() + timedelta(days=7)).date().isoformat()
    assert {label: value for label, value in instance["values"].items() if label != "What"} == {
        "Ticket": number,
        "Level": "Export",
        "Until": until,
        "申请原因": "Two\nlines",
    }
    assert "\n" not in instance["values"]["What"]
    row = alice.look(lambda: approval_of(number).template)
    assert row.option_mapping == {"level": LEVELS}
    assert [each["label"] for each in row.fields] == [label for _, label, _ in MANY_KINDS]


def test_days_are_a_number_and_a_choice_of_many_is_a_list(alice: World) -> None:
    set_up(alice)
    code = make(alice, ("TextField", "Ticket", True), *MANY_KINDS[4:6])
    mapping = chosen(number="Ticket", level="Levels", validity="Days")
    associate(alice, keep(alice, code, mapping=mapping))
    until = (alice.clock.now() + timedelta(days=10)).date()
    number = ask(alice, days=None, until=until)
    follow(alice, number, "pending")
    (instance,) = instances(alice)
    assert instance["values"] == {"Ticket": number, "Levels": '["Read only"]', "Days": "10"}


def test_a_lost_answer_is_found_again_by_values_of_every_shape(alice: World) -> None:
    set_up(alice)
    code = make(alice, *MANY_KINDS)
    mapping = chosen(number="Ticket", items="What", level="Level", validity="Days", reason="申请原因")
    associate(alice, keep(alice, code, mapping=mapping))
    fault(alice, "http_500_after_commit")
    number = ask(alice)
    follow(alice, number, "pending")
    (instance,) = instances(alice)
    assert alice.look(lambda: approval_of(number).instance_id) == instance["instance_id"]


def test_a_test_gets_through_a_form_with_choices(alice: World) -> None:
    set_up(alice)
    code = make(alice, *MANY_KINDS)
    mapping = chosen(number="Ticket", items="What", level="Level", validity="Until", reason="申请原因")
    associate(alice, keep(alice, code, mapping=mapping, language="en"))
    with alice.app.app_context():
        alice.services.trials.start(actor_named("alice"), person_named("alice"), approver_user_id="chen")
    alice.work_until(lambda: db.session.query(Trial).one().approval.state == "pending")
    (instance,) = instances(alice)
    assert instance["values"]["Level"] == "Read only"
    assert instance["values"]["What"] == "TEST, no access is granted"


@pytest.mark.parametrize(
    "fields",
    [
        {"number": "Days"},
        {"number": "Ticket", "reason": "Ticket"},
        {"number": "Gone"},
        {"reason": "申请原因"},
    ],
)
def test_a_mapping_with_faults_is_not_kept(alice: World, fields: dict[str, str]) -> None:
    code = make(alice, ("TextField", "Ticket", False), ("NumberField", "Days", False))
    with pytest.raises(Problem) as refused:
        keep(alice, code, mapping=chosen(**fields))
    assert refused.value.reason == ProblemReason.FIELDS_MISSING
    assert alice.look(lambda: db.session.query(ApprovalTemplate).count()) == 0


def test_an_option_that_fits_nothing_has_to_be_chosen(alice: World) -> None:
    code = make(
        alice,
        ("TextField", "Ticket", True),
        MANY_KINDS[2],
        options=tuple(each for each in OPTIONS if each != "Use"),
    )
    mapping = chosen(number="Ticket", level="Level")
    with alice.app.app_context():
        found = alice.services.custom_templates.match(person_named("alice"), code, mapping=mapping)
    assert [(each.reason, each.value) for each in found.faults] == [
        (MappingFaultReason.OPTION_MISSING, "use")
    ]
    whole = FieldMapping(fields=mapping.fields, options={FormFieldName.LEVEL: {**LEVELS, "use": "Edit"}})
    keep(alice, code, mapping=whole)


def test_a_level_that_is_younger_than_the_mapping_is_told_before_anybody_asks_and_mending_it_sends_what_waits(
    alice: World,
) -> None:
    set_up(alice)
    code = make(alice, *MANY_KINDS[:3], MANY_KINDS[-1])
    mapping = chosen(number="Ticket", items="What", level="Level", reason="申请原因")
    template_id = keep(alice, code, mapping=mapping)
    associate(alice, template_id)
    with alice.app.app_context(), transaction() as session:
        row = session.get_one(ApprovalTemplate, template_id)
        row.option_mapping = {"level": {"view": "Read only", "edit": "Edit"}}
    lacking = alice.look(lambda: options_to_choose(session_row(template_id)))
    assert {each.value for each in lacking} == set(LEVELS) - {"view", "edit"}
    number = ask(alice, entitlement="export")
    follow(alice, number, "could_not_start")

    found = match(alice, code)
    assert found.mapping.options == {FormFieldName.LEVEL: LEVELS}
    assert found.is_usable
    associate(alice, keep(alice, code))
    assert alice.look(lambda: options_to_choose(session_row(template_id))) == ()
    follow(alice, number, "pending")
    assert instances(alice)[0]["values"]["Level"] == "Export"


def session_row(template_id: int) -> ApprovalTemplate:
    return db.session.get_one(ApprovalTemplate, template_id)


def test_what_was_kept_is_shown_again_and_new_fields_are_matched_into_it(alice: World) -> None:
    code = make(alice, ("TextField", "Ticket", True), ("TextareaField", "Why", False))
    mapping = chosen(number="Ticket", reason="Why")
    keep(alice, code, mapping=mapping, language="zh")
    with alice.app.app_context():
        client = alice.services.custom_templates.connection.client()
        level = FormComponent(kind="TextField", component_id="TextField-9", label="Level")
        client.forms.add_fields(code, [level])
    found = match(alice, code)
    assert dict(found.mapping.fields) == {**mapping.fields, FormFieldName.LEVEL: "Level"}
    assert found.language == "zh"


def test_the_preview_shows_every_field_as_it_would_be_submitted(alice: World) -> None:
    code = make(alice, *MANY_KINDS)
    mapping = chosen(number="Ticket", items="What", level="Level", validity="Until", reason="申请原因")
    with alice.app.app_context():
        found = alice.services.custom_templates.match(person_named("alice"), code, mapping=mapping)
    shown = {each.field.label: each.text for each in found.preview}
    assert list(shown) == [label for _, label, _ in MANY_KINDS]
    assert re.fullmatch(r"AR-\d{4}-000123", shown["Ticket"])
    assert shown["Level"] == "Read only"
    assert shown["Days"] == shown["Levels"] == ""
    assert found.language == "zh"


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


def test_templates_are_found_by_a_part_of_their_name_and_the_one_in_use_is_marked(alice: World) -> None:
    code = make(alice, ("TextField", "Request number", True), name="Data access 数据权限")
    make(alice, ("TextField", "Request number", True), name="Leave")
    associate(alice, keep(alice, code))
    with alice.app.app_context():
        custom, alice_zhang = alice.services.custom_templates, person_named("alice")
        assert {each.name: each.is_in_use for each in custom.choices(alice_zhang)} == {
            "Data access 数据权限": True,
            "Leave": False,
        }
        assert [each.process_code for each in custom.choices(alice_zhang, query=" 数据 ")] == [code]
        assert custom.choices(alice_zhang, query="travel") == ()
        assert all(each.modified_at is not None for each in custom.choices(alice_zhang))


def test_a_search_that_follows_every_key_asks_dingtalk_once(alice: World) -> None:
    with alice.app.app_context():
        custom, alice_zhang = alice.services.custom_templates, person_named("alice")
        custom.choices(alice_zhang)
        asked = calls(alice, "listManageableTemplates")
        for query in ("d", "da", "dat"):
            custom.choices(alice_zhang, query=query, afresh=False)
        assert calls(alice, "listManageableTemplates") == asked
        custom.choices(alice_zhang)
    assert calls(alice, "listManageableTemplates") == asked + 1


def test_only_templates_that_the_admin_manages_are_offered(alice: World) -> None:
    code = make(alice, ("TextField", "Request number", True))
    with alice.app.app_context():
        custom = alice.services.custom_templates
        assert [each.process_code for each in custom.choices(person_named("alice"))] == [code]
        assert custom.choices(person_named("bob")) == ()
