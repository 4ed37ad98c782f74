"""Which field of a template takes which value of a request, and what is wrong with such a choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from portal.rules.entitlement import Entitlement
from portal.rules.official_form import OFFICIAL_FIELDS, FormFieldName, normalised
from portal.rules.template_field import CHOICE_KINDS, TEXT_KINDS, FieldKind, TemplateField
from portal.rules.validity import PRESET_DAYS, Validity

# What stands in for every validity that is not one of the preset numbers of days.
ANOTHER_VALIDITY = "other"
# Longer than any reference: AR-2026-000123.2-3 with room to grow.
LONGEST_REFERENCE = 32

_CHOICES: dict[FormFieldName, tuple[str, ...]] = {
    FormFieldName.LEVEL: tuple(each.value for each in Entitlement),
    FormFieldName.VALIDITY: (*map(str, PRESET_DAYS), ANOTHER_VALIDITY),
}
_TAKEN_BY: dict[FormFieldName, frozenset[FieldKind]] = {
    FormFieldName.LEVEL: TEXT_KINDS | CHOICE_KINDS,
    FormFieldName.VALIDITY: TEXT_KINDS | CHOICE_KINDS | {FieldKind.NUMBER, FieldKind.DAY},
}
# Texts of options that say one of our values, for matching only.
_OPTION_WORDS: dict[FormFieldName, dict[str, tuple[str, ...]]] = {
    FormFieldName.LEVEL: {
        Entitlement.VIEW: ("View", "View only", "Read", "Read only", "查看", "只读", "浏览"),
        Entitlement.EXPORT: ("View and export", "Export", "查看和导出", "查看并导出", "导出"),
        Entitlement.EDIT: ("Edit", "Write", "Read and write", "编辑", "读写", "修改"),
        Entitlement.USE: ("Use", "使用"),
        Entitlement.SUBMIT: ("Submit data", "Submit", "Fill in", "填报数据", "填报", "提交数据"),
        Entitlement.MANAGE_OWN: ("Manage own data", "Manage own", "管理自己的数据", "管理本人数据"),
        Entitlement.MANAGE: (
            "Manage all data",
            "Manage all",
            "Manage",
            "管理全部数据",
            "管理所有数据",
            "管理",
        ),
        Entitlement.UNMASK: (
            "See masked columns",
            "Masked columns",
            "Unmask",
            "查看脱敏字段",
            "查看脱敏列",
            "字段权限",
        ),
    },
    FormFieldName.VALIDITY: {
        "1": ("1 day", "One day", "1天", "一天"),
        "3": ("3 days", "Three days", "3天", "三天"),
        "7": ("7 days", "1 week", "One week", "1 week (7 days)", "7天", "1周", "一周"),
        "30": ("30 days", "1 month", "One month", "1 month (30 days)", "30天", "1个月", "一个月"),
        "90": ("90 days", "3 months", "Three months", "3 months (90 days)", "90天", "3个月", "三个月"),
        ANOTHER_VALIDITY: ("Other", "Another", "Until a date", "Custom", "其他", "其它", "自定义"),
    },
}


@dataclass(frozen=True, kw_only=True)
class FieldMapping:
    """Labels of a template by our field names, and for fields of choice its options by our values."""

    fields: Mapping[FormFieldName, str] = field(default_factory=dict)
    options: Mapping[FormFieldName, Mapping[str, str]] = field(default_factory=dict)

    def taker(self, name: FormFieldName, fields: Sequence[TemplateField]) -> TemplateField | None:
        """Return the field that takes ``name``, or None when it is not sent or there is none (any more)."""
        label = self.fields.get(name)
        return next((each for each in takers(name, fields) if each.label == label), None)

    def with_matched_options(self, fields: Sequence[TemplateField]) -> FieldMapping:
        """Return the same with options matched by their texts for values that nothing was said about.

        Those are all of a field that was just chosen, and values that are younger than what was kept.
        """
        matched = {
            name: {**match_options(name, taker.options), **self.options.get(name, {})}
            for name in self.fields
            if (taker := self.taker(name, fields)) is not None and taker.kind in CHOICE_KINDS
        }
        return FieldMapping(fields=self.fields, options={**self.options, **matched})

    def usable_part(self, fields: Sequence[TemplateField]) -> FieldMapping:
        """Return what of it has no fault."""
        faulty = {fault.name for fault in faults_of(self, fields)}
        return FieldMapping(
            fields={name: label for name, label in self.fields.items() if name not in faulty},
            options={name: options for name, options in self.options.items() if name not in faulty},
        )


class MappingFaultReason(StrEnum):
    """What is wrong with the field, or the option, chosen for one of our values."""

    NUMBER_NOT_SENT = "number_not_sent"
    FIELD_GONE = "field_gone"
    CANNOT_TAKE = "cannot_take"
    TAKEN_TWICE = "taken_twice"
    OPTION_MISSING = "option_missing"
    OPTION_GONE = "option_gone"


@dataclass(frozen=True, kw_only=True)
class MappingFault:
    """``label`` is the field's, ``value`` the one of ours that an option is missing for."""

    name: FormFieldName
    reason: MappingFaultReason
    label: str = ""
    value: str = ""


def choices_of(name: FormFieldName) -> tuple[str, ...]:
    """Return the closed set of values that one of our fields has; empty for free text."""
    return _CHOICES.get(name, ())


def validity_choice(validity: Validity) -> str:
    """Return which of the choices stands for this validity."""
    return str(validity.days) if validity.days in PRESET_DAYS else ANOTHER_VALIDITY


