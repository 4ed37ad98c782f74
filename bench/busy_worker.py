"""Callbacks at a fixed rate while the worker has its hands full: starts, events to sort, instances to read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from bench.figures import in_milliseconds
from bench.http_load import arrive
from bench.in_process import Browser, InProcessPortal, Requester
from bench.outcomes import instance_of
from bench.place import Place
from bench.sealed_events import sealed_events
from portal.extensions import db
from portal.models import Approval, CallbackEvent
from portal.models.callback_event import EventState

PER_SECOND = 200
SECONDS = 12
# The worker starts 18 a second at most, so this is more than it can do meanwhile.
WAITING_STARTS = 240
KNOWN_INSTANCES = 20


def measure(place: Place, portal: InProcessPortal, bob: Browser) -> dict[str, Any]:
    """Return latencies, and how much the worker did meanwhile; one event in ten is about an instance of ours."""
    requester = Requester(bob)
    known = [requester.ask().location.rpartition("/")[2] for _ in range(KNOWN_INSTANCES)]
    instances = [instance_of(portal, number) for number in known]
    keys = place.keys
    events = sealed_events(
        PER_SECOND * SECONDS,
        port=place.demo.portal_port,
        corp_id=keys.corp_id,
        app_key=keys.app_key,
        token=keys.callback_token,
        aes_key=keys.callback_aes_key,
        instances=instances,
    )
    for _ in range(WAITING_STARTS):
        requester.ask()
    before = _work_done(portal)
    load = arrive(place.demo.portal_port, events, per_second=PER_SECOND, connections=32)
    after = _work_done(portal)
    return {
        **in_milliseconds(load.latencies),
        "per_second": PER_SECOND,
        "worker_meanwhile": {name: after[name] - before[name] for name in after},
    }


def _work_done(portal: InProcessPortal) -> dict[str, int]:
    started = select(func.count()).select_from(Approval).where(Approval.started_at.is_not(None))
    events = select(func.count()).select_from(CallbackEvent)
    with portal.app.app_context():
        return {
            "starts": db.session.scalar(started) or 0,
            "events_sorted": db.session.scalar(events.where(CallbackEvent.due_at.is_(None))) or 0,
            "events_applied": db.session.scalar(events.where(CallbackEvent.state == EventState.APPLIED)) or 0,
        }
