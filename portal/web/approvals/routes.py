"""My approvals: pages, decisions about one or many, and the old addresses of the lists."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.services.decisions.decisions import LONGEST_REASON, Decided
from portal.services.faults import FieldFault, Problem
from portal.services.registry import services
from portal.web.access import current_actor, sign_in_required, signed_in_person
from portal.web.access_requests.status_page import show_status, visible_part
from portal.web.approvals.decision_form import DecisionForm, number_of
from portal.web.approvals.decision_words import done_sentence, result_line
from portal.web.htmx import redirect_or_refresh, render, wants_partial
from portal.web.words.faults import fault_sentence

approvals = Blueprint("approvals", __name__, url_prefix="/approvals")

FROM_STATUS_PAGE = "status"


@approvals.get("")
@sign_in_required
def page() -> Response:
    return _pending()


@approvals.get("/handled")
@sign_in_required
def handled() -> Response:
    before = number_of(request.args.get("before"))
    listed = services().my_approvals.handled(signed_in_person(), before=before)
    return render(
        "approvals/handled_page.html", "approvals/_handled.html", tab="handled", listed=listed, before=before
    )


@approvals.post("/decisions")
@sign_in_required
def decide_selected() -> BaseResponse:
    form = DecisionForm.sent()
    try:
        verdict, chosen = form.checked_verdict(), form.checked_ids()
        results = services().decisions.decide_all(
            current_actor(), signed_in_person(), chosen, verdict=verdict, reason=form.reason
        )
    except FieldFault as fault:
        return _pending(status=422, form=replace(form, fault=fault))
    if any(each.problem or not each.is_theirs for each in results):
        return _pending(status=409, results=results)
    return _decided(done_sentence(verdict, count=len(results)))


@approvals.post("/<int(max=2147483647):approval_id>/decision")
@sign_in_required
def decide(approval_id: int) -> BaseResponse:
    form, is_on_status = DecisionForm.sent(), request.form.get("from") == FROM_STATUS_PAGE
    try:
        verdict = form.checked_verdict()
        number = services().decisions.decide(
            current_actor(), signed_in_person(), approval_id, verdict=verdict, reason=form.reason
        )
    except FieldFault as fault:
        if is_on_status:
            raise
        return _pending(
            status=422, form=replace(form, approval_ids=(approval_id,), fault=fault), alone=approval_id
        )
    except Problem as problem:
        found_number = problem.facts.get("number", "")
        if is_on_status and found_number:
            return show_status(visible_part(found_number), problem=problem)
        return _pending(
            status=409,
            results=(Decided(approval_id=approval_id, number=found_number, problem=problem),),
        )
    if is_on_status:
        return redirect_or_refresh(url_for("access_requests.page", number=number))
    return _decided(done_sentence(verdict, count=1))


def _decided(sentence: str) -> BaseResponse:
    if wants_partial():
        return _pending(said=sentence)
    flash(sentence, "success")
    return redirect(url_for("approvals.page"), code=303)


def _pending(
    *,
    status: int = 200,
    form: DecisionForm | None = None,
    alone: int | None = None,
    results: tuple[Decided, ...] = (),
    said: str = "",
) -> Response:
    """Draw what waits; ``alone`` is the approval whose own form is at fault, not that for those selected."""
    after = number_of(request.values.get("after"))
    listed = services().my_approvals.pending(signed_in_person(), after=after)
    if after is not None and not listed.approvals and request.method == "POST":
        after, listed = None, services().my_approvals.pending(signed_in_person())
    return render(
        "approvals/page.html",
        "approvals/_pending.html",
        status=status,
        tab="pending",
        listed=listed,
        after=after,
        form=form,
        alone=alone,
        fault=fault_sentence(form.fault) if form and form.fault else "",
        lines=[result_line(each) for each in results],
        done=sum(1 for each in results if each.problem is None and each.is_theirs),
        said=said,
        is_swap=wants_partial(),
        longest_reason=LONGEST_REASON,
        viewer=signed_in_person(),
    )
