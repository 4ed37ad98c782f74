"""The Associate Approval Template dialog, which is also a page."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.failures import ChannelError
from portal.models.approval_template import TemplateSource
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.registry import services
from portal.web.access import admin_required, current_actor, signed_in_person
from portal.web.approval_settings.association import Association, show_association
from portal.web.approval_settings.custom_template import accepted_names, refused, show_custom
from portal.web.approval_settings.mapping_form import typed_mapping
from portal.web.approval_settings.sections import Section, page_address, whole_number
from portal.web.htmx import is_on_page, no_content, redirect_or_refresh, wants_partial
from portal.web.words.faults import fault_sentence
from portal.web.words.problems import problem_words

template = Blueprint("template", __name__)


@template.get("/template")
@admin_required
def page() -> BaseResponse:
    is_switch = request.args.get("opened_by") == "switch"
    if is_switch and "is_dingtalk_channel_on" not in request.args:
        return no_content()  # the box was unticked: nothing to associate
    if request.args.get("source") == TemplateSource.CUSTOM:
        return show_custom(request.args.get("process_code", ""), query=request.args.get("q", ""))
    generated = request.args.get("generated", "")
    return show_association(
        Association(
            generated_id=whole_number(generated, field="template") if generated else None,
            language=_language(),
        )
    )


@template.post("/template/generation")
@admin_required
def generate() -> BaseResponse:
    association = Association(
        name=request.form.get("other_name") or request.form.get("name", ""),
        language="zh" if request.form.get("language") == "zh" else "en",
    )
    try:
        template_id = services().template_generation.generate(
            current_actor(),
            signed_in_person(),
            name=association.name,
            language=association.language,
            may_update=request.form.get("may_update") == "y",
        )
    except FieldFault as fault:
        return show_association(association.with_(fault=fault_sentence(fault)), status=422)
    except Problem as problem:
        return _with_problem(association, problem)
    except ChannelError as error:
        return show_association(association.with_(failure=error.failure))
    if wants_partial():
        return show_association(association.with_(generated_id=template_id))
    return redirect(url_for(".page", generated=template_id), code=303)


@template.post("/template/association")
@admin_required
def associate() -> BaseResponse:
    process_code = request.form.get("process_code", "")
    association = Association(source=TemplateSource.CUSTOM if process_code else TemplateSource.OFFICIAL)
    try:
        version = whole_number(request.form.get("version"), field="version")
        template_id = _kept(process_code)
        services().approval_settings.associate(current_actor(), template_id=template_id, version=version)
    except FieldFault as fault:
        if request.form.get("source") == TemplateSource.CUSTOM:
            return refused(process_code, fault)
        return show_association(association.with_(fault=fault_sentence(fault)), status=422)
    except ChannelError as error:
        if process_code:
            return show_custom(process_code, failure=error.failure)
        return show_association(association.with_(failure=error.failure))
    except Problem as problem:
        if process_code:
            return show_custom(process_code, problem=problem)
        generated_id = whole_number(request.form.get("template_id"), field="template")
        return _with_problem(association.with_(generated_id=generated_id), problem)
    if wants_partial() and not is_on_page(url_for(".page")):
        return no_content(triggers=["template-associated"])  # the dialog closes, the page behind it tells
    flash(gettext("The approval template is associated."), "success")
    return redirect_or_refresh(page_address(Section.APPROVAL_TEMPLATE))


def _kept(process_code: str) -> int:
    if not process_code:
        return whole_number(request.form.get("template_id"), field="template")
    return services().custom_templates.keep(
        current_actor(),
        signed_in_person(),
        process_code=process_code,
        accepts=accepted_names(),
        mapping=typed_mapping(request.form),
        language=request.form.get("language"),
    )


def _with_problem(association: Association, problem: Problem) -> Response:
    known = association.with_(problem=problem_words(problem), problem_reason=problem.reason)
    if problem.reason == ProblemReason.FORM_DIFFERS:
        known = known.with_(differences=problem.facts)
    return show_association(known, status=409)


def _language() -> str:
    return "zh" if str(get_locale()).startswith("zh") else "en"
