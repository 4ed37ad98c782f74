"""Callback intake: verify, store once, answer. No call to anybody else on this path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Dialect, Insert, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from portal.channels.dingtalk.callback import (
    CallbackRefused,
    OpenedCallback,
    RefusalReason,
    open_callback,
    success_answer,
)
from portal.clock import Clock
from portal.database import transaction
from portal.models import CallbackEvent, CallbackTally, DingTalkApp
from portal.models.callback_event import EventState
from portal.services.dingtalk_app import BindingStore

log = structlog.get_logger(__name__)

LARGEST_BODY_BYTES = 256 * 1024
SAMPLES_KEPT = 5


@dataclass(frozen=True, kw_only=True)
class CallbackIntake:
    """Takes callbacks in."""

    clock: Clock
    bindings: BindingStore

    def receive(self, *, query: Mapping[str, str], body: bytes, address: str) -> dict[str, str]:
        """Store one callback under its unique key and return the encrypted ``success``.

        A repeated event is answered like the first and changes nothing. Raises ``CallbackRefused``; with
        ``NOT_STORED`` DingTalk must be told to send again.
        """
        try:
            if len(body) > LARGEST_BODY_BYTES:
                raise CallbackRefused(RefusalReason.TOO_LARGE)
            binding = self.bindings.read()
            if binding is None:
                raise CallbackRefused(RefusalReason.NOT_BOUND)
            opened = open_callback(binding, query=query, body=body)
        except CallbackRefused as refused:
            self.tally(refused.reason, address=address)
            raise
        try:
            self._store(opened)
        except SQLAlchemyError as error:
            log.error("callback.not_stored", error=type(error).__name__)
            raise CallbackRefused(RefusalReason.NOT_STORED) from error
        return success_answer(binding, owner_key=opened.owner_key)

    def tally(self, reason: RefusalReason, *, address: str) -> None:
        """Count a refusal by hour, with when and from where the last few came; never a body."""
        now = self.clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        log.warning("callback.refused", reason=reason.value, address=address)
        try:
            with transaction() as session:
                row = session.get(CallbackTally, (reason.value, hour), with_for_update=True)
                if row is None:
                    row = CallbackTally(reason=reason.value, hour=hour, count=0, samples=[])
                    session.add(row)
                row.count += 1
                sample = {"at": now.isoformat(timespec="seconds"), "address": address[:64]}
                row.samples = [*row.samples[1 - SAMPLES_KEPT :], sample]
        except SQLAlchemyError as error:
            log.error("callback.not_tallied", error=type(error).__name__)

    def _store(self, opened: OpenedCallback) -> None:
        now = self.clock.now()
        with transaction() as session:
            if opened.is_address_check:
                session.execute(update(DingTalkApp).values(check_url_at=now))
                return
            event = opened.event
            session.execute(
                _insert_once(session.get_bind().dialect).values(
                    event_key=event.dedupe_key[:200],
                    event_type=event.event_type[:64],
                    kind=(event.kind or "")[:32] or None,
                    instance_id=event.instance_id,
                    process_code=event.process_code,
                    owner_key_kind=opened.owner_key_kind.value,
                    payload=opened.payload,
                    received_at=now,
                    state=EventState.RECEIVED.value,
                    attempts=0,
                    due_at=now,
                )
            )


def _insert_once(dialect: Dialect) -> Insert:
    if dialect.name == "sqlite":
        return sqlite.insert(CallbackEvent).on_conflict_do_nothing(index_elements=["event_key"])
    if dialect.name == "postgresql":
        return postgresql.insert(CallbackEvent).on_conflict_do_nothing(index_elements=["event_key"])
    return insert(CallbackEvent)
