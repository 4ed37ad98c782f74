"""Callback intake: verify, store once, answer. No call to anybody else on this path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import bindparam, text, update
from sqlalchemy.exc import SQLAlchemyError

from portal.channels.callback_refusals import CallbackRefused, RefusalReason
from portal.channels.dingtalk.callback import OpenedCallback, open_callback, success_answer
from portal.channels.dingtalk.connection import Binding
from portal.clock import Clock
from portal.database import core_transaction, transaction
from portal.models import CallbackTally, DingTalkApp
from portal.models.base import UtcDateTime
from portal.models.callback_event import EventState
from portal.secret_box import SecretUnreadable
from portal.services.dingtalk_app import BindingStore
from portal.services.shared_commit import SharedCommit

log = structlog.get_logger(__name__)

LARGEST_BODY_BYTES = 256 * 1024
SAMPLES_KEPT = 5

EventRow = dict[str, Any]

# In words that SQLite and PostgreSQL share: SQLAlchemy builds its own ON CONFLICT anew for every event.
STORE_ONCE = text(
    """
    INSERT INTO portal_callback_event
        (event_key, event_type, kind, instance_id, process_code, owner_key_kind, payload, received_at, state,
        attempts, due_at)
    VALUES
        (:event_key, :event_type, :kind, :instance_id, :process_code, :owner_key_kind, :payload, :now, :state,
        0, :now)
    ON CONFLICT (event_key) DO NOTHING
    """
).bindparams(bindparam("now", type_=UtcDateTime()))


@dataclass(frozen=True, kw_only=True)
class CallbackIntake:
    """Takes callbacks in."""

    clock: Clock
    bindings: BindingStore
    event_rows: SharedCommit[EventRow] = field(default_factory=lambda: SharedCommit(_store_once))

    def receive(self, *, query: Mapping[str, str], body: bytes, address: str) -> dict[str, str]:
        """Store one callback under its unique key and return the encrypted ``success``.

        A repeated event is answered like the first and changes nothing. Raises ``CallbackRefused``; with
        ``NOT_STORED`` DingTalk must be told to send again.
        """
        try:
            if len(body) > LARGEST_BODY_BYTES:
                raise CallbackRefused(RefusalReason.TOO_LARGE)
            binding = self._binding()
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

    def _binding(self) -> Binding | None:
        try:
            return self.bindings.read()
        except SecretUnreadable as error:
            raise CallbackRefused(RefusalReason.SECRETS_UNREADABLE) from error

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
        if opened.is_address_check:
            with core_transaction() as connection:
                connection.execute(update(DingTalkApp).values(check_url_at=self.clock.now()))
            return
        event = opened.event
        self.event_rows.store(
            {
                "event_key": event.dedupe_key[:200],
                "event_type": event.event_type[:64],
                "kind": (event.kind or "")[:32] or None,
                # Longer than any of ours: kept as unknown rather than asked for again and again.
                "instance_id": event.instance_id and event.instance_id[:128],
                "process_code": event.process_code and event.process_code[:128],
                "owner_key_kind": opened.owner_key_kind.value,
                "payload": opened.payload,
                "now": self.clock.now(),
                "state": EventState.RECEIVED.value,
            }
        )


def _store_once(rows: Sequence[EventRow]) -> None:
    with core_transaction() as connection:
        connection.execute(STORE_ONCE, rows)
