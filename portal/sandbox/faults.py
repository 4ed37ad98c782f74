"""Faults by name: what the next calls or events shall suffer, chosen on a page or by the control API."""

from __future__ import annotations

import re
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.tables import Fault

ANY = "*"


class FaultName(StrEnum):
    """``*_after_commit`` does the work first: the caller cannot know that it was done."""

    TIME_OUT_BEFORE = "time_out_before"
    TIME_OUT_AFTER_COMMIT = "time_out_after_commit"
    RESET_BEFORE = "reset_before"
    RESET_AFTER_COMMIT = "reset_after_commit"
    HTTP_500_BEFORE = "http_500_before"
    HTTP_500_AFTER_COMMIT = "http_500_after_commit"
    THROTTLE_QPS = "throttle_qps"
    THROTTLE_429 = "throttle_429"
    QUOTA_EXHAUSTED = "quota_exhausted"
    PERMISSION_MISSING = "permission_missing"
    INVALID_TOKEN_ONCE = "invalid_token_once"  # noqa: S105
    SYSTEM_ERROR_200 = "system_error_200_without_instance_id"
    HTML_BODY = "html_body"
    CODE_BEFORE = "code_before"
    CODE_AFTER_COMMIT = "code_after_commit"
    FORECAST_UNSUCCESSFUL = "forecast_unsuccessful"
    NOT_YET_READABLE = "not_yet_readable"
    WRONG_KEY = "wrong_key"
    LOST_EVENT = "lost_event"
    DUPLICATE_EVENT = "duplicate_event"
    LATE_EVENT = "late_event"
    REORDERED_EVENTS = "reordered_events"
    LOST_ACK = "lost_ack"


EVENT_FAULTS = frozenset(
    {
        FaultName.WRONG_KEY,
        FaultName.LOST_EVENT,
        FaultName.DUPLICATE_EVENT,
        FaultName.LATE_EVENT,
        FaultName.REORDERED_EVENTS,
        FaultName.LOST_ACK,
    }
)


# The rest of what a chosen answer says stands in ``part``: the HTTP status and DingTalk's code, "-" for none.
CHOSEN_ANSWERS = frozenset({FaultName.CODE_BEFORE, FaultName.CODE_AFTER_COMMIT})
CHOSEN_ANSWER = re.compile(r"([1-5]\d\d) (-|[\w.]{1,80})")


class SealPart(StrEnum):
    """What is wrong about a sealed event under ``wrong_key``."""

    AES_KEY = "aes_key"
    TOKEN = "token"  # noqa: S105
    OWNER = "owner"


def take(session: Session, *, operation: str, for_event: bool, is_named: bool = False) -> Fault | None:
    """Use up one occurrence of the oldest fault set for ``operation``; the returned row is detached.

    ``for_event`` chooses between faults of events (``operation`` is an event type) and of calls. ``is_named`` leaves
    those alone that are set for any call: they are meant for DingTalk's.
    """
    targets = [operation] if is_named else [operation, ANY]
    waiting = select(Fault).where(Fault.operation.in_(targets), Fault.remaining > 0)
    for fault in session.scalars(waiting.order_by(Fault.id)):
        if (fault.name in EVENT_FAULTS) != for_event:
            continue
        taken = Fault(name=fault.name, operation=operation, seconds=fault.seconds, part=fault.part)
        fault.remaining -= 1
        if fault.remaining == 0:
            session.delete(fault)
        return taken
    return None
