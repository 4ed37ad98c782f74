"""Asking for access: the catalogue, the form with its items, and what is done when it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from flask import Response, request, url_for

from portal.channels.failures import ChannelError, Failure
from portal.extensions import db
from portal.models import ApprovalSettings, Person, Resource
from portal.rules.validity import LONGEST_DAYS
from portal.services.catalogue.catalogue import SEARCH_LIMIT
from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.services.requests.prefilling import Beginning
from portal.services.requests.request_form import LONGEST_REASON, MOST_ITEMS, check_form
from portal.services.requests.request_offers import RequestOffer
from portal.web.access import current_actor, signed_in_person
from portal.web.access_requests.basket import (
    Basket,
    basket_of,
    linked_basket,
    sent_basket,
    suffix,
    whole_number,
)
from portal.web.access_requests.colleague import ColleagueSearch, search_colleagues
from portal.web.access_requests.flow_form import FlowForm, flow_form, sent_choices
from portal.web.access_requests.group_fields import group_fields, sent_approvers
from portal.web.access_requests.item_fields import ItemFields, errors_of, is_about_an_item, item_fields
from portal.web.access_requests.request_form import AccessRequestForm, text_of
from portal.web.errors import Problem as ProblemWords
from portal.web.htmx import redirect_or_refresh, render, wants_partial
from portal.web.words.problems import problem_words

USUAL_DAYS = 30
# Buttons that change the form and send nothing.
# None is called like a method of forms (remove, submit …): a control would stand in its place.
EDITS = ("add", "leave_out", "find", "for")
FOUND_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What a form is drawn with besides what was typed."""

    status: int = 200
    problem: Problem | None = None
    fault: FieldFault | None = None
    failure: Failure | None = None
    errors: Sequence[Mapping[str, str]] = field(default_factory=tuple)
    is_new: bool = False
    focus: str = ""


@dataclass(frozen=True, kw_only=True)
class FoundResources:
    """What can be added to a request, by a search."""

    query: str
    resources: Sequence[Resource]
    are_there_more: bool


def open_form() -> Response:
    """Show the form for what the address asks for; without anything known, the catalogue."""
    beginning = _beginning()
    basket = basket_of(beginning.items) if beginning is not None else linked_basket(request.args)
    if not basket.items:
        return show_catalogue(status=404 if basket.lost else 200, is_unknown=bool(basket.lost))
    form = AccessRequestForm(formdata=None)
    if beginning is not None:
        form.reason.process_data(beginning.reason)
        form.repeats.process_data(beginning.repeats or "")
        form.on_behalf_of.process_data(beginning.on_behalf_of or "")
        if beginning.days is not None:
            form.begin_with(days=beginning.days, longest_days=_longest_days())
    return _draw(form, basket, Drawing(is_new=True))


def take_form() -> Response:
    """Do what the pressed button says: change the items, or send the request."""
    form, basket = AccessRequestForm(), sent_basket(request.form)
    if not basket.items:
        return show_catalogue(status=422, is_unknown=True, typed=form.reason.data)
    _offer_choices(form)
    if any(name in request.form for name in EDITS):
        return _edit(form, basket)
    errors = errors_of(basket.items, None)
    if not form.validate() or any(errors) or basket.lost:
        _mark_the_rest(form, basket)
        return _draw(form, basket, Drawing(status=422, errors=errors))
    asked = form.asked(
        basket.items, choices=sent_choices(request.form), approver_ids=sent_approvers(request.form)
    )
    try:
        number = services().submissions.submit(current_actor(), signed_in_person(), asked)
    except FieldFault as fault:
        if not is_about_an_item(fault) and fault.field != "approver":
            form.mark(fault)
        return _draw(form, basket, Drawing(status=422, fault=fault, errors=errors_of(basket.items, fault)))
    except ChannelError as error:
        return _draw(form, basket, Drawing(status=409, failure=error.failure))
    except Problem as problem:
        return _draw(form, basket, Drawing(status=409, problem=problem))
    return redirect_or_refresh(url_for("access_requests.page", number=number))


