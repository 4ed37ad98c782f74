"""What callbacks leave in the database: events, each once, and a tally of refusals; many of both in one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import structlog
from sqlalchemy import JSON, Connection, bindparam, select, text, update

from portal.channels.callback_refusals import RefusalReason
from portal.channels.dingtalk.callback import OpenedCallback
from portal.models import CallbackTally
from portal.models.base import UtcDateTime
from portal.models.callback_event import EventState

log = structlog.get_logger(__name__)

SAMPLES_KEPT = 5

# In words that SQLite and PostgreSQL share: SQLAlchemy builds its own ON CONFLICT anew for every event.
STORE_ONCE = text(
    """
    INSERT INTO portal_callback_event
        (event_key, event_type, kind, instance_id, process_code, owner_key_kind, payload, received_at, state,
        attempts, due_at)
    VALUES
        (:event_key, :event_type, :kind, :instance_id, :process_code, :owner_key_kind, :payload, :received_at,
        :state, 0, :received_at)
    ON CONFLICT (event_key) DO NOTHING
    """
).bindparams(bindparam("received_at", type_=UtcDateTime()))

BEGIN_TALLY = text(
    """
    INSERT INTO portal_callback_tally (reason, hour, count, samples) VALUES (:reason, :hour, 0, :samples)
    ON CONFLICT (reason, hour) DO NOTHING
    """
).bindparams(bindparam("hour", type_=UtcDateTime()), bindparam("samples", type_=JSON()))


@dataclass(frozen=True)
class StoredEvent:
    """An event to keep, and when it arrived."""

    opened: OpenedCallback
    received_at: datetime

    def row(self) -> dict[str, object]:
        event = self.opened.event
        return {
            "event_key": event.dedupe_key[:200],
            "event_type": event.event_type[:64],
            "kind": (event.kind or "")[:32] or None,
            # Longer than any of ours: kept as unknown rather than asked for again and again.
            "instance_id": event.instance_id and event.instance_id[:128],
            "process_code": event.process_code and event.process_code[:128],
            "owner_key_kind": self.opened.owner_key_kind.value,
            "payload": self.opened.payload,
            "received_at": self.received_at,
            "state": EventState.RECEIVED.value,
        }


@dataclass(frozen=True)
class Refusal:
    """A callback that was refused, when and from where."""

    reason: RefusalReason
    at: datetime
    address: str

    @property
    def tally(self) -> tuple[str, datetime]:
        return self.reason.value, self.at.replace(minute=0, second=0, microsecond=0)


def store_events(connection: Connection, events: Sequence[StoredEvent]) -> None:
    """Insert each event under its unique key; those that are there already change nothing."""
    if events:
        # In one order everywhere: two processes that insert the same events otherwise wait for each other.
        connection.execute(STORE_ONCE, sorted((each.row() for each in events), key=_event_key))


def tally_refusals(connection: Connection, refusals: Sequence[Refusal]) -> None:
    """Count refusals by reason and hour, with when and from where the last few came; never a body."""
    for tally, group in groupby(sorted(refusals, key=_tally_and_time), key=lambda each: each.tally):
        _add(connection, tally, list(group))


def _add(connection: Connection, tally: tuple[str, datetime], refusals: Sequence[Refusal]) -> None:
    reason, hour = tally
    log.warning("callback.refused", reason=reason, count=len(refusals), address=refusals[-1].address)
    connection.execute(BEGIN_TALLY, {"reason": reason, "hour": hour, "samples": []})
    this = (CallbackTally.reason == reason, CallbackTally.hour == hour)
    known = connection.scalars(select(CallbackTally.samples).where(*this).with_for_update()).one()
    latest = [
        {"at": each.at.isoformat(timespec="seconds"), "address": each.address[:64]}
        for each in refusals[-SAMPLES_KEPT:]
    ]
    connection.execute(
        update(CallbackTally)
        .where(*this)
        .values(count=CallbackTally.count + len(refusals), samples=[*known, *latest][-SAMPLES_KEPT:])
    )


def _event_key(row: Mapping[str, object]) -> str:
    return str(row["event_key"])


def _tally_and_time(refusal: Refusal) -> tuple[tuple[str, datetime], datetime]:
    return refusal.tally, refusal.at
