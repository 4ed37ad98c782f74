"""A template's fields turned from the shape they are read in into the one they are written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from portal.dingtalk.loose_json import Json, mapping, mappings, sequence, text

# What a field may be written with (the official SDK's FormComponentProps); other props are only ever read.
_WRITABLE = frozenset(
    {
        *(
            "actionName",
            "addressModel",
            "align",
            "asyncCondition",
            "availableTemplates",
            "bizAlias",
            "bizType",
        ),
        *(
            "choice",
            "commonBizType",
            "content",
            "dataSource",
            "disabled",
            "duration",
            "durationLabel",
            "format",
        ),
        *("formula", "invisible", "label", "limit", "link", "maxLength", "mode", "multiple", "options"),
        *("placeholder", "precision", "print", "required", "statField", "tableViewMode", "unit", "upper"),
        "verticalPrint",
    }
)


def written_again(items: Iterable[Json]) -> list[Json]:
    """Return ``items`` of a schema as components for an update, children included.

    Names differ (componentName and props.id are read, componentType and props.componentId written), options come
    as texts, as objects or as objects in a JSON text (DingTalk: obtain-the-form-schema).
    """
    return [_component(item) for item in items]


def with_options(components: list[Json], more: Mapping[str, Sequence[str]]) -> list[Json]:
    """Return ``components`` with ``more`` options, by component id, below those that a field has."""
    return [_with_options(each, more.get(each["props"]["componentId"], ())) for each in components]


def _with_options(component: Json, texts: Sequence[str]) -> Json:
    if not texts:
        return component
    options = list(component["props"].get("options", ()))
    keys = {option["key"] for option in options}
    free = (key for key in map("option_{}".format, count()) if key not in keys)
    added = [{"key": key, "value": value} for key, value in zip(free, texts, strict=False)]
    return {**component, "props": {**component["props"], "options": [*options, *added]}}


def _component(item: Json) -> Json:
    props = mapping(item.get("props"))
    places = {**item, **props}
    written = {name: value for name, value in props.items() if name in _WRITABLE and value is not None}
    written["componentId"] = text(places.get("id") or places.get("componentId"))
    written["label"] = text(places.get("label") or places.get("name"))
    if "notPrint" in props:
        written["print"] = "0" if text(props["notPrint"]) in {"1", "true"} else "1"
    if "choice" in written:
        written["choice"] = text(written["choice"])  # read as a number, written as text
    if "statField" in written:
        written["statField"] = [_total(total) for total in mappings(written["statField"])]
    if options := sequence(places.get("options")):
        written["options"] = [_option(option, index) for index, option in enumerate(options)]
    else:
        written.pop("options", None)  # fields without a choice are read with an empty list of them
    component: Json = {
        "componentType": text(places.get("componentName") or places.get("componentType")),
        "props": written,
    }
    if children := mappings(places.get("children")):
        component["children"] = written_again(children)
    return component


def _total(total: Json) -> Json:
    kept = {name: total[name] for name in ("label", "upper") if total.get(name) is not None}
    return {"componentId": text(total.get("componentId") or total.get("id")), **kept}


def _option(option: object, index: int) -> Json:
    described = mapping(option)
    if "value" not in described:
        return {"key": f"option_{index}", "value": text(option)}
    return {"key": text(described.get("key")) or f"option_{index}", "value": text(described["value"])}
