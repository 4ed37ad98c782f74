"""Which field takes which value: nothing is lost, nothing is sent twice, and the number is always there."""

from __future__ import annotations

import json
from datetime import date

import pytest
from flask import Flask
from flask_babel import Babel, force_locale
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.entitlement import Entitlement
from portal.rules.field_mapping import (
    ANOTHER_VALIDITY,
    FieldMapping,
    MappingFaultReason,
    addable,
    addable_options,
    choices_of,
    faults_of,
    match_fields,
    match_options,
    new_option,
    takers,
    unfilled,
    validity_choice,
)
from portal.rules.official_form import OFFICIAL_FIELDS, FormFieldName
from portal.rules.template_field import (
    CHOICE_KINDS,
    FieldKind,
    OurValue,
    TemplateField,
    written,
)
from portal.rules.validity import PRESET_DAYS, Validity
from portal.services.names import entitlement_name

NUMBER, ITEMS, LEVEL = FormFieldName.NUMBER, FormFieldName.ITEMS, FormFieldName.LEVEL
VALIDITY, REASON = FormFieldName.VALIDITY, FormFieldName.REASON
VALUE = OurValue(text="View", choice="view", number=30, day=date(2026, 1, 31))


def field(label: str, kind: FieldKind = FieldKind.LINE, **more: object) -> TemplateField:
    return TemplateField(component_id=f"{kind}-{label}", label=label, kind=kind, **more)  # type: ignore[arg-type]


def test_labels_match_in_either_language_whatever_their_case_and_spaces() -> None:
    found = match_fields([field("REQUEST  number："), field("申请原因"), field("Colour")])
    assert found.fields == {NUMBER: "REQUEST  number：", REASON: "申请原因"}


def test_a_field_of_ours_is_found_by_its_id_whatever_it_is_called_now() -> None:
    renamed = TemplateField(component_id="TextField-portal-number", label="Ticket", kind=FieldKind.LINE)
    assert match_fields([field("Request number"), renamed]).fields == {NUMBER: "Ticket"}


def test_labels_without_letters_match_nothing() -> None:
    assert match_fields([field(""), field("  "), field("!")]).fields == {}


def test_our_own_form_matches_completely() -> None:
    for language in ("en", "zh"):
        fields = [field(each.labels[language]) for each in OFFICIAL_FIELDS]
        assert len(match_fields(fields).fields) == len(FormFieldName)
        assert addable(match_fields(fields), fields) == ()


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        (NUMBER, {"line", "paragraph"}),
        (ITEMS, {"line", "paragraph"}),
        (REASON, {"line", "paragraph"}),
        (FormFieldName.STATUS_PAGE, {"line", "paragraph"}),
        (LEVEL, {"line", "paragraph", "choice", "choices"}),
        (VALIDITY, {"line", "paragraph", "choice", "choices", "number", "day"}),
    ],
)
def test_each_value_goes_only_into_fields_that_can_hold_it(name: FormFieldName, kinds: set[str]) -> None:
    fields = [field(kind, kind, options=("a",) if kind in CHOICE_KINDS else ()) for kind in FieldKind]
    assert {each.kind.value for each in takers(name, fields)} == kinds


def test_columns_of_tables_and_choices_without_options_take_nothing() -> None:
    fields = [field("Row", is_in_table=True), field("Empty", FieldKind.CHOICE)]
    assert takers(LEVEL, fields) == ()


def test_a_label_that_two_fields_have_names_none_of_them() -> None:
    assert takers(REASON, [field("Reason"), field("Reason", FieldKind.NUMBER)]) == ()


def test_a_field_too_short_for_a_request_number_does_not_take_it() -> None:
    short = field("Request number", longest=10)
    assert takers(NUMBER, [short]) == ()
    assert takers(REASON, [short]) == (short,)


