"""What the portal believes, compared with what DingTalk holds."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal.extensions import db
from portal.models import AccessRequest, Approval, CallbackEvent, StrayInstance
from portal.models.callback_event import EventState
from portal.models.stray_instance import StrayState
from portal.rules.approval_state import ApprovalState, is_final
from portal.sandbox.storage import Storage
from portal.sandbox.tables import Delivery
from tests.portal_world import World
from tests.services.story import instances

UNSTARTED = (ApprovalState.SUBMITTED, ApprovalState.STARTING, ApprovalState.START_UNKNOWN)
ENDED = (StrayState.TWIN_WITHDRAWN, StrayState.TWIN_ENDED)
SETTLED = (EventState.APPLIED, EventState.IGNORED)


@dataclass(kw_only=True)
class Verdict:
    """Each list names what broke the promise; all are empty when it was kept. ``twins`` are over and known."""

    requests: int
    events: int
    twins: set[str]
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    unaccounted: list[str] = field(default_factory=list)

    @property
    def is_kept(self) -> bool:
        return not (self.lost or self.doubled or self.differing or self.unaccounted)

    def details(self) -> str:
        return "\n".join([*self.lost, *self.doubled, *self.differing, *self.unaccounted])

    def __str__(self) -> str:
        return (
            f"{self.requests} requests, {len(self.twins)} twins, {self.events} events: "
            f"{len(self.lost)} lost, {len(self.doubled)} doubled, {len(self.differing)} differing, "
            f"{len(self.unaccounted)} events unaccounted for"
        )


def judge(world: World, numbers: list[str]) -> Verdict:
    """Compare all that was answered with a number, and all that DingTalk has and has told."""
    with world.app.app_context():
        rows = db.session.scalars(select(AccessRequest).options(selectinload(AccessRequest.approvals))).all()
        approvals = [approval for row in rows for approval in row.approvals]
        events = {each.event_key: each for each in db.session.scalars(select(CallbackEvent))}
        adopted = {each.instance_id: each for each in approvals if each.instance_id}
        told = instances(world)
        delivered = _delivered(world)
        ended = select(StrayInstance).where(
            StrayInstance.state.in_(ENDED), StrayInstance.approval_id.is_not(None)
        )
        twins = {each.instance_id for each in db.session.scalars(ended) if each.approval.incident}
        verdict = Verdict(requests=len(rows), events=len(events), twins=twins)
        verdict.lost = [number for number in numbers if number not in {row.number for row in rows}]
        verdict.lost += [f"{key}: answered twice" for key, count in Counter(numbers).items() if count > 1]
        for instance in told:
            _judge_instance(verdict, instance, adopted.get(instance["instance_id"]))
        for approval in approvals:
            _judge_approval(verdict, approval, {each["instance_id"] for each in told})
        for event_id in delivered:
            _judge_event(verdict, event_id, events.get(f"id:{event_id}"))
        return verdict


def _judge_instance(verdict: Verdict, instance: dict[str, Any], approval: Approval | None) -> None:
    if approval is None:
        if instance["instance_id"] not in verdict.twins:
            verdict.doubled.append(f"{instance['instance_id']} {_state(instance)}: {instance['values']}")
    elif approval.state != _state(instance):
        verdict.differing.append(f"{approval.number} is {approval.state}, DingTalk says {_state(instance)}")


def _judge_approval(verdict: Verdict, approval: Approval, instance_ids: set[str]) -> None:
    name = f"{approval.number} ({approval.state})"
    if approval.instance_id and approval.instance_id not in instance_ids:
        verdict.differing.append(f"{name} has adopted what DingTalk does not know")
    if not approval.instance_id and approval.state in (
        ApprovalState.PENDING,
        ApprovalState.APPROVED,
        ApprovalState.REJECTED,
    ):
        verdict.differing.append(f"{name} has no instance")
    if approval.incident and approval.incident["kind"] == "contradiction":
        verdict.differing.append(f"{name} has an incident: {json.dumps(approval.incident)}")
    if is_final(approval.state) != (approval.request is not None and approval.request.closed_at is not None):
        verdict.differing.append(f"{name} and its request disagree on whether it is over")
    if approval.due_at is None and approval.state in UNSTARTED:
        verdict.lost.append(f"{name}: nothing is promised")


def _judge_event(verdict: Verdict, event_id: str, event: CallbackEvent | None) -> None:
    if event is None:
        verdict.unaccounted.append(f"{event_id} was answered success and is not there")
    elif event.state not in SETTLED:
        verdict.unaccounted.append(f"{event_id} is {event.state} {event.reason}: {event.payload[:200]}")


def _delivered(world: World) -> set[str]:
    """Return the ids of all events whose delivery the portal answered with ``success``."""
    storage = Storage(world.folder / "sandbox.sqlite3", facts={})
    try:
        with storage.read() as session:
            deliveries = session.scalars(select(Delivery).options(selectinload(Delivery.attempts)))
            return {
                str(each.payload["eventId"])
                for each in deliveries
                if any(attempt.outcome == "ok" for attempt in each.attempts)
            }
    finally:
        storage.close()


def _state(instance: dict[str, Any]) -> str:
    if instance["status"] == "RUNNING":
        return ApprovalState.PENDING
    if instance["status"] == "TERMINATED":
        return ApprovalState.WITHDRAWN
    return ApprovalState.APPROVED if instance["result"] == "agree" else ApprovalState.REJECTED
