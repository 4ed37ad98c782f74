"""Events on their way into the inbox, whatever road they came by: each is kept once, under its unique key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.orm import Session

from portal.channels.dingtalk.callback import OpenedEvent, OwnerKeyKind
from portal.models.base import UtcDateTime
from portal.models.callback_event import EventRoad, EventState

# In words that SQLite and PostgreSQL share: SQLAlchemy builds its own ON CONFLICT anew for every event.
STORE_ONCE = text(
    """
    INSERT INTO portal_callback_event
        (event_key, event_type, kind, instance_id, process_code, owner_key_kind, payload, road, received_at,
        state, reason, attempts, due_at)
    VALUES
        (:event_key, :event_type, :kind, :instance_id, :process_code, :owner_key_kind, :payload, :road,
        :received_at, :state, :reason, 0, :due_at)
    ON CONFLICT (event_key) DO NOTHING
    """
).bindparams(bindparam("received_at", type_=UtcDateTime()), bindparam("due_at", type_=UtcDateTime()))


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """An event to keep and when it arrived. With a ``fault`` it can only be kept in sight: it is parked."""

    key: str
    event_type: str
    kind: str | None
    instance_id: str | None
    process_code: str | None
    payload: str
    road: EventRoad
    owner_key_kind: OwnerKeyKind
    received_at: datetime
    fault: str = ""

    @classmethod
    def of(cls, opened: OpenedEvent, *, road: EventRoad, received_at: datetime) -> Self:
        """Return the row of an event that passed every check."""
        event = opened.event
        return cls(
            key=event.dedupe_key,
            event_type=event.event_type,
            kind=event.kind,
            instance_id=event.instance_id,
            process_code=event.process_code,
            payload=opened.payload,
            road=road,
            owner_key_kind=opened.owner_key_kind,
            received_at=received_at,
        )

    def row(self) -> dict[str, object]:
        return {
            "event_key": self.key[:200],
            "event_type": self.event_type[:64],
            "kind": (self.kind or "")[:32] or None,
            # Longer than any of ours: kept as unknown rather than asked for again and again.
            "instance_id": self.instance_id and self.instance_id[:128],
            "process_code": self.process_code and self.process_code[:128],
            "owner_key_kind": self.owner_key_kind.value,
            "payload": self.payload,
            "road": self.road.value,
            "received_at": self.received_at,
            "state": EventState.PARKED.value if self.fault else EventState.RECEIVED.value,
            "reason": self.fault or None,
            "due_at": None if self.fault else self.received_at,
        }


def store_events(place: Connection | Session, events: Sequence[NewEvent]) -> None:
    """Insert each event under its unique key; those that are there already change nothing."""
    if events:
        # In one order everywhere: two processes that insert the same events otherwise wait for each other.
        place.execute(STORE_ONCE, sorted((each.row() for each in events), key=_event_key))


def _event_key(row: Mapping[str, object]) -> str:
    return str(row["event_key"])
