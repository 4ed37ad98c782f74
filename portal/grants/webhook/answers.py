"""What a webhook's answer means: done, waiting for somebody there, or a failure that says whether to try again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from portal.channels.failures import Failure, Retry
from portal.grants.grant_target import TargetError
from portal.grants.webhook.call import Answer

LONGEST_EXCERPT = 300
LONGEST_WAIT_SECONDS = 3600
ASKS_TO_WAIT = (408, 425, 429, 503)


class WebhookFailure(StrEnum):
    """Why a call did not do what it should."""

    NOT_SET_UP = "webhook_not_set_up"
    OFF = "webhook_off"
    SECRETS_UNREADABLE = "webhook_secrets_unreadable"
    ADDRESS_REFUSED = "webhook_address_refused"
    HOST_UNKNOWN = "webhook_host_unknown"
    UNREACHABLE = "webhook_unreachable"
    CERTIFICATE = "webhook_certificate"
    TIMED_OUT = "webhook_timed_out"
    BROKEN = "webhook_broken"
    REDIRECTS = "webhook_redirects"
    BUSY = "webhook_busy"
    TROUBLE = "webhook_trouble"
    REFUSED = "webhook_refused"


class Told(StrEnum):
    """What the body of an answer may say of the access."""

    DONE = "done"
    PENDING = "pending"
    PRESENT = "present"
    ABSENT = "absent"


def read_answer(answer: Answer, *, now: datetime) -> Told:
    """Return what an answer says, ``DONE`` where it says nothing; raises ``TargetError``.

    409 counts as done where its body says so: the call was heard before.
    """
    told = _told(answer.body)
    if 200 <= answer.status < 300:
        return told or Told.DONE
    if answer.status == 409 and told == Told.DONE:
        return Told.DONE
    raise TargetError(_failure(answer, now=now))


def facts_of(answer: Answer) -> dict[str, Any]:
    """Return what is kept of an answer."""
    return {
        "status": answer.status,
        "excerpt": excerpt(answer.body),
        "milliseconds": round(answer.seconds * 1000),
    }


def excerpt(body: bytes) -> str:
    """Return the beginning of a body as text that can be stored and shown."""
    text = body[: 4 * LONGEST_EXCERPT].decode(errors="replace")
    return "".join(each if each.isprintable() else " " for each in text).strip()[:LONGEST_EXCERPT]


def failure(
    kind: WebhookFailure,
    *,
    is_permanent: bool = False,
    wait_seconds: int | None = None,
    facts: dict[str, str] | None = None,
) -> Failure:
    """Return a failure to reach a webhook or to be heard there."""
    retry = Retry.PERMANENT if is_permanent else Retry.RETRYABLE
    return Failure(kind=kind.value, retry=retry, wait_seconds=wait_seconds, facts=facts or {})


def _failure(answer: Answer, *, now: datetime) -> Failure:
    told = {"status": str(answer.status), "excerpt": excerpt(answer.body)}
    if answer.status in ASKS_TO_WAIT:
        wait_seconds = _wait_seconds(answer.retry_after, now=now)
        kind = WebhookFailure.TROUBLE if answer.status == 503 else WebhookFailure.BUSY
        return failure(kind, wait_seconds=wait_seconds, facts=told)
    if answer.status >= 500:
        return failure(WebhookFailure.TROUBLE, facts=told)
    kind = WebhookFailure.REDIRECTS if 300 <= answer.status < 400 else WebhookFailure.REFUSED
    return failure(kind, is_permanent=True, facts=told)


def _told(body: bytes) -> Told | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    state = said.get("state") if isinstance(said, dict) else None
    return Told(state) if state in list(Told) else None


def _wait_seconds(typed: str, *, now: datetime) -> int | None:
    """Read Retry-After (RFC 9110 10.2.3: seconds or a date), as far as it is one, up to an hour."""
    typed = typed.strip()
    if typed.isascii() and typed.isdecimal() and len(typed) < 10:
        return min(int(typed), LONGEST_WAIT_SECONDS)
    try:
        until = parsedate_to_datetime(typed)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0, round((until - now).total_seconds())), LONGEST_WAIT_SECONDS)
