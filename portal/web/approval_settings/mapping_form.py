"""The mapping editor's inputs: which field takes which value of ours, as they are sent and as they are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.rules.field_mapping import FieldMapping, MappingFault, choices_of, takers
from portal.rules.official_form import FormFieldName
from portal.rules.template_field import CHOICE_KINDS
from portal.services.templates.template_matching import Matching
from portal.web.words.field_mapping import carries, choice_name, field_kind, mapping_fault, validity_note
from portal.web.words.form_fields import form_field_name


@dataclass(frozen=True, kw_only=True)
class OptionRow:
    """A select for one of our values: the field's options, the chosen one and what is wrong with it."""

    input_name: str
    label: str
    chosen: str
    fault: str


@dataclass(frozen=True, kw_only=True)
class MappingRow:
    """A select for one of our fields: ``offered`` are pairs of label and kind, ``lost`` a chosen one not among them.

    ``fault`` is about the field; those of options stand with them.
    """

    input_name: str
    name: str
    hint: str
    note: str
    chosen: str
    lost: str
    offered: Sequence[tuple[str, str]]
    options: Sequence[str]
    options_of_input: str
    option_rows: Sequence[OptionRow]
    fault: str
    is_required: bool


def typed_mapping(form: Mapping[str, str]) -> FieldMapping | None:
    """Read what was sent, None when nothing of the editor was.

    Options belong to the field that they were drawn for: chosen for another one they do not count.
    """
    if not any(_field_input(name) in form for name in FormFieldName):
        return None
    fields = {name: label for name in FormFieldName if (label := form.get(_field_input(name), ""))}
    options = {
        name: {value: form.get(_option_input(name, value), "") for value in choices_of(name)}
        for name, label in fields.items()
        if choices_of(name) and form.get(_options_of_input(name)) == label
    }
    return FieldMapping(fields=fields, options=options)


def mapping_rows(matching: Matching) -> tuple[MappingRow, ...]:
    """Return what the editor draws for each of our fields."""
    return tuple(_row(matching, name) for name in FormFieldName)


def _row(matching: Matching, name: FormFieldName) -> MappingRow:
    fields = matching.form.fields
    offered = takers(name, fields)
    chosen = matching.mapping.fields.get(name, "")
    taker = matching.mapping.taker(name, fields)
    faults = [each for each in matching.faults if each.name == name]
    has_options = taker is not None and taker.kind in CHOICE_KINDS
    return MappingRow(
        input_name=_field_input(name),
        name=form_field_name(name),
        hint=carries(name),
        note=validity_note(taker) if name == FormFieldName.VALIDITY else "",
        chosen=chosen,
        lost=chosen if chosen and taker is None else "",
        offered=[(each.label, field_kind(each)) for each in offered],
        options=taker.options if taker is not None and has_options else (),
        options_of_input=_options_of_input(name),
        option_rows=_option_rows(matching, name, faults) if has_options else (),
        fault=" ".join(mapping_fault(each) for each in faults if not each.value),
        is_required=name == FormFieldName.NUMBER,
    )


def _option_rows(
    matching: Matching, name: FormFieldName, faults: Sequence[MappingFault]
) -> tuple[OptionRow, ...]:
    chosen = matching.mapping.options.get(name, {})
    wrong = {each.value: mapping_fault(each) for each in faults if each.value}
    return tuple(
        OptionRow(
            input_name=_option_input(name, value),
            label=choice_name(name, value),
            chosen=chosen.get(value, ""),
            fault=wrong.get(value, ""),
        )
        for value in choices_of(name)
    )


def _field_input(name: FormFieldName) -> str:
    return f"field-{name}"


def _options_of_input(name: FormFieldName) -> str:
    return f"options-of-{name}"


def _option_input(name: FormFieldName, value: str) -> str:
    return f"option-{name}-{value}"