def found_resources() -> Response:
    """Answer the resources that can be added, as somebody types."""
    query = text_of(request.args.get("q")).strip()[:200]
    if not wants_partial():
        return redirect_or_refresh(url_for("access_requests.new", q=query))
    partial = "access_requests/_found_resources.html"
    return render(partial, partial, found=_found(query))


def found_colleagues() -> Response:
    """Answer the colleagues for whom somebody can ask, as they type."""
    search = search_colleagues(signed_in_person(), text_of(request.args.get("colleague")))
    if not wants_partial():
        return redirect_or_refresh(url_for("access_requests.new"))
    partial = "access_requests/_found_colleagues.html"
    return render(partial, partial, colleagues=search)


def show_catalogue(*, status: int = 200, is_unknown: bool = False, typed: str | None = None) -> Response:
    """Show what can be asked for; ``typed`` is a reason that must not be lost."""
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


def _mark_the_rest(form: AccessRequestForm, basket: Basket) -> None:
    """Mark what the service would find next, so that a person corrects all of it at once."""
    try:
        today = services().clock.now().date()
        check_form(form.asked(basket.items), today=today, longest_days=_longest_days())
    except FieldFault as fault:
        if not is_about_an_item(fault) and not form.errors:
            form.mark(fault)


def _beginning() -> Beginning | None:
    person, prefilling = signed_in_person(), services().prefilling
    number, grant_id = request.args.get("repeats"), whole_number(request.args.get("renews"))
    if grant_id is not None and 0 < grant_id < 2**31:
        return prefilling.of_grant(person, grant_id)
    if not number:
        return None
    position = whole_number(request.args.get("part"))
    return prefilling.of_request(person, text_of(number)[:64], position=position)


def _edit(form: AccessRequestForm, basket: Basket) -> Response:
    """Change what the form asks for without sending it; what was typed stays."""
    focus = ""
    if "add" in request.form:
        resource_id = whole_number(request.form["add"])
        in_range = resource_id is not None and 0 < resource_id < 2**31
        resource = services().catalogue.get(resource_id) if resource_id is not None and in_range else None
        if resource is None or resource.gone_at is not None:
            basket = replace(basket, lost=basket.lost + 1)
        elif len(basket.items) < MOST_ITEMS:
            basket = basket.with_another(resource)
            places = [place for place, each in enumerate(basket.items) if each.resource.id == resource.id]
            focus = f"request-item{suffix(places[0])}"
    elif "leave_out" in request.form:
        place = whole_number(request.form["leave_out"])
        basket = basket.without(place) if place is not None else basket
        focus = "items"
    elif "for" in request.form:
        form.on_behalf_of.process_data(request.form["for"][:64])
        focus = "colleague"
    return _draw(form, basket, Drawing(is_new=True, focus=focus))


def _draw(form: AccessRequestForm, basket: Basket, drawing: Drawing) -> Response:
    person, today, longest_days = signed_in_person(), services().clock.now().date(), _longest_days()
    obstacle = _obstacle()
    words = problem_words(drawing.problem) if drawing.problem else obstacle
    grantee, failure = _grantee(form, person, drawing.failure)
    offer = services().request_offers.offer(
        person, [each.resource for each in basket.items], grantee_id=grantee.id
    )
    flows: tuple[FlowForm, ...] = ()
    if not obstacle and not failure:
        flows, failure = _flows(form, basket, drawing.fault, grantee)
    _offer_choices(form)
    fields = _item_fields(basket, offer, drawing, grantee)
    resources = [each.resource for each in offer.items]
    groups = group_fields(offer.groups, resources, picked=sent_approvers(request.form), fault=drawing.fault)
    is_blocked = bool(obstacle or failure) or (not flows and any(group.nobody for group in groups))
    is_blocked = is_blocked or any(each.is_impossible for each in fields)
    sent_query = text_of(request.form.get("q")).strip()[:200] if "add" not in request.form else ""
    return render(
        "access_requests/request_form_page.html",
        "access_requests/_request_form.html",
        status=drawing.status,
        form=form,
        items=fields,
        lost=basket.lost,
        groups=() if obstacle or flows or failure else groups,
        flows=flows,
        group_resources={each.key: [resources[place].name for place in each.places] for each in offer.groups},
        first_day=today + timedelta(days=1),
        last_day=today + timedelta(days=longest_days),
        longest_days=longest_days,
        longest_reason=LONGEST_REASON,
        most_items=MOST_ITEMS,
        problem=words,
        failure=failure,
        is_blocked=is_blocked,
        focus=drawing.focus,
        colleague=grantee if grantee.id != person.id else None,
        colleagues=_colleague_search(person),
        is_colleague_open=request.form.get("find") == "colleague" or bool(form.on_behalf_of.errors),
        is_adding=request.form.get("find") == "resources" or bool(sent_query),
        found=_found(sent_query),
    )


