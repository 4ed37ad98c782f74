"""A decrypted event, read tolerantly: old and new shapes, unknown and missing keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class EventShapeError(ValueError):
    """A message that is not a JSON object with an EventType."""


@dataclass(frozen=True, kw_only=True)
class CallbackEvent:
    """One event. It is a hint to read the instance, never a truth about it. Times are UTC."""

    event_type: str
    event_id: str | None = None
    corp_id: str | None = None
    instance_id: str | None = None
    process_code: str | None = None
    kind: str | None = None
    result: str | None = None
    task_id: str | None = None
    staff_id: str | None = None
    url: str | None = None
    born_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def dedupe_key(self) -> str:
        """The key under which this event is stored once, however often it is delivered."""
        raise NotImplementedError


def parse_event(message: str) -> CallbackEvent:
    """Read a decrypted callback message; raises ``EventShapeError``."""
    raise NotImplementedError(message)