def test_options_match_by_text_in_both_languages() -> None:
    assert match_options(LEVEL, ["编辑", "READ ONLY", "Use", "Export"]) == {
        "view": "READ ONLY",
        "export": "Export",
        "edit": "编辑",
        "use": "Use",
    }
    assert match_options(VALIDITY, ["一周", "30 天", "其他"]) == {"7": "一周", "30": "30 天", "other": "其他"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_option_that_is_added_is_matched_by_its_text(language: str) -> None:
    for name in (LEVEL, VALIDITY):
        added = {value: new_option(name, value, language=language) for value in choices_of(name)}
        assert match_options(name, list(added.values())) == added


def test_an_option_is_added_only_where_none_says_the_value_and_none_was_chosen() -> None:
    fields = [field("Level", FieldKind.CHOICE, options=("View", "Edit"))]
    typed = dict.fromkeys(choices_of(LEVEL), "") | {"use": "Edit"}
    found = addable_options(FieldMapping(fields={LEVEL: "Level"}, options={LEVEL: typed}), fields)
    assert [each.value for each in found] == ["export", "submit", "manage_own", "manage", "unmask"]


def test_values_younger_than_the_mapping_are_matched_and_an_empty_choice_stays_empty() -> None:
    fields = [field("Level", FieldKind.CHOICE, options=("View", "Edit", "Use"))]
    kept = FieldMapping(fields={LEVEL: "Level"}, options={LEVEL: {"view": "Edit", "edit": ""}})
    assert kept.with_matched_options(fields).options[LEVEL] == {"view": "Edit", "edit": "", "use": "Use"}


def test_the_words_for_options_hold_what_the_portal_calls_its_levels() -> None:
    app = Flask("portal")
    Babel(app, default_translation_directories="translations")
    for language in ("en", "zh"):
        with app.test_request_context(), force_locale(language):
            names = [entitlement_name(each) for each in Entitlement]
        assert set(match_options(LEVEL, names)) == {each.value for each in Entitlement}, names


def test_every_validity_has_a_choice_that_stands_for_it() -> None:
    assert [validity_choice(Validity(days=days)) for days in PRESET_DAYS] == list(map(str, PRESET_DAYS))
    for another in (Validity(days=5), Validity(until=date(2027, 1, 1))):
        assert validity_choice(another) == ANOTHER_VALIDITY
    assert set(choices_of(VALIDITY)) == {*map(str, PRESET_DAYS), ANOTHER_VALIDITY}


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({}, MappingFaultReason.NUMBER_NOT_SENT),
        ({NUMBER: "Gone"}, MappingFaultReason.FIELD_GONE),
        ({NUMBER: "Budget"}, MappingFaultReason.CANNOT_TAKE),
        ({NUMBER: "Text", REASON: "Text"}, MappingFaultReason.TAKEN_TWICE),
    ],
)
def test_what_is_wrong_with_a_mapping_is_named(
    chosen: dict[FormFieldName, str], reason: MappingFaultReason
) -> None:
    fields = [field("Text"), field("Budget", FieldKind.NUMBER)]
    assert faults_of(FieldMapping(fields=chosen), fields)[0].reason == reason


def test_every_value_of_a_choice_needs_an_option_that_exists() -> None:
    fields = [field("No"), field("Level", FieldKind.CHOICE, options=("Read", "Write"))]
    chosen = {each.value: "Read" for each in Entitlement if each != "use"} | {"edit": "Gone"}
    mapping = FieldMapping(fields={NUMBER: "No", LEVEL: "Level"}, options={LEVEL: chosen})
    assert [(each.reason, each.value, each.label) for each in faults_of(mapping, fields)] == [
        (MappingFaultReason.OPTION_GONE, "edit", "Gone"),
        (MappingFaultReason.OPTION_MISSING, "use", "Level"),
    ]
    assert mapping.usable_part(fields).fields == {NUMBER: "No"}


def test_required_fields_that_nothing_goes_into_are_named() -> None:
    fields = [
        field("No", is_required=True),
        field("Files", FieldKind.ATTACHMENT, is_required=True),
        field("No", is_required=True, is_in_table=True),
        field("Colour"),
    ]
    assert unfilled(FieldMapping(fields={NUMBER: "No"}), fields) == (fields[1], fields[2])


