"""A decrypted event, read tolerantly: old and new shapes, unknown and missing keys."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from portal.dingtalk.loose_json import Json, optional_text, text, utc_from_milliseconds, web_address


class EventShapeError(ValueError):
    """A message that is not a JSON object with an EventType."""


@dataclass(frozen=True, kw_only=True)
class CallbackEvent:
    """One event. It is a hint to read the instance, never a truth about it.

    ``kind`` is DingTalk's ``type``, an open set: ``start``, ``finish``, ``terminate``, of a task ``cancel``.
    ``staff_id`` is the initiator of an instance or the person of a task. Times are UTC. ``dedupe_key`` is
    the same for every delivery of this event and at most 80 characters long.
    """

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
    dedupe_key: str


def parse_event(message: str) -> CallbackEvent:
    """Read a decrypted callback message; raises ``EventShapeError``.

    Sources: DingTalk, event-bpms-instance-change and event-bpms-task-change.
    """
    try:
        event = json.loads(message)
        if isinstance(event, dict):
            return _read(event)
    except (ValueError, RecursionError) as error:
        if isinstance(error, EventShapeError):
            raise
    raise EventShapeError("the message is not a JSON object")


def _read(event: Json) -> CallbackEvent:
    keys: Json = {}
    for key, value in event.items():
        # CorpId and corpId may both be there, one of them empty.
        keys[key.casefold()] = keys.get(key.casefold()) or value
    event_type = text(keys.get("eventtype"))
    if not event_type:
        raise EventShapeError("the message has no EventType")
    return CallbackEvent(
        event_type=event_type,
        event_id=optional_text(keys.get("eventid")),
        corp_id=optional_text(keys.get("corpid")),
        instance_id=optional_text(keys.get("processinstanceid")),
        process_code=optional_text(keys.get("processcode")),
        kind=optional_text(keys.get("type")),
        result=optional_text(keys.get("result")),
        task_id=optional_text(keys.get("taskid")),
        staff_id=optional_text(keys.get("staffid")),
        url=web_address(keys.get("url")),
        born_at=utc_from_milliseconds(keys.get("eventtime")),
        finished_at=utc_from_milliseconds(keys.get("finishtime")),
        dedupe_key=_dedupe_key(keys),
    )


def _dedupe_key(keys: Json) -> str:
    event_id = text(keys.get("eventid"))
    if event_id:
        return f"id:{_digest(event_id)}" if len(event_id) > 64 else f"id:{event_id}"
    if keys.get("processinstanceid"):
        # Payloads of before there was an eventId come again with their keys in another order.
        telling = ("eventtype", "processinstanceid", "taskid", "type", "result", "finishtime")
        return f"fields:{_digest([text(keys.get(key)) for key in telling])}"
    return f"whole:{_digest(keys)}"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
