"""From the event to the page: how long after DingTalk's callback the requester's status shows the outcome."""

from __future__ import annotations

import http.client
import time
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bench.figures import in_milliseconds
from bench.in_process import Browser, InProcessPortal, Requester
from bench.place import Place
from portal.extensions import db
from portal.models import AccessRequest, Approval, CallbackEvent
from portal.rules.approval_state import ApprovalState

REQUESTS = 30
LONGEST_WAIT_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.02
OUTCOME_SHOWN = "Approved."


def measure(place: Place, portal: InProcessPortal, bob: Browser) -> tuple[dict[str, Any], str]:
    """Let Chen agree to one request after the other; also returns the number of the last one."""
    requester = Requester(bob)
    numbers = [requester.ask().location.rpartition("/")[2] for _ in range(REQUESTS)]
    instances = [instance_of(portal, number) for number in numbers]
    page = http.client.HTTPConnection("127.0.0.1", place.demo.portal_port, timeout=10)
    waits: list[float] = []
    for number, instance_id in zip(numbers, instances, strict=True):
        decided_at = datetime.now().astimezone()
        place.control("POST", f"/instances/{instance_id}/actions", {"person": "chen", "action": "agree"})
        shown_at = _moment_of_outcome(page, bob, number)
        waits.append(shown_at - _answered_at(portal, instance_id, after=decided_at))
    page.close()
    return in_milliseconds(waits), numbers[-1]


def instance_of(portal: InProcessPortal, number: str) -> str:
    """Wait until the approval of a request runs in DingTalk and return its instance id."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while time.monotonic() < deadline:
        with portal.app.app_context():
            approval = db.session.scalars(
                select(Approval)
                .join(AccessRequest, Approval.request_id == AccessRequest.id)
                .where(AccessRequest.number == number)
            ).one()
            if approval.state == ApprovalState.PENDING and approval.instance_id:
                return approval.instance_id
        time.sleep(LOOK_EVERY_SECONDS)
    raise TimeoutError(f"{number} was not started in time")


def _moment_of_outcome(page: http.client.HTTPConnection, bob: Browser, number: str) -> float:
    """Look at the live part of the status page until it shows the outcome; returns when, as a time stamp."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while time.monotonic() < deadline:
        page.request("GET", f"/requests/{number}/status", headers={"Cookie": bob.cookie})
        if OUTCOME_SHOWN in page.getresponse().read().decode():
            return time.time()
        time.sleep(LOOK_EVERY_SECONDS)
    raise TimeoutError(f"{number} did not show its outcome in time")


def _answered_at(portal: InProcessPortal, instance_id: str, *, after: datetime) -> float:
    """Return when the first event about the decision was kept, right before its callback was answered."""
    with portal.app.app_context():
        kept = db.session.scalars(
            select(CallbackEvent.received_at)
            .where(CallbackEvent.instance_id == instance_id, CallbackEvent.received_at >= after)
            .order_by(CallbackEvent.received_at)
        ).first()
    assert kept is not None, "the outcome was seen without any event"
    return kept.timestamp()
