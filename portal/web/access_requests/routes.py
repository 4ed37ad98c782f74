"""Requests of people: ask, follow, withdraw."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.channels.failures import ChannelError, Failure
from portal.models import Resource
from portal.rules.entitlement import entitlements_of
from portal.rules.validity import LONGEST_DAYS
from portal.services.catalogue.catalogue import SEARCH_LIMIT
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.registry import services
from portal.services.requests.request_form import LONGEST_REASON
from portal.services.requests.request_search import Wanted, Whose
from portal.web.access import admin_required, current_actor, sign_in_required, signed_in_person
from portal.web.access_requests.basket import whole_number
from portal.web.access_requests.flow_form import FlowForm, flow_form, sent_choices
from portal.web.access_requests.request_form import AccessRequestForm, text_of
from portal.web.access_requests.request_list import request_list
from portal.web.access_requests.status_page import show_status, shown_version, visible_request
from portal.web.errors import Problem as ProblemWords
from portal.web.htmx import no_content, redirect_or_refresh, render, wants_partial
from portal.web.words.approvers import nobody_words
from portal.web.words.levels import level_includes
from portal.web.words.problems import problem_words

UNFINISHED_SETUP = (ProblemReason.APPROVAL_OFF, ProblemReason.NO_TEMPLATE)

access_requests = Blueprint("access_requests", __name__)


@access_requests.get("/")
@sign_in_required
def home() -> BaseResponse:
    person = signed_in_person()
    if person.is_organization_admin and not _is_set_up() and not _has_asked():
        return redirect(url_for("approval_settings.page"), code=303)
    return redirect(url_for(".mine"), code=303)


@access_requests.get("/requests")
@sign_in_required
def mine() -> Response:
    has_setup_to_finish = signed_in_person().is_organization_admin and not _is_set_up()
    return request_list(Whose.MINE, has_setup_to_finish=has_setup_to_finish)


@access_requests.get("/requests/to-decide")
@sign_in_required
def to_decide() -> Response:
    return request_list(Whose.TO_DECIDE)


@access_requests.get("/requests/decided")
@sign_in_required
def decided() -> Response:
    return request_list(Whose.DECIDED)


@access_requests.get("/requests/all")
@admin_required
def everybodys() -> Response:
    return request_list(Whose.EVERYBODYS)


@access_requests.get("/requests/new")
@sign_in_required
def new() -> Response:
    if "resource_type" not in request.args and "resource_id" not in request.args:
        return _catalogue()
    resource = _resource(request.args.get("resource_type"), request.args.get("resource_id"))
    if resource is None:
        return _catalogue(status=404, is_unknown=True)
    form = AccessRequestForm(formdata=None, level=request.args.get("level"))
    return _form(form, resource)


@access_requests.post("/requests")
@sign_in_required
def create() -> Response:
    form = AccessRequestForm()
    resource = _resource(form.resource_type.data, form.resource_id.data)
    if resource is None:
        return _catalogue(status=422, is_unknown=True, typed=form.reason.data)
    form.offer(resource=resource, departments=dict.fromkeys(signed_in_person().departments, ""))
    if "find" in request.form:
        return _form(form, resource)
    if not form.validate():
        return _form(form, resource, status=422)
    try:
        asked = form.asked(resource, choices=sent_choices(request.form))
        number = services().submissions.submit(current_actor(), signed_in_person(), asked)
    except FieldFault as fault:
        form.mark(fault)
        return _form(form, resource, status=422, fault=fault)
    except ChannelError as error:
        return _form(form, resource, status=409, failure=error.failure)
    except Problem as problem:
        return _form(form, resource, status=409, problem=problem)
    return redirect_or_refresh(url_for(".page", number=number))


@access_requests.get("/requests/<number>")
@sign_in_required
def page(number: str) -> Response:
    return show_status(visible_request(number))


@access_requests.get("/requests/<number>/status")
@sign_in_required
def status(number: str) -> Response:
    if request.args.get("seen") == shown_version(number):
        return no_content()  # nothing is swapped, so an open menu stays open and nothing is read out twice
    return show_status(visible_request(number))


@access_requests.post("/requests/<number>/withdrawal")
@sign_in_required
def withdraw(number: str) -> Response:
    try:
        position = whole_number(request.form.get("position"))
        services().access_requests.withdraw(current_actor(), signed_in_person(), number, position=position)
    except Problem as problem:
        return show_status(visible_request(number), problem=problem)
    return redirect_or_refresh(url_for(".page", number=number))


@access_requests.post("/requests/<number>/start")
@sign_in_required
def start(number: str) -> Response:
    try:
        services().access_requests.try_again(current_actor(), signed_in_person(), number)
    except Problem as problem:
        return show_status(visible_request(number), problem=problem)
    return redirect_or_refresh(url_for(".page", number=number))


def _has_asked() -> bool:
    return bool(services().request_search.find(signed_in_person(), Wanted()).requests)


def _is_set_up() -> bool:
    return services().submissions.obstacle(signed_in_person()) not in UNFINISHED_SETUP


def _resource(resource_type: str | None, external_id: str | None) -> Resource | None:
    return services().catalogue.find(
        resource_type=text_of(resource_type).strip(), external_id=text_of(external_id).strip()
    )


def _catalogue(*, status: int = 200, is_unknown: bool = False, typed: str | None = None) -> Response:
    query = text_of(request.args.get("q")).strip()[:200]
    found = services().catalogue.search(query)
    return render(
        "access_requests/catalogue_page.html",
        "access_requests/_catalogue.html",
        status=status,
        query=query,
        level=request.args.get("level") or None,
        resources=found,
        limit=SEARCH_LIMIT if len(found) == SEARCH_LIMIT else None,
        is_swap=wants_partial(),
        is_unknown=is_unknown,
        typed=typed,
        problem=_obstacle(),
    )


def _form(
    form: AccessRequestForm,
    resource: Resource,
    *,
    status: int = 200,
    problem: Problem | None = None,
    fault: FieldFault | None = None,
    failure: Failure | None = None,
) -> Response:
    person, today = signed_in_person(), services().clock.now().date()
    words = problem_words(problem) if problem else _obstacle()
    flow = None
    if not words and not failure:
        flow, failure = _flow(form, resource, fault)
    preview = None if words or flow or failure else services().submissions.preview(person, resource.id)
    departments = list(person.departments)
    names = services().people.department_names(departments)
    form.offer(resource=resource, departments={each: names.get(each, "") for each in departments})
    return render(
        "access_requests/request_form_page.html",
        "access_requests/_request_form.html",
        status=status,
        form=form,
        resource=resource,
        includes={level.value: level_includes(level) for level in entitlements_of(resource.resource_type)},
        first_day=today + timedelta(days=1),
        last_day=today + timedelta(days=LONGEST_DAYS),
        longest_reason=LONGEST_REASON,
        problem=words,
        flow=flow,
        failure=failure,
        preview=preview,
        nobody=nobody_words(preview.nobody) if preview and preview.nobody else None,
    )


def _flow(
    form: AccessRequestForm, resource: Resource, fault: FieldFault | None
) -> tuple[FlowForm | None, Failure | None]:
    """Return what there is to choose, or why DingTalk does not tell; neither where one approver decides."""
    person, sent = signed_in_person(), sent_choices(request.form)
    try:
        asked = form.asked(resource, choices=sent)
        offer = services().submissions.flow(person, asked, is_sent=bool(sent))
        return (flow_form(offer, requester=person, sent=request.form, fault=fault) if offer else None), None
    except ChannelError as error:
        return None, error.failure


def _obstacle() -> ProblemWords | None:
    reason = services().submissions.obstacle(signed_in_person())
    return problem_words(Problem(reason)) if reason else None
