"""Requests of people: ask, follow, withdraw."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.services.faults import Problem, ProblemReason
from portal.services.registry import services
from portal.services.requests.request_search import Wanted, Whose
from portal.web.access import current_actor, sign_in_required, signed_in_person
from portal.web.access_requests.asking import found_colleagues, found_resources, open_form, take_form
from portal.web.access_requests.basket import whole_number
from portal.web.access_requests.request_list import request_list
from portal.web.access_requests.status_page import show_status, shown_version, visible_part
from portal.web.htmx import no_content, redirect_or_refresh

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
def to_decide() -> BaseResponse:
    return redirect(url_for("approvals.page"))


@access_requests.get("/requests/decided")
@sign_in_required
def decided() -> Response:
    return request_list(Whose.DECIDED)


@access_requests.get("/requests/all")
@sign_in_required
def everybodys() -> Response:
    return request_list(Whose.EVERYBODYS)


@access_requests.get("/requests/new")
@sign_in_required
def new() -> Response:
    return open_form()


@access_requests.post("/requests")
@sign_in_required
def create() -> Response:
    return take_form()


@access_requests.get("/requests/found")
@sign_in_required
def found() -> Response:
    return found_resources()


@access_requests.get("/requests/colleagues")
@sign_in_required
def colleagues() -> Response:
    return found_colleagues()


@access_requests.get("/requests/<number>")
@sign_in_required
def page(number: str) -> Response:
    return show_status(visible_part(number))


@access_requests.get("/requests/<number>/status")
@sign_in_required
def status(number: str) -> Response:
    if request.args.get("seen") == shown_version(number):
        return no_content()  # nothing is swapped, so an open menu stays open and nothing is read out twice
    return show_status(visible_part(number))


@access_requests.post("/requests/<number>/withdrawal")
@sign_in_required
def withdraw(number: str) -> Response:
    try:
        position = whole_number(request.form.get("position"))
        services().access_requests.withdraw(current_actor(), signed_in_person(), number, position=position)
    except Problem as problem:
        return show_status(visible_part(number), problem=problem)
    return redirect_or_refresh(url_for(".page", number=number))


@access_requests.post("/requests/<number>/start")
@sign_in_required
def start(number: str) -> Response:
    try:
        services().access_requests.try_again(current_actor(), signed_in_person(), number)
    except Problem as problem:
        return show_status(visible_part(number), problem=problem)
    return redirect_or_refresh(url_for(".page", number=number))


def _has_asked() -> bool:
    return bool(services().request_search.find(signed_in_person(), Wanted()).requests)


def _is_set_up() -> bool:
    return services().submissions.obstacle(signed_in_person()) not in UNFINISHED_SETUP
