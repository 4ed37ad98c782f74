"""Importing a CSV file: uploaded and looked at, its report read, confirmed."""

from __future__ import annotations

from pathlib import PurePath
from typing import IO, Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.rules.permissions import Permission
from portal.services.catalogue.csv_text import MOST_LINES
from portal.services.faults import FieldFault, Problem
from portal.services.permissions import may
from portal.services.registry import services
from portal.web.access import current_actor, current_person, permission_required, signed_in_person
from portal.web.htmx import redirect_or_refresh, render
from portal.web.words.catalogue import column_hints, field_name, line_sentence, shown_value
from portal.web.words.faults import fault_sentence
from portal.web.words.problems import problem_words

resource_imports = Blueprint("resource_imports", __name__, url_prefix="/catalogue/imports")

# Larger files are for the command; the server takes no larger body than this with what stands around the file.
LARGEST_UPLOAD_BYTES = 16 * 1024 * 1024
AROUND_THE_FILE_BYTES = 64 * 1024


@resource_imports.url_value_preprocessor
def allow_a_file(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Only here, and only from those who may, is a body as large as a file; it is read when its token is checked."""
    person = current_person() if endpoint == f"{resource_imports.name}.look" else None
    if person is not None and may(person, Permission.KEEP_CATALOGUE):
        request.max_content_length = LARGEST_UPLOAD_BYTES + AROUND_THE_FILE_BYTES


@resource_imports.get("")
@permission_required(Permission.KEEP_CATALOGUE)
def new() -> Response:
    return _upload()


@resource_imports.post("")
@permission_required(Permission.KEEP_CATALOGUE)
def look() -> BaseResponse:
    try:
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            raise FieldFault("file", "missing")
        import_id = services().csv_import.look(
            current_actor(),
            signed_in_person(),
            file_name=PurePath(sent.filename.replace("\\", "/")).name.replace("\x00", ""),
            content=_content(sent.stream),
        )
    except FieldFault as fault:
        return _upload(error=fault_sentence(fault), status=422)
    return redirect_or_refresh(url_for(".page", import_id=import_id))


@resource_imports.get("/<int(max=999999999):import_id>")
@permission_required(Permission.KEEP_CATALOGUE)
def page(import_id: int) -> Response:
    return _page(import_id)


@resource_imports.post("/<int(max=999999999):import_id>/application")
@permission_required(Permission.KEEP_CATALOGUE)
def apply(import_id: int) -> BaseResponse:
    try:
        services().csv_import.apply(current_actor(), signed_in_person(), import_id)
    except Problem as problem:
        return _page(import_id, problem=problem, status=409)
    flash(gettext("The file was imported."), "success")
    return redirect_or_refresh(url_for(".page", import_id=import_id))


def _content(stream: IO[bytes]) -> bytes:
    content = stream.read(LARGEST_UPLOAD_BYTES + 1)
    if len(content) > LARGEST_UPLOAD_BYTES:
        raise FieldFault("file", "too_large", limit=str(LARGEST_UPLOAD_BYTES // 1024 // 1024))
    return content


def _upload(*, error: str = "", status: int = 200) -> Response:
    return render(
        "resources/import_form_page.html",
        "resources/_import_form.html",
        status=status,
        error=error,
        columns=column_hints(),
        largest_megabytes=LARGEST_UPLOAD_BYTES // 1024 // 1024,
        most_lines=MOST_LINES,
    )


def _page(import_id: int, *, problem: Problem | None = None, status: int = 200) -> Response:
    row = services().csv_import.view(signed_in_person(), import_id)
    return render(
        "resources/import_page.html",
        "resources/_import.html",
        status=status,
        row=row,
        report=row.report,
        problem=problem_words(problem) if problem else None,
        field_name=field_name,
        line_sentence=line_sentence,
        shown_value=shown_value,
    )
