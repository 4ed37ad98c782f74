"""The failed-push list in our words: events that DingTalk could not bring us, ready for the inbox."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from portal.channels.dingtalk.connection import DingTalkConnection, in_our_words
from portal.dingtalk.events import CallbackEvent, EventShapeError, parse_event
from portal.dingtalk.failed_pushes import FailedPush

APPROVAL_EVENTS = ("bpms_instance_change", "bpms_task_change")
# Why an entry cannot be sorted like an event that was pushed; empty when it can.
EMPTY_PUSH = "empty_push"
OTHER_ORGANISATION = "other_organisation"


@dataclass(frozen=True, kw_only=True)
class MissedEvent:
    """One event of the list, as the inbox keeps it. With a ``fault`` it can only be kept in sight."""

    key: str
    event_type: str
    kind: str | None
    instance_id: str | None
    process_code: str | None
    payload: str
    fault: str


@dataclass(frozen=True, kw_only=True)
class MissedEvents:
    """What one reading of the list brought; with ``has_more`` there are others."""

    events: tuple[MissedEvent, ...]
    has_more: bool


class DingTalkFailedPushes:
    """Takes events off DingTalk's list, which empties it."""

    def __init__(self, connection: DingTalkConnection) -> None:
        self._connection = connection

    def take(self) -> MissedEvents:
        """Take at most 200 events; raises ``ChannelError``, with OUTCOME_UNKNOWN some may be lost."""
        client, corp_id = self._connection.client(), self._connection.binding().corp_id
        with in_our_words():
            page = client.failed_pushes.take()
        return MissedEvents(
            events=tuple(_missed(push, corp_id=corp_id) for push in page.pushes), has_more=page.has_more
        )


def _missed(push: FailedPush, *, corp_id: str) -> MissedEvent:
    event, fault = _parsed(push), ""
    if push.corp_id is not None and push.corp_id != corp_id:
        fault = OTHER_ORGANISATION
    elif event is None or (event.event_type in APPROVAL_EVENTS and not push.is_telling):
        fault = EMPTY_PUSH
    if event is None or fault:
        # Two empty entries may be two events: the whole entry, with its time, is what tells them apart.
        key = f"list:{hashlib.sha256(push.entry.encode()).hexdigest()}"
        return MissedEvent(
            key=key,
            event_type=push.event_type or "unknown",
            kind=event.kind if event else None,
            instance_id=event.instance_id if event else None,
            process_code=event.process_code if event else None,
            payload=push.entry,
            fault=fault,
        )
    return MissedEvent(
        key=event.dedupe_key,
        event_type=event.event_type,
        kind=event.kind,
        instance_id=event.instance_id,
        process_code=event.process_code,
        payload=push.message,
        fault="",
    )


def _parsed(push: FailedPush) -> CallbackEvent | None:
    try:
        return parse_event(push.message)
    except EventShapeError:
        return None
