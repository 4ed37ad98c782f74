"""Events by Stream: sent to one connection, due again until they are acknowledged.

DingTalk: events without an acknowledgement are pushed again; after how long is not documented.
"""

from __future__ import annotations

from queue import Empty
from typing import Any

from portal.sandbox.clock import now_ms
from portal.sandbox.faults import FaultName, SealPart
from portal.sandbox.push.post import Outcome
from portal.sandbox.runtime import Sandbox
from portal.sandbox.settings import Settings
from portal.sandbox.settings import load as load_settings
from portal.sandbox.stream.frames import AckStatus, event_frame, quota_frame
from portal.sandbox.tables import Attempt, Delivery, DeliveryState

OTHER_CORP_ID = "dingother0000000000000000"
NOWHERE = "stream"
_OUTCOMES = {
    AckStatus.SUCCESS: Outcome.OK,
    AckStatus.LATER: Outcome.LATER,
    AckStatus.BAD: Outcome.NOT_200,
}


def send_by_stream(sandbox: Sandbox, delivery_id: int) -> None:
    """Send one delivery that is due, or give it up after as many attempts as the settings allow."""
    with sandbox.storage.read() as session:
        delivery, settings = session.get(Delivery, delivery_id), load_settings(session)
        attempts = len(delivery.attempts) if delivery else 0
    if delivery is None:  # the sandbox was reset meanwhile
        return
    outcome = None if attempts >= settings.stream_attempts else _send(sandbox, delivery, settings)
    _record(sandbox, delivery_id, outcome=outcome, settings=settings)


def record_answers(sandbox: Sandbox) -> None:
    """Note what clients have answered since the last look."""
    while True:
        try:
            delivery_id, status = sandbox.gateway.answers.get_nowait()
        except Empty:
            return
        with sandbox.storage.write() as session:
            delivery = session.get(Delivery, delivery_id)
            if delivery is None or delivery.state != DeliveryState.WAITING or not delivery.attempts:
                continue
            if delivery.note == FaultName.LOST_ACK and len(delivery.attempts) == 1:
                continue
            attempt, now = delivery.attempts[-1], now_ms()
            attempt.outcome, attempt.milliseconds = _OUTCOMES[status], now - attempt.at
            if status is AckStatus.SUCCESS:
                delivery.state = DeliveryState.DELIVERED


def _send(sandbox: Sandbox, delivery: Delivery, settings: Settings) -> Outcome:
    if settings.stream_push_quota_used_up:
        is_sent = sandbox.gateway.send(delivery.id, _quota(sandbox))
        return Outcome.QUOTA_USED_UP if is_sent else Outcome.NOT_CONNECTED
    payload, corp_id = delivery.payload, str(delivery.payload.get("CorpId") or sandbox.config.corp_id)
    if delivery.seal_fault == SealPart.OWNER:
        corp_id = OTHER_CORP_ID

    def make_frame(message_id: str, connection_id: str) -> dict[str, Any]:
        return event_frame(
            payload,
            message_id=message_id,
            connection_id=connection_id,
            app_key=sandbox.config.app_key,
            corp_id=corp_id,
        )

    is_sent = sandbox.gateway.send(delivery.id, make_frame)
    return Outcome.NO_ACK if is_sent else Outcome.NOT_CONNECTED


def _quota(sandbox: Sandbox) -> Any:
    return lambda message_id, connection_id: quota_frame(
        message_id=message_id, connection_id=connection_id, app_key=sandbox.config.app_key
    )


def _record(sandbox: Sandbox, delivery_id: int, *, outcome: Outcome | None, settings: Settings) -> None:
    with sandbox.storage.write() as session:
        delivery, now = session.get(Delivery, delivery_id), now_ms()
        if delivery is None:
            return
        if outcome is not None:
            delivery.attempts.append(
                Attempt(at=now, url=NOWHERE, outcome=outcome, http_status=None, milliseconds=0)
            )
            delivery.due_at = now + int(settings.stream_ack_seconds * 1000)
        if outcome is None or outcome is Outcome.QUOTA_USED_UP:
            delivery.state, delivery.failed_at = DeliveryState.FAILED, now
