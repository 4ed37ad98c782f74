"""Events whose pushes failed, fetched from DingTalk's list; reading the list empties it."""

from __future__ import annotations

from dataclasses import dataclass

from portal.dingtalk.loose_json import mapping, optional_text, sequence, text, truth
from portal.dingtalk.operations import Operation
from portal.dingtalk.transport import Call, Transport


@dataclass(frozen=True, kw_only=True)
class FailedPush:
    """One entry. ``message`` is the event as a callback would have brought it, ``entry`` what stood in the list.

    ``is_telling`` says that the event names an instance; some entries hold nothing but their type.
    """

    message: str
    entry: str
    event_type: str
    corp_id: str | None
    is_telling: bool


@dataclass(frozen=True, kw_only=True)
class FailedPushPage:
    """What one call brought, at most 200 events; with ``has_more`` there are others."""

    pushes: tuple[FailedPush, ...]
    has_more: bool


class FailedPushes:
    """The failed-push list of the bound app."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def take(self) -> FailedPushPage:
        """Take the next page off the list (DingTalk: obtain-the-event-list-of-failed-push-messages).

        Raises ``DingTalkError``; with OUTCOME_UNKNOWN the page is off the list and lost.
        """
        answer = self._transport.oapi(
            Call(
                operation=Operation.FAILED_PUSHES,
                method="GET",
                path="/call_back/get_call_back_failed_result",
                expects="errmsg",
            )
        )
        return FailedPushPage(
            pushes=tuple(read_failed_push(entry) for entry in sequence(answer.get("failed_list"))),
            has_more=truth(answer.get("has_more")),
        )


def read_failed_push(entry: object) -> FailedPush:
    """Read one entry; its inner shape is not confirmed, so the event may lie deeper or shallower, or be text."""
    fields = mapping(entry)
    event_type = text(fields.get("call_back_tag"))
    outer = dict(mapping(fields.get(event_type)))
    event = dict(mapping(outer.pop("bpmsCallBackData", None)))
    given = {key.casefold() for key, value in event.items() if value}
    around = {**outer, "EventType": event_type, "EventTime": fields.get("event_time")}
    event |= {key: value for key, value in around.items() if value and key.casefold() not in given}
    keys = {key.casefold(): value for key, value in event.items()}
    return FailedPush(
        message=text(event),
        entry=text(entry),
        event_type=event_type,
        corp_id=optional_text(keys.get("corpid")),
        is_telling=bool(optional_text(keys.get("processinstanceid"))),
    )
