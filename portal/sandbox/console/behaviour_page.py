"""Switches for what DingTalk does not document, and faults for the next calls and events."""

from __future__ import annotations

from enum import StrEnum

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import delete, select

from portal.sandbox.api import meter, operations
from portal.sandbox.faults import ANY, CHOSEN_ANSWERS, EVENT_FAULTS, FaultName, SealPart
from portal.sandbox.push.events import EVENT_TYPES
from portal.sandbox.runtime import current_sandbox
from portal.sandbox.settings import DefaultFlow, ForecastNaming, OwnerKeyKind, SignatureParameter, change
from portal.sandbox.settings import load as load_settings
from portal.sandbox.shapes import as_number, is_number
from portal.sandbox.tables import Fault

blueprint = Blueprint("behaviour_page", __name__, url_prefix="/console/behaviour")
CHOICES: dict[str, list[StrEnum]] = {
    "default_flow": list(DefaultFlow),
    "forecast_naming": list(ForecastNaming),
    "signature_parameter": list(SignatureParameter),
    "owner_key_kind": list(OwnerKeyKind),
}
SWITCHES = (
    "has_premium",
    "update_resets_flow",
    "peer_to_peer_keeps_settings",
    "cancel_events",
    "comment_events",
)
AMOUNTS = [str(number) for number in range(1, 1001)]
TARGETS = [ANY, *EVENT_TYPES, *(each.name for each in operations.ALL)]


@blueprint.get("")
def page() -> ResponseReturnValue:
    """Switches, the faults that wait, and a form for one more."""
    with current_sandbox().storage.read() as session:
        settings = load_settings(session)
        waiting = session.scalars(select(Fault).order_by(Fault.id)).all()
        used = meter.used(session)
    return render_template(
        "sandbox/behaviour.html",
        settings=settings,
        waiting=waiting,
        used=used,
        choices=CHOICES,
        switches=SWITCHES,
        call_faults=[each for each in FaultName if each not in EVENT_FAULTS | CHOSEN_ANSWERS],
        event_faults=[each for each in FaultName if each in EVENT_FAULTS],
        operations=[each.name for each in operations.ALL],
        event_types=EVENT_TYPES,
        seal_parts=list(SealPart),
    )


@blueprint.post("/settings")
def save_settings() -> ResponseReturnValue:
    """Store the switches of this page."""
    changes: dict[str, object] = {
        name: request.form[name]
        for name, known in CHOICES.items()
        if request.form.get(name, "") in list(known)
    }
    changes.update({name: name in request.form for name in SWITCHES})
    with current_sandbox().storage.write() as session:
        change(session, **changes)
    flash(_("Behaviour saved."))
    return redirect(url_for(".page"), code=303)


@blueprint.post("/faults")
def add_fault() -> ResponseReturnValue:
    """Set a fault for the next calls or events."""
    name, times = request.form.get("fault", ""), request.form.get("count", "1")
    operation, part = request.form.get("operation", ANY), request.form.get("part", "")
    is_known = name in set(FaultName) - CHOSEN_ANSWERS and operation in TARGETS and part in ["", *SealPart]
    if is_known and times in AMOUNTS:
        with current_sandbox().storage.write() as session:
            session.add(
                Fault(
                    name=name,
                    operation=operation,
                    remaining=int(times),
                    part=part,
                )
            )
        flash(_("Fault set."))
    else:
        flash(_("Choose a fault and how often (1 to 1000)."))
    return redirect(url_for(".page"), code=303)


@blueprint.post("/faults/removal")
def remove_faults() -> ResponseReturnValue:
    """Call off one fault, or all of them."""
    number = as_number(request.form.get("id", ""))
    removed = delete(Fault).where(Fault.id == number) if is_number(number) else delete(Fault)
    with current_sandbox().storage.write() as session:
        session.execute(removed)
    flash(_("Called off."))
    return redirect(url_for(".page"), code=303)
