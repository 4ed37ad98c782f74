"""Template Source Custom in the dialog: search, choose, say which field takes which value, see what DingTalk gets."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.failures import ChannelError, Failure
from portal.models.approval_template import TemplateSource
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.registry import services
from portal.services.templates.template_extension import Extension
from portal.web.access import admin_required, current_actor, signed_in_person
from portal.web.approval_settings.association import Association, show_association
from portal.web.approval_settings.mapping_form import typed_mapping
from portal.web.htmx import render
from portal.web.words.faults import fault_sentence
from portal.web.words.problems import problem_words

custom_template = Blueprint("custom_template", __name__)


@custom_template.get("/template/choices")
@admin_required
def choices() -> BaseResponse:
    """The list alone, for a search that follows every key; DingTalk is asked once a minute at most."""
    association = _chosen_from(request.args.get("q", ""), afresh=False)
    return render(
        "approval_settings/association_page.html",
        "approval_settings/_template_choices.html",
        association=association,
        is_swap=True,
    )


@custom_template.post("/template/mapping")
@admin_required
def map_fields() -> BaseResponse:
    """Draw the editor again with what was chosen, nothing is kept."""
    return show_custom(request.form.get("process_code", ""), is_redrawn=True)


@custom_template.post("/template/fields")
@admin_required
def add_fields() -> BaseResponse:
    """Add the fields that a template of ours lacks."""
    process_code = request.form.get("process_code", "")
    try:
        extension = services().template_extension.add_missing_fields(
            current_actor(), signed_in_person(), process_code=process_code
        )
    except FieldFault:
        return show_custom(process_code)
    except Problem as problem:
        return show_custom(process_code, problem=problem)
    except ChannelError as error:
        return show_custom(process_code, failure=error.failure)
    return show_custom(process_code, extension=extension)


def show_custom(
    process_code: str,
    *,
    query: str = "",
    is_redrawn: bool = False,
    problem: Problem | None = None,
    failure: Failure | None = None,
    extension: Extension | None = None,
) -> Response:
    """Show the templates to choose from or, once one is chosen, which of its fields takes what.

    Args:
        process_code: the chosen template, empty while none is.
        is_redrawn: whether another choice in the editor asked for it: then the template is not read again, and
            faults stand beside their fields without taking the focus away.
        problem, failure: why what was asked for was not done.
        extension: what was done.
    """
    if not process_code:
        choosing = _chosen_from(query, afresh=True)
        return show_association(choosing, status=409 if choosing.problem else 200)
    typed = None if extension else typed_mapping(request.form)
    association = Association(
        source=TemplateSource.CUSTOM,
        process_code=process_code,
        is_redrawn=is_redrawn,
        accepts=accepted_names(),
        failure=failure,
        extension=extension,
    )
    try:
        matching = services().custom_templates.match(
            signed_in_person(),
            process_code,
            mapping=typed,
            language=request.form.get("language"),
            afresh=not (is_redrawn or failure or extension),
        )
    except Problem as met:
        return show_association(_with(association, met), status=409)
    except ChannelError as error:
        return show_association(association.with_(failure=failure or error.failure))
    association = association.with_(matching=matching)
    if problem is None:
        return show_association(association)
    if problem.reason == ProblemReason.FIELDS_MISSING and matching.faults:
        return show_association(association.with_(is_refused=True), status=422)
    return show_association(_with(association, problem), status=409)


def _chosen_from(query: str, *, afresh: bool) -> Association:
    association = Association(source=TemplateSource.CUSTOM, query=query)
    try:
        found = services().custom_templates.choices(signed_in_person(), query=query, afresh=afresh)
    except Problem as met:
        return _with(association, met)
    except ChannelError as error:
        return association.with_(failure=error.failure)
    return association.with_(choices=found)


def accepted_names() -> list[str]:
    """Return whom the admin saw named and accepts to be passed over; nobody without the tick."""
    return request.form.getlist("passed_over") if request.form.get("accepts_bypass") == "y" else []


def refused(process_code: str, fault: FieldFault) -> Response:
    """Show the list again with what is wrong."""
    association = _chosen_from("", afresh=True).with_(process_code=process_code, fault=fault_sentence(fault))
    return show_association(association, status=422)


def _with(association: Association, problem: Problem) -> Association:
    return association.with_(problem=problem_words(problem), problem_reason=problem.reason)
