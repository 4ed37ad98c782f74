"""Choosing approvers: people found by name while a form is filled in, and another choice where a flow was changed."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request, url_for

from portal.channels.failures import ChannelError, Failure
from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import current_actor, sign_in_required, signed_in_person
from portal.web.access_requests.flow_form import MOST_NODES, FlowForm, flow_form, found_people, sent_choices
from portal.web.access_requests.flow_words import mode_words
from portal.web.htmx import redirect_or_refresh, render
from portal.web.words.faults import fault_sentence

approvers = Blueprint("approvers", __name__)


@approvers.app_context_processor
def flow_words() -> dict[str, object]:
    return {"mode_words": mode_words}


@approvers.get("/approvers/<int:index>")
@sign_in_required
def search(index: int) -> Response:
    """Answer the people of one node of a form, those ticked and those found by name; where no form asks, nothing."""
    if index >= MOST_NODES or not services().flow_offers.asks_for_choices():
        abort(404)
    people = found_people(signed_in_person(), request.args, index=index)
    return render(
        "access_requests/choice_people_page.html", "access_requests/_choice_people.html", people=people
    )


@approvers.get("/requests/<number>/approvers")
@sign_in_required
def choice(number: str) -> Response:
    return _form(number)


@approvers.post("/requests/<number>/approvers")
@sign_in_required
def choose(number: str) -> Response:
    if "find" in request.form:
        return _form(number)
    sent = sent_choices(request.form)
    try:
        services().access_requests.choose_again(current_actor(), signed_in_person(), number, sent)
    except FieldFault as fault:
        return _form(number, status=422, fault=fault)
    except ChannelError as error:
        return _form(number, status=409, failure=error.failure)
    except Problem:
        pass  # the page of the request says where it stands
    return redirect_or_refresh(url_for("access_requests.page", number=number))


def _form(
    number: str, *, status: int = 200, fault: FieldFault | None = None, failure: Failure | None = None
) -> Response:
    person, sent = signed_in_person(), sent_choices(request.form)
    flow: FlowForm | None = None
    try:
        offer = services().access_requests.flow(person, number, sent=sent or None)
        flow = flow_form(offer, requester=person, sent=request.form, fault=fault) if offer else None
    except ChannelError as error:
        failure = error.failure
    except Problem:
        return redirect_or_refresh(url_for("access_requests.page", number=number))
    return render(
        "access_requests/choose_again_page.html",
        "access_requests/_choose_again.html",
        status=status,
        number=number,
        flow=flow,
        failure=failure,
        error=fault_sentence(fault) if fault and not fault.facts.get("node") else "",
    )
