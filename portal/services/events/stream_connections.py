"""Who listens by Stream, and whether anybody should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select

from portal.channels.dingtalk.connection import Binding
from portal.channels.failures import Failure
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import ApprovalSettings, StreamConnection
from portal.models.callback_event import EventRoad
from portal.services.dingtalk_app import BindingStore

SILENT_AFTER = timedelta(seconds=40)
KEPT = timedelta(days=1)


class ListenerState(StrEnum):
    """``IDLE``: events come another way, so it has nothing to do. ``WAITING``: it failed and tries again."""

    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"


@dataclass(frozen=True, kw_only=True)
class SignOfLife:
    """What one listener says of itself. ``reconnects`` counts the connections after its first."""

    listener: str
    state: ListenerState
    connected_at: datetime | None
    last_event_at: datetime | None
    reconnects: int
    failure: Failure | None


@dataclass(frozen=True, kw_only=True)
class StreamReport:
    """What the settings page shows: whether Stream is chosen, and those who were heard of lately."""

    is_chosen: bool
    listeners: tuple[SignOfLife, ...]

    @property
    def connected(self) -> tuple[SignOfLife, ...]:
        """Those that hear events now."""
        return tuple(each for each in self.listeners if each.state == ListenerState.CONNECTED)

    @property
    def failure(self) -> Failure | None:
        """Why nobody hears, or why what comes has no content; None when all is well or nothing is known."""
        return next((each.failure for each in self.connected or self.listeners if each.failure), None)


@dataclass(frozen=True, kw_only=True)
class StreamConnections:
    """Signs of life of the listeners, each in a row of its own."""

    clock: Clock
    bindings: BindingStore

    def app_to_listen_as(self) -> Binding | None:
        """Return the bound app if Stream is chosen; raises ``SecretUnreadable``."""
        return self.bindings.read() if is_stream_chosen() else None

    def beat(self, sign: SignOfLife) -> None:
        """Leave a sign of life, and forget listeners long gone."""
        now = self.clock.now()
        with transaction() as session:
            row = session.get(StreamConnection, sign.listener)
            if row is None:
                row = StreamConnection(listener=sign.listener, started_at=now)
                session.add(row)
            row.state = sign.state.value
            row.seen_at = now
            row.connected_at = sign.connected_at
            row.last_event_at = sign.last_event_at
            row.reconnects = sign.reconnects
            row.failure = sign.failure.to_json() if sign.failure else None
            session.execute(delete(StreamConnection).where(StreamConnection.seen_at < now - KEPT))

    def leave(self, listener: str) -> None:
        """Take back the sign of life of a listener that ends."""
        with transaction() as session:
            session.execute(delete(StreamConnection).where(StreamConnection.listener == listener))

    def report(self) -> StreamReport:
        """Return what is chosen and who listens."""
        return StreamReport(is_chosen=is_stream_chosen(), listeners=tuple(map(_sign, self._living())))

    def _living(self) -> Sequence[StreamConnection]:
        seen = select(StreamConnection).where(StreamConnection.seen_at >= self.clock.now() - SILENT_AFTER)
        return db.session.scalars(seen.order_by(StreamConnection.started_at, StreamConnection.listener)).all()


def is_stream_chosen() -> bool:
    """Whether an admin chose Stream as the road of events."""
    settings = db.session.get(ApprovalSettings, 1)
    return settings is not None and settings.event_road == EventRoad.STREAM


def _sign(row: StreamConnection) -> SignOfLife:
    return SignOfLife(
        listener=row.listener,
        state=ListenerState(row.state),
        connected_at=row.connected_at,
        last_event_at=row.last_event_at,
        reconnects=row.reconnects,
        failure=Failure.from_json(row.failure) if row.failure else None,
    )
