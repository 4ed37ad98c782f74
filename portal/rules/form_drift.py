"""What has changed in a template's form since an admin confirmed it, as far as the portal fills it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

from portal.rules.field_mapping import FieldMapping
from portal.rules.official_form import FormFieldName
from portal.rules.template_field import CHOICE_KINDS, TemplateField


class FormChangeKind(StrEnum):
    """What is different now."""

    FIELD_RENAMED = "field_renamed"
    FIELD_REMOVED = "field_removed"
    TYPE_CHANGED = "type_changed"
    OPTION_REMOVED = "option_removed"
    REQUIRED_UNFILLED = "required_unfilled"


@dataclass(frozen=True, kw_only=True)
class FormChange:
    """One change; ``label`` is the confirmed one. ``before`` and ``after`` hold a label, a kind or an option."""

    kind: FormChangeKind
    label: str
    before: str = ""
    after: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**{**stored, "kind": FormChangeKind(stored["kind"])})


def form_changes(
    before: Sequence[TemplateField], after: Sequence[TemplateField], mapping: FieldMapping
) -> tuple[FormChange, ...]:
    """Compare the form of now with the confirmed one: the fields that the portal fills, and new required ones.

    A template confirmed by an earlier version has no stored fields; then its labels are compared alone.
    """
    return (*_changes_of_filled(before, after, mapping), *_unfilled(before, after, mapping))


def moved_along(
    mapping: FieldMapping, before: Sequence[TemplateField], after: Sequence[TemplateField]
) -> FieldMapping:
    """Return the mapping with the labels that its fields have now; fields that are gone are left out."""
    labels = {
        name: new.label
        for name, label in mapping.fields.items()
        if (new := _counterpart(label, before, after)) is not None
    }
    return replace(
        mapping,
        fields=labels,
        options={name: options for name, options in mapping.options.items() if name in labels},
    )


def _changes_of_filled(
    before: Sequence[TemplateField], after: Sequence[TemplateField], mapping: FieldMapping
) -> Iterator[FormChange]:
    for name, label in mapping.fields.items():
        old = next((each for each in before if each.label == label), None)
        new = _counterpart(label, before, after)
        if new is None:
            yield FormChange(kind=FormChangeKind.FIELD_REMOVED, label=label)
            continue
        if new.label != label:
            yield FormChange(kind=FormChangeKind.FIELD_RENAMED, label=label, before=label, after=new.label)
        if old is not None and (old.kind, old.is_in_table) != (new.kind, new.is_in_table):
            yield FormChange(kind=FormChangeKind.TYPE_CHANGED, label=label, before=old.kind, after=new.kind)
        elif new.kind in CHOICE_KINDS:
            yield from _options_gone(name, label, new, mapping)


def _options_gone(
    name: FormFieldName, label: str, new: TemplateField, mapping: FieldMapping
) -> Iterator[FormChange]:
    for option in dict.fromkeys(mapping.options.get(name, {}).values()):
        if option not in new.options:
            yield FormChange(kind=FormChangeKind.OPTION_REMOVED, label=label, before=option)


def _unfilled(
    before: Sequence[TemplateField], after: Sequence[TemplateField], mapping: FieldMapping
) -> Iterator[FormChange]:
    filled = _filled_ids(before, after, mapping.fields.values())
    for each in after:
        if each.is_required and id(each) not in filled:
            yield FormChange(kind=FormChangeKind.REQUIRED_UNFILLED, label=each.label)


def _filled_ids(
    before: Sequence[TemplateField], after: Sequence[TemplateField], labels: Collection[str]
) -> frozenset[int]:
    found = (_counterpart(label, before, after) for label in labels)
    return frozenset(id(each) for each in found if each is not None)


def _counterpart(
    label: str, before: Sequence[TemplateField], after: Sequence[TemplateField]
) -> TemplateField | None:
    """Return what a field of the confirmed form is now: by its component, else by its label."""
    old = next((each for each in before if each.label == label), None)
    if old is not None and old.component_id:
        same = next((each for each in after if each.component_id == old.component_id), None)
        if same is not None:
            return same
    return next((each for each in after if each.label == label), None)
