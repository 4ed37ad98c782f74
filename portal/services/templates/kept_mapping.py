"""Which fields an admin chose for a template before, and what to start from when it is looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import ApprovalTemplate
from portal.models.approval_template import TemplateSource
from portal.rules.field_mapping import FieldMapping, MappingFault, lacking_options, match_fields
from portal.rules.official_form import FormFieldName
from portal.rules.template_field import TemplateField
from portal.services.templates.template_flow import accepted_bypass


@dataclass(frozen=True, kw_only=True)
class KeptMapping:
    """A template as it was confirmed last. ``known_labels`` are those of all its fields then.

    ``is_made_here`` says that the portal made the template, ``accepted`` who may be passed over.
    """

    mapping: FieldMapping
    language: str
    known_labels: frozenset[str]
    is_made_here: bool
    accepted: frozenset[str]

    @classmethod
    def of(cls, row: ApprovalTemplate) -> Self:
        """Read a row out as plain values, usable after the transaction has ended."""
        return cls(
            mapping=FieldMapping(
                fields={FormFieldName(name): label for name, label in row.field_mapping.items()},
                options={
                    FormFieldName(name): dict(each) for name, each in (row.option_mapping or {}).items()
                },
            ),
            language=row.language,
            known_labels=frozenset(TemplateField.from_json(each).label for each in row.fields or ()),
            is_made_here=row.source == TemplateSource.OFFICIAL,
            accepted=accepted_bypass(row),
        )


def template_row(session: Session, *, corp_id: str, process_code: str) -> ApprovalTemplate | None:
    """Return our row of a template in DingTalk."""
    return session.scalar(select(ApprovalTemplate).filter_by(corp_id=corp_id, process_code=process_code))


def options_to_choose(row: ApprovalTemplate) -> tuple[MappingFault, ...]:
    """Return the values that the template's fields of choice say nothing for, as an admin confirmed them.

    A template that was mapped before the portal had a level has no option for it: DingTalk refuses what asks for it.
    """
    fields = tuple(TemplateField.from_json(each) for each in row.fields or ())
    return lacking_options(KeptMapping.of(row).mapping, fields)


def starting_mapping(kept: KeptMapping | None, fields: Sequence[TemplateField]) -> FieldMapping:
    """Return what to start from: fields matched by label, or what was kept with fields that are new since then."""
    matched = match_fields(fields)
    if kept is None:
        return matched
    labels = {each.label for each in fields}
    new = {
        name: label
        for name, label in matched.fields.items()
        if label not in kept.known_labels
        and label not in kept.mapping.fields.values()
        and kept.mapping.fields.get(name) not in labels
    }
    options = {name: each for name, each in kept.mapping.options.items() if name not in new}
    merged = FieldMapping(fields={**kept.mapping.fields, **new}, options=options)
    return merged.with_matched_options(fields)


def language_of(mapping: FieldMapping) -> str:
    """Return the language that a template's labels are in: ``zh`` when any of them has Chinese characters."""
    characters = "".join(mapping.fields.values())
    return "zh" if any("\u4e00" <= each <= "\u9fff" for each in characters) else "en"
