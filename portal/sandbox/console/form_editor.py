"""The form of one template: its name and fields as a plain form, published as a whole."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.sandbox.approval.fields_by_hand import CHOICES, FIELD_TYPES, component, label_as_typed
from portal.sandbox.approval.templates import TemplateRefused, change_form, find_template
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.tables import Template

blueprint = Blueprint("form_editor", __name__)
MOST_FIELDS = 200
NEW_FIELD = {"id": "", "kind": "TextField", "label": "", "options": "", "is_required": False}


@blueprint.get("/console/templates/<process_code>/form")
def page(process_code: str) -> ResponseReturnValue:
    """One row a field."""
    with current_sandbox().storage.read() as session:
        template = _found(find_template(session, process_code))
    return _shown(template, rows=[_row(entry) for entry in template.components], name=template.name)


@blueprint.post("/console/templates/<process_code>/form")
def save(process_code: str) -> ResponseReturnValue:
    """Publish the form; ``add`` and ``remove`` only change what is shown."""
    rows, name = _given_rows(), request.form.get("name", "").strip()
    removed = request.form.get("remove", "")
    with current_sandbox().storage.read() as session:
        template = _found(find_template(session, process_code))
    if "add" in request.form:
        return _shown(template, rows=[*rows, dict(NEW_FIELD)], name=name)
    if removed.isdecimal() and len(removed) < 4:
        kept = [row for number, row in enumerate(rows) if number != int(removed)]
        return _shown(template, rows=kept, name=name)
    try:
        with current_sandbox().storage.write() as session:
            changed = _found(find_template(session, process_code))
            components = _components(rows, before=changed.components)
            change_form(session, changed, name=name, description=changed.description, components=components)
    except TemplateRefused as error:
        return _shown(template, rows=rows, name=name, problem=error.problem), 422
    flash(_("The form is published."))
    return redirect(url_for("designer.page", process_code=process_code), code=303)


def _given_rows() -> list[dict[str, Any]]:
    form = request.form
    starts = [f"field-{number}-" for number in range(MOST_FIELDS)]
    return [
        {
            "id": form.get(f"{start}id", ""),
            "kind": form.get(f"{start}kind", ""),
            "label": form[f"{start}label"],
            "options": form.get(f"{start}options", ""),
            "is_required": f"{start}required" in form,
        }
        for start in starts
        if f"{start}label" in form
    ]


def _components(rows: list[dict[str, Any]], *, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    old = {_id(entry): entry for entry in before}
    made = [_component(row, old=old.get(row["id"])) for row in rows]
    ids, labels = [_id(entry) for entry in made], [entry["props"]["label"] for entry in made]
    if not made or len(set(ids)) < len(ids) or len(set(labels)) < len(labels):
        raise TemplateRefused("fields")
    return made


def _component(row: dict[str, Any], *, old: dict[str, Any] | None) -> dict[str, Any]:
    made = component(
        kind=row["kind"],
        label=row["label"],
        options=row["options"],
        is_required=row["is_required"],
        component_id=_id(old) if old is not None else "",
    )
    if old is None or old["componentType"] != row["kind"]:
        return made
    # What the row does not show (placeholder, unit, format, a table's columns) stays as it was.
    return {**made, **old, "props": {**old["props"], **made["props"]}}


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    props = entry["props"]
    return {
        "id": _id(entry),
        "kind": entry["componentType"],
        "label": label_as_typed(entry),
        "options": ", ".join(option["value"] for option in props.get("options") or []),
        "is_required": bool(props.get("required")),
    }


def _id(entry: dict[str, Any]) -> str:
    return str(entry["props"].get("componentId") or entry["props"].get("bizAlias"))


def _found(template: Template | None) -> Template:
    if template is None:
        abort(404)
    return template


def _shown(template: Template, *, rows: list[dict[str, Any]], name: str, problem: str = "") -> str:
    return render_template(
        "sandbox/form_editor.html",
        template=template,
        rows=rows,
        name=name,
        problem=problem,
        field_types=FIELD_TYPES,
        choices=CHOICES,
    )
