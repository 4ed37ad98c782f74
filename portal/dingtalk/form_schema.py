"""A template's fields as DingTalk describes them, in every shape that it uses for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portal.dingtalk.loose_json import Json, mapping, mappings, sequence, text, truth, whole_number

# The unit of a date that is asked for with its time (DingTalk: oa-formcomponent-message).
HOURS = "小时"


@dataclass(frozen=True, kw_only=True)
class FormField:
    """A field of an existing template.

    ``is_nested`` where it sits inside a table, ``asks_for_time`` where a date has hours and minutes, ``longest``
    is the most characters it takes, where the template says so.
    """

    component_id: str
    label: str
    kind: str
    required: bool
    options: tuple[str, ...] = ()
    is_nested: bool = False
    asks_for_time: bool = False
    longest: int | None = None


@dataclass(frozen=True, kw_only=True)
class FormSchema:
    """A template as it is in DingTalk. ``status`` is PUBLISHED, INVALID (disabled) or SAVED (draft)."""

    name: str
    process_code: str
    status: str
    fields: tuple[FormField, ...]
    modified_at_text: str


def read_form_schema(result: Json, *, process_code: str) -> FormSchema:
    """Read the ``result`` of a schema call; ``process_code`` is the one that was asked for."""
    content = mapping(result.get("schemaContent"))
    return FormSchema(
        name=text(result.get("name")) or text(content.get("title")),
        process_code=text(result.get("formCode")) or process_code,
        status=text(result.get("status")),
        fields=tuple(_fields(mappings(content.get("items")), is_nested=False)),
        modified_at_text=text(result.get("gmtModified")),
    )


def _fields(items: list[Json], *, is_nested: bool) -> Iterator[FormField]:
    for item in items:
        # Written as componentType and props.componentId, read as componentName and props.id, sometimes flat.
        props = mapping(item.get("props"))
        places = {**item, **props}
        yield FormField(
            component_id=text(places.get("id") or places.get("componentId")),
            label=text(places.get("label") or places.get("name")),
            kind=text(places.get("componentName") or places.get("componentType")),
            required=truth(places.get("required")),
            options=tuple(_option(option) for option in sequence(places.get("options"))),
            is_nested=is_nested,
            asks_for_time="h" in text(places.get("format")).casefold() or places.get("unit") == HOURS,
            longest=whole_number(places.get("maxLength")) or None,
        )
        # A group is only a frame around fields; a table has rows of them.
        is_group = text(places.get("componentName") or places.get("componentType")) == "FieldGroup"
        yield from _fields(mappings(places.get("children")), is_nested=is_nested or not is_group)


def _option(option: object) -> str:
    """Read an option that is plain text, an object with a value, or such an object as JSON text."""
    described = mapping(option)
    return text(described["value"]) if "value" in described else text(option)
