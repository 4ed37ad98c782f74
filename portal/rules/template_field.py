"""A field of a template, what it can take, and how a value of ours is written into it.

Source of the written forms: DingTalk, oa-formcomponent-message (every value is submitted as text).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Self

# DingTalk: create-an-approval-instance, formComponentValues.
LONGEST_VALUE = 65_535
CUT = "…"


class FieldKind(StrEnum):
    """What a field of a template holds; the portal can fill those of ``FILLABLE_KINDS``."""

    LINE = "line"
    PARAGRAPH = "paragraph"
    CHOICE = "choice"
    CHOICES = "choices"
    NUMBER = "number"
    DAY = "day"
    DAY_AND_TIME = "day_and_time"
    PERIOD = "period"
    MONEY = "money"
    PERSON = "person"
    DEPARTMENT = "department"
    ATTACHMENT = "attachment"
    TABLE = "table"
    OTHER = "other"


TEXT_KINDS = frozenset({FieldKind.LINE, FieldKind.PARAGRAPH})
CHOICE_KINDS = frozenset({FieldKind.CHOICE, FieldKind.CHOICES})
FILLABLE_KINDS = TEXT_KINDS | CHOICE_KINDS | {FieldKind.NUMBER, FieldKind.DAY}


@dataclass(frozen=True, kw_only=True)
class TemplateField:
    """A field of a template.

    ``longest`` is the most characters it takes, where DingTalk says so; ``is_in_table`` means it is a column
    of a table, which a plain value cannot reach.
    """

    component_id: str
    label: str
    kind: FieldKind
    is_required: bool = False
    options: tuple[str, ...] = ()
    longest: int | None = None
    is_in_table: bool = False

    @property
    def is_fillable(self) -> bool:
        """Whether any value of ours could be written into it."""
        return self.kind in FILLABLE_KINDS and not self.is_in_table and bool(self.label)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "options": list(self.options)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read a stored field; kinds that later versions know are ``OTHER`` to this one."""
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        kind = stored.get("kind")
        return cls(
            **{
                **known,
                "kind": FieldKind(kind) if kind in set(FieldKind) else FieldKind.OTHER,
                "options": tuple(stored.get("options", ())),
            }
        )


@dataclass(frozen=True, kw_only=True)
class OurValue:
    """A value of a request: as text, and where it has them as one of a closed set, as a number and as a day."""

    text: str
    choice: str = ""
    number: int | None = None
    day: date | None = None


def written(value: OurValue, field: TemplateField, options: Mapping[str, str]) -> str:
    """Return the text that is submitted for ``value`` in ``field``.

    ``options`` holds the field's option for each of our choices. What the field cannot hold goes as text, so
    that DingTalk refuses it by the field's name; a mapping without faults never comes to that.
    """
    option = options.get(value.choice, value.text)
    match field.kind:
        case FieldKind.CHOICE:
            return option
        case FieldKind.CHOICES:
            return json.dumps([option], ensure_ascii=False, separators=(",", ":"))
        case FieldKind.NUMBER if value.number is not None:
            return str(value.number)
        case FieldKind.DAY if value.day is not None:
            return value.day.isoformat()
        case FieldKind.LINE:
            return _cut(" ".join(value.text.splitlines()), field)
    return _cut(value.text, field)


def _cut(text: str, field: TemplateField) -> str:
    longest = min(field.longest or LONGEST_VALUE, LONGEST_VALUE)
    return text if len(text) <= longest else text[: longest - len(CUT)] + CUT
