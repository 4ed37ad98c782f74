"""Why DingTalk's events do not arrive, from what was observed: the help page's second FAQ, answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select

from portal.channels.callback_refusals import RefusalReason
from portal.clock import Clock
from portal.extensions import db
from portal.models import CallbackEvent, CallbackTally, DingTalkApp
from portal.services.events.stream_connections import StreamConnections, StreamReport


class Finding(StrEnum):
    """What is most likely wrong; each has its own remedy."""

    EVENTS_ARRIVE = "events_arrive"
    NOTHING_ARRIVED = "nothing_arrived"
    TOKEN_DIFFERS = "token_differs"  # noqa: S105  a name, not a password
    AES_KEY_DIFFERS = "aes_key_differs"
    OWNER_DIFFERS = "owner_differs"
    SECRETS_UNREADABLE = "secrets_unreadable"
    START_NOT_SUBSCRIBED = "start_not_subscribed"
    NOT_DINGTALK = "not_dingtalk"
    STREAM_NOT_RUNNING = "stream_not_running"
    STREAM_NOT_CONNECTED = "stream_not_connected"
    STREAM_SILENT = "stream_silent"


_BY_REASON = {
    RefusalReason.SIGNATURE: Finding.TOKEN_DIFFERS,
    RefusalReason.UNDECRYPTABLE: Finding.AES_KEY_DIFFERS,
    RefusalReason.SECRETS_UNREADABLE: Finding.SECRETS_UNREADABLE,
    RefusalReason.WRONG_OWNER: Finding.OWNER_DIFFERS,
    RefusalReason.WRONG_CORP: Finding.OWNER_DIFFERS,
}


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """How often callbacks were refused for one reason, and when last."""

    reason: RefusalReason
    count: int
    last_at: str
    last_address: str


@dataclass(frozen=True, kw_only=True)
class CallbackHealth:
    """What was observed of the callback."""

    finding: Finding
    last_event_at: datetime | None
    check_url_at: datetime | None
    refusals: tuple[Refusals, ...]


@dataclass(frozen=True, kw_only=True)
class CallbackDiagnosis:
    """Reads the tallies and, where events come by Stream, who listens; changes nothing."""

    clock: Clock
    stream: StreamConnections

    def health(self, *, since: datetime | None = None, stream: StreamReport | None = None) -> CallbackHealth:
        """Return what was observed since a moment; without one, in the last day.

        ``stream`` is who listens, where the caller has asked already.
        """
        since = since or self.clock.now() - timedelta(days=1)
        last_event_at = db.session.scalar(
            select(CallbackEvent.received_at).order_by(CallbackEvent.id.desc()).limit(1)
        )
        check_url_at = db.session.scalar(select(DingTalkApp.check_url_at))
        refusals = self._refusals(since)
        return CallbackHealth(
            finding=_by_stream(stream or self.stream.report(), since, last_event_at)
            or _finding(since, last_event_at, check_url_at, refusals),
            last_event_at=last_event_at,
            check_url_at=check_url_at,
            refusals=refusals,
        )

    def _refusals(self, since: datetime) -> tuple[Refusals, ...]:
        hour = since.replace(minute=0, second=0, microsecond=0)
        rows = db.session.scalars(
            select(CallbackTally).where(CallbackTally.hour >= hour).order_by(CallbackTally.hour)
        ).all()
        found: dict[RefusalReason, Refusals] = {}
        for row in rows:
            last: Mapping[str, str] = row.samples[-1]
            if datetime.fromisoformat(last["at"]) < since.replace(microsecond=0):
                continue
            reason = RefusalReason(row.reason)
            earlier = found[reason].count if reason in found else 0
            found[reason] = Refusals(
                reason=reason, count=earlier + row.count, last_at=last["at"], last_address=last["address"]
            )
        return tuple(sorted(found.values(), key=lambda each: each.last_at, reverse=True))


def _by_stream(report: StreamReport, since: datetime, last_event_at: datetime | None) -> Finding | None:
    """Return what is found where events come by Stream; None where they do not."""
    if not report.is_chosen:
        return None
    if not report.listeners:
        return Finding.STREAM_NOT_RUNNING
    if not report.connected:
        return Finding.STREAM_NOT_CONNECTED
    is_heard = last_event_at is not None and last_event_at >= since
    return Finding.EVENTS_ARRIVE if is_heard else Finding.STREAM_SILENT


def _finding(
    since: datetime,
    last_event_at: datetime | None,
    check_url_at: datetime | None,
    refusals: tuple[Refusals, ...],
) -> Finding:
    standing = _since_the_check(check_url_at, refusals)
    if last_event_at is not None and last_event_at >= since and not _came_to_an_end(last_event_at, standing):
        return Finding.EVENTS_ARRIVE
    if standing:
        return _BY_REASON.get(standing[0].reason, Finding.NOT_DINGTALK)
    return Finding.START_NOT_SUBSCRIBED if check_url_at is not None else Finding.NOTHING_ARRIVED


def _since_the_check(check_url_at: datetime | None, refusals: tuple[Refusals, ...]) -> tuple[Refusals, ...]:
    """Leave out what was refused before DingTalk's check of the address succeeded: it proves both keys."""
    if check_url_at is None:
        return refusals
    checked_at = check_url_at.replace(microsecond=0)
    return tuple(each for each in refusals if datetime.fromisoformat(each.last_at) >= checked_at)


def _came_to_an_end(last_event_at: datetime, refusals: tuple[Refusals, ...]) -> bool:
    """Whether what DingTalk sends is refused since: keys were changed on one side. Strangers' calls do not count."""
    return any(
        each.reason in _BY_REASON and datetime.fromisoformat(each.last_at) > last_event_at
        for each in refusals
    )
