"""Delivers due events in order, tries twice more, and leaves what failed to the failed-push list.

What is still to be delivered is a row with ``due_at``: a killed process goes on where it stopped, so that an event
may arrive twice but is not forgotten (DingTalk: retries after 10 s and 30 s more).
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from sqlalchemy import select

from portal.sandbox.clock import now_ms
from portal.sandbox.push.post import Outcome, Target, Verdict, push, push_envelope
from portal.sandbox.push.target import target_of
from portal.sandbox.runtime import Sandbox
from portal.sandbox.settings import PushMode
from portal.sandbox.settings import load as load_settings
from portal.sandbox.stream.sending import record_answers, send_by_stream
from portal.sandbox.tables import Attempt, Delivery, DeliveryState

LONGEST_SLEEP_SECONDS = 0.5
log = logging.getLogger(__name__)


class DeliveryThread(threading.Thread):
    """One event at a time, so that the order is kept; ends within one push after ``stop``."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(name="sandbox-delivery", daemon=True)
        self._sandbox = sandbox
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                delivered = deliver_next(self._sandbox)
            except Exception:
                log.exception("a delivery stumbled; trying again")
                delivered = False
            if not delivered:
                self._sandbox.wake.wait(LONGEST_SLEEP_SECONDS)
                self._sandbox.wake.clear()

    def stop(self, *, timeout_seconds: float) -> None:
        """Ask the thread to end and wait for it."""
        self._stopping.set()
        self._sandbox.wake.set()
        self.join(timeout_seconds)


def deliver_next(sandbox: Sandbox) -> bool:
    """Attempt the delivery that is due first; returns whether there was one."""
    record_answers(sandbox)
    due = _next_due(sandbox)
    if due is None:
        return False
    if isinstance(due, int):
        send_by_stream(sandbox, due)
        return True
    delivery_id, payload, envelope, target = due
    verdict = push(payload, target) if envelope is None else push_envelope(envelope, target)
    _record(sandbox, delivery_id, verdict=verdict, url=target.url)
    return True


def _next_due(sandbox: Sandbox) -> int | tuple[int, dict[str, Any], dict[str, Any] | None, Target] | None:
    """Return what to post and where, or only the number of what goes by Stream; None when nothing is due."""
    with sandbox.storage.read() as session:
        settings = load_settings(session)
        subscription = settings.subscribed()
        if subscription is None:
            return None
        waiting = select(Delivery).where(Delivery.state == DeliveryState.WAITING, Delivery.due_at <= now_ms())
        delivery = session.scalars(waiting.order_by(Delivery.due_at, Delivery.id)).first()
        if delivery is None:
            return None
        if subscription.mode == PushMode.STREAM:
            return delivery.id
        target = target_of(
            subscription, settings=settings, config=sandbox.config, seal_fault=delivery.seal_fault
        )
        return delivery.id, delivery.payload, delivery.envelope, target


def _record(sandbox: Sandbox, delivery_id: int, *, verdict: Verdict, url: str) -> None:
    with sandbox.storage.write() as session:
        delivery = session.get(Delivery, delivery_id)
        if delivery is None:  # the sandbox was reset meanwhile
            return
        now = now_ms()
        delivery.attempts.append(
            Attempt(
                at=now,
                url=url,
                outcome=verdict.outcome,
                http_status=verdict.http_status,
                milliseconds=verdict.milliseconds,
            )
        )
        delays = load_settings(session).retry_delays_seconds
        if verdict.outcome is Outcome.OK:
            delivery.state = DeliveryState.DELIVERED
        elif len(delivery.attempts) > len(delays):
            delivery.state, delivery.failed_at = DeliveryState.FAILED, now
        else:
            delivery.due_at = now + int(delays[len(delivery.attempts) - 1] * 1000)