def test_only_fields_whose_names_are_free_can_be_added() -> None:
    fields = [field("Reason", FieldKind.NUMBER), field("申请单号")]
    lacking = addable(match_fields(fields), fields)
    assert NUMBER not in lacking
    assert REASON not in lacking
    assert ITEMS in lacking


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FieldKind.LINE, "one two"),
        (FieldKind.PARAGRAPH, "one\ntwo"),
        (FieldKind.CHOICE, "只读"),
        (FieldKind.CHOICES, '["只读"]'),
        (FieldKind.NUMBER, "30"),
        (FieldKind.DAY, "2026-01-31"),
    ],
)
def test_a_value_is_written_as_its_field_takes_it(kind: FieldKind, expected: str) -> None:
    value = OurValue(text="one\ntwo", choice="view", number=30, day=date(2026, 1, 31))
    assert written(value, field("F", kind), {"view": "只读"}) == expected


def test_a_text_too_long_for_its_field_is_cut_visibly() -> None:
    assert written(OurValue(text="abcdef"), field("F", longest=4), {}) == "abc…"
    assert len(written(OurValue(text="x" * 70_000), field("F", FieldKind.PARAGRAPH), {})) == 65_535


def test_a_field_survives_being_stored() -> None:
    stored = field("F", FieldKind.CHOICE, options=("a", "b"), is_required=True, longest=9)
    assert TemplateField.from_json(json.loads(json.dumps(stored.to_json()))) == stored
    later = {**stored.to_json(), "kind": "hologram", "colour": "red"}
    assert TemplateField.from_json(later).kind == FieldKind.OTHER


LABELS = st.sampled_from(
    ["Request number", "Reason", "申请原因", "Level", "Valid for", "Items", "X", "Y", ""]
)
FIELDS = st.lists(
    st.builds(
        TemplateField,
        component_id=st.text(max_size=5),
        label=LABELS,
        kind=st.sampled_from(FieldKind),
        is_required=st.booleans(),
        options=st.lists(st.sampled_from(["View", "Edit", "Export", "Use", "只读"]), max_size=5).map(tuple),
        longest=st.none() | st.integers(1, 100),
        is_in_table=st.booleans(),
    ),
    max_size=8,
)
CHOSEN = st.dictionaries(st.sampled_from(FormFieldName), LABELS)
OPTIONS = st.dictionaries(
    st.sampled_from([LEVEL, VALIDITY]),
    st.dictionaries(
        st.sampled_from(choices_of(LEVEL) + choices_of(VALIDITY)), st.sampled_from(["View", "Edit", ""])
    ),
)
MAPPINGS = st.builds(FieldMapping, fields=CHOSEN, options=OPTIONS)


@given(fields=FIELDS, mapping=MAPPINGS)
def test_a_mapping_without_faults_sends_every_chosen_value_once_and_always_the_number(
    fields: list[TemplateField], mapping: FieldMapping
) -> None:
    if faults_of(mapping, fields):
        return
    assert NUMBER in mapping.fields
    takes = {name: mapping.taker(name, fields) for name in mapping.fields}
    labels = [taker.label for taker in takes.values() if taker is not None]
    assert len(labels) == len(set(labels)) == len(mapping.fields)
    for name, taker in takes.items():
        assert taker is not None
        for value in choices_of(name) or ("",):
            our = OurValue(text="View", choice=value, number=30, day=VALUE.day)
            text = written(our, taker, mapping.options.get(name, {}))
            if taker.kind == FieldKind.CHOICE:
                assert text in taker.options
            if taker.kind == FieldKind.CHOICES:
                assert json.loads(text)[0] in taker.options
    assert all(each.is_in_table or each.label not in labels for each in unfilled(mapping, fields))


@given(fields=FIELDS)
def test_what_matches_by_itself_has_no_fault_but_missing_options_and_a_missing_number(
    fields: list[TemplateField],
) -> None:
    reasons = {each.reason for each in faults_of(match_fields(fields), fields)}
    assert reasons <= {MappingFaultReason.NUMBER_NOT_SENT, MappingFaultReason.OPTION_MISSING}


@given(fields=FIELDS, mapping=MAPPINGS)
def test_the_usable_part_of_any_mapping_lacks_at_most_the_number(
    fields: list[TemplateField], mapping: FieldMapping
) -> None:
    faults = faults_of(mapping.usable_part(fields), fields)
    assert {each.reason for each in faults} <= {MappingFaultReason.NUMBER_NOT_SENT}
