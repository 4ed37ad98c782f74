"""Events that come by Stream: each is stored before it is acknowledged, in the inbox that callbacks fill too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from portal.channels.callback_refusals import CallbackRefused, RefusalReason
from portal.channels.dingtalk.connection import Binding
from portal.channels.dingtalk.stream import open_streamed
from portal.clock import Clock
from portal.database import core_transaction
from portal.models.callback_event import EventRoad
from portal.secret_box import SecretUnreadable
from portal.services.dingtalk_app import BindingStore
from portal.services.events.event_rows import NewEvent, store_events
from portal.services.events.refusal_tally import Refusal, tally_refusals
from portal.services.events.shared_commit import SharedCommit

log = structlog.get_logger(__name__)

# In the place of the address from which a refused callback came.
BY_STREAM = "Stream"


@dataclass(frozen=True, kw_only=True)
class _Streamed:
    message: str
    received_at: datetime


class StreamIntake:
    """Takes events in, those that come together in one commit; safe to be called by many threads."""

    def __init__(self, *, clock: Clock, bindings: BindingStore) -> None:
        self.clock = clock
        self.bindings = bindings
        self._together = SharedCommit(self._take_in)

    def receive(self, message: str) -> bool:
        """Store one event under its unique key and return whether DingTalk may forget it.

        ``message`` is the event in the words of a callback's. One that is not for us is counted by the hour and may
        be forgotten too: it would be no other when it came again. What could not be committed must come again.
        """
        try:
            self._together.store(_Streamed(message=message, received_at=self.clock.now()))
        except SQLAlchemyError as error:
            log.error("stream.not_stored", error=type(error).__name__)
            return False
        except SecretUnreadable:
            log.error("stream.not_stored", error="SecretUnreadable")
            return False
        return True

    def _take_in(self, streamed: Sequence[_Streamed]) -> None:
        binding = self.bindings.read()
        events: list[NewEvent] = []
        refusals: list[Refusal] = []
        for each in streamed:
            try:
                events.append(_opened(binding, each))
            except CallbackRefused as refused:
                refusals.append(Refusal(refused.reason, at=each.received_at, address=BY_STREAM))
        with core_transaction() as connection:
            store_events(connection, events)
            tally_refusals(connection, refusals)


def _opened(binding: Binding | None, streamed: _Streamed) -> NewEvent:
    if binding is None:
        raise CallbackRefused(RefusalReason.NOT_BOUND)
    opened = open_streamed(binding, streamed.message)
    return NewEvent.of(opened, road=EventRoad.STREAM, received_at=streamed.received_at)