def _item_fields(basket: Basket, offer: RequestOffer, drawing: Drawing, grantee: Person) -> list[ItemFields]:
    person = signed_in_person()
    errors = drawing.errors or [{} for _ in basket.items]
    return [
        item_fields(
            sent,
            offered,
            place=place,
            requester=person,
            is_own=grantee.id == person.id,
            is_new=drawing.is_new,
            errors=errors[place],
        )
        for place, (sent, offered) in enumerate(zip(basket.items, offer.items, strict=True))
    ]


def _grantee(
    form: AccessRequestForm, person: Person, failure: Failure | None
) -> tuple[Person, Failure | None]:
    """Return who gets the access, and why DingTalk does not tell; one who cannot be asked for is marked."""
    key, person_id = form.on_behalf_of.data or "", person.id
    if key:
        try:
            found_id = services().colleagues.remember(person, key)
            return db.session.get_one(Person, found_id), failure
        except FieldFault as fault:
            form.mark(fault)
            form.on_behalf_of.process_data("")
            form.mark(fault)
        except ChannelError as error:
            failure = failure or error.failure
    return db.session.get_one(Person, person_id), failure


def _flows(
    form: AccessRequestForm, basket: Basket, fault: FieldFault | None, grantee: Person
) -> tuple[tuple[FlowForm, ...], Failure | None]:
    """Return what there is to choose, or why DingTalk does not tell; neither where one approver decides."""
    person, sent, grantee_id = signed_in_person(), sent_choices(request.form), grantee.id
    try:
        asked = form.asked(basket.items, choices=sent)
        found = services().flow_offers.offers(person, asked, grantee_id=grantee_id)
        drawn: list[FlowForm] = []
        for each in found:
            drawn.append(
                flow_form(
                    each.offer,
                    requester=person,
                    sent=request.form,
                    fault=fault,
                    group=each.key,
                    first_index=sum(len(before.fields) for before in drawn),
                )
            )
        return tuple(drawn), None
    except ChannelError as error:
        return (), error.failure


def _offer_choices(form: AccessRequestForm) -> None:
    departments = list(signed_in_person().departments)
    names = services().people.department_names(departments)
    settings = db.session.get(ApprovalSettings, 1)
    form.offer(
        departments={each: names.get(each, "") for each in departments},
        usual_days=settings.usual_days if settings else USUAL_DAYS,
        longest_days=settings.longest_days if settings else LONGEST_DAYS,
    )


def _colleague_search(person: Person) -> ColleagueSearch:
    if request.form.get("find") != "colleague":
        return ColleagueSearch()
    return search_colleagues(person, text_of(request.form.get("colleague")))


def _found(query: str) -> FoundResources:
    found = services().catalogue.search(query) if query else ()
    return FoundResources(
        query=query, resources=found[:FOUND_AT_ONCE], are_there_more=len(found) > FOUND_AT_ONCE
    )


def _longest_days() -> int:
    settings = db.session.get(ApprovalSettings, 1)
    return settings.longest_days if settings else LONGEST_DAYS


def _obstacle() -> ProblemWords | None:
    reason = services().submissions.obstacle(signed_in_person())
    return problem_words(Problem(reason)) if reason else None