def takers(name: FormFieldName, fields: Sequence[TemplateField]) -> tuple[TemplateField, ...]:
    """Return the fields that can take one of our values, in the order of the form.

    Values are submitted by label, so a label that several fields have names none of them.
    """
    labels = Counter(each.label for each in fields if not each.is_in_table)
    kinds = _TAKEN_BY.get(name, TEXT_KINDS)
    return tuple(
        each
        for each in fields
        if each.is_fillable
        and each.kind in kinds
        and labels[each.label] == 1
        and (each.options or each.kind not in CHOICE_KINDS)
        and (name != FormFieldName.NUMBER or each.longest is None or each.longest >= LONGEST_REFERENCE)
    )


def match_fields(fields: Sequence[TemplateField]) -> FieldMapping:
    """Match a template's fields to ours by our component's id or either language's label, and options by text."""
    found: dict[FormFieldName, str] = {}
    for ours in OFFICIAL_FIELDS:
        wanted = {normalised(label) for label in ours.labels.values()}
        free = [each for each in takers(ours.name, fields) if each.label not in found.values()]
        matching = [each for each in free if each.component_id == ours.component_id] or [
            each for each in free if normalised(each.label) in wanted
        ]
        if matching:
            found[ours.name] = matching[0].label
    return FieldMapping(fields=found).with_matched_options(fields)


def addable(mapping: FieldMapping, fields: Sequence[TemplateField]) -> tuple[FormFieldName, ...]:
    """Return which of our fields a template of ours lacks and can be given: nothing in it has their names yet."""
    ids = {each.component_id for each in fields}
    labels = {normalised(each.label) for each in fields}
    return tuple(
        ours.name
        for ours in OFFICIAL_FIELDS
        if mapping.taker(ours.name, fields) is None
        and ours.component_id not in ids
        and not any(normalised(label) in labels for label in ours.labels.values())
    )


def match_options(name: FormFieldName, options: Sequence[str]) -> dict[str, str]:
    """Return the option that says each of our values, by either language's text; unmatched ones are absent."""
    by_text = {normalised(option): option for option in reversed(options)}
    matched = {}
    for value, words in _OPTION_WORDS.get(name, {}).items():
        option = next((by_text[normalised(word)] for word in words if normalised(word) in by_text), None)
        if option is not None:
            matched[value] = option
    return matched


def new_option(name: FormFieldName, value: str, *, language: str) -> str:
    """Return the text of an option that says one of our values, in ``en`` or ``zh``; it is matched again by it."""
    words = _OPTION_WORDS[name][value]
    return next(word for word in words if word.isascii() == (language != "zh"))


def lacking_options(mapping: FieldMapping, fields: Sequence[TemplateField]) -> tuple[MappingFault, ...]:
    """Return the faults that are values of ours without an option."""
    faults = faults_of(mapping, fields)
    return tuple(each for each in faults if each.reason is MappingFaultReason.OPTION_MISSING)


def addable_options(mapping: FieldMapping, fields: Sequence[TemplateField]) -> tuple[MappingFault, ...]:
    """Return those of ``lacking_options`` that no option of the field says, so that one could be added."""
    by_text = FieldMapping(fields=mapping.fields).with_matched_options(fields)
    unsaid = {(each.name, each.value) for each in lacking_options(by_text, fields)}
    return tuple(each for each in lacking_options(mapping, fields) if (each.name, each.value) in unsaid)


def faults_of(mapping: FieldMapping, fields: Sequence[TemplateField]) -> tuple[MappingFault, ...]:
    """Return what is wrong with ``mapping`` for a template with these fields; nothing when it can be used."""
    times = Counter(mapping.fields.values())
    faults: list[MappingFault] = []
    for name in FormFieldName:
        label = mapping.fields.get(name)
        if label is None:
            if name == FormFieldName.NUMBER:
                faults.append(MappingFault(name=name, reason=MappingFaultReason.NUMBER_NOT_SENT))
        elif times[label] > 1:
            faults.append(MappingFault(name=name, reason=MappingFaultReason.TAKEN_TWICE, label=label))
        else:
            faults += _faults_of_field(mapping, name, label, fields)
    return tuple(faults)


def unfilled(mapping: FieldMapping, fields: Sequence[TemplateField]) -> tuple[TemplateField, ...]:
    """Return the required fields that nothing of ours goes into: DingTalk refuses to start without them."""
    filled = {each.label for name in mapping.fields if (each := mapping.taker(name, fields)) is not None}
    return tuple(
        each for each in fields if each.is_required and (each.is_in_table or each.label not in filled)
    )


def _faults_of_field(
    mapping: FieldMapping, name: FormFieldName, label: str, fields: Sequence[TemplateField]
) -> list[MappingFault]:
    taker = mapping.taker(name, fields)
    if taker is None:
        is_there = any(each.label == label for each in fields)
        reason = MappingFaultReason.CANNOT_TAKE if is_there else MappingFaultReason.FIELD_GONE
        return [MappingFault(name=name, reason=reason, label=label)]
    if taker.kind not in CHOICE_KINDS:
        return []
    chosen = mapping.options.get(name, {})
    return [
        MappingFault(
            name=name,
            reason=MappingFaultReason.OPTION_GONE if chosen.get(value) else MappingFaultReason.OPTION_MISSING,
            label=chosen.get(value) or label,
            value=value,
        )
        for value in choices_of(name)
        if chosen.get(value) not in taker.options
    ]
