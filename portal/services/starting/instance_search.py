"""Looks for instances that attempts without a clear answer may have made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from portal.channels.approval_channel import ApprovalChannel, Reading
from portal.channels.failures import INSTANCE_GONE, ChannelError
from portal.clock import Clock
from portal.extensions import db
from portal.models import Approval, StrayInstance
from portal.models.stray_instance import StrayState
from portal.services.starting.start_attempts import BEFORE_SENDING, Attempt

# Ids can be listed by a start 120 days ago (DingTalk: obtain-an-approval-list-of-instance-ids).
LISTED_FOR = timedelta(days=110)
LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Found:
    """An instance that carries the requester and all values of one attempt."""

    instance_id: str
    attempt: int
    began_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class InstanceSearch:
    """Reads only what belongs to nobody yet: every call is counted by DingTalk."""

    clock: Clock

    def find(self, channel: ApprovalChannel, attempts: Iterable[Attempt]) -> tuple[Found, ...]:
        """Return what these attempts made, the earliest first; raises ``ChannelError``.

        Call it outside of a transaction.
        """
        attempts, ids = tuple(attempts), dict[str, None]()
        for attempt in attempts:
            ids.update(dict.fromkeys(self._listed(channel, attempt)))
        taken = _taken(list(ids))
        found = self._matching(channel, [each for each in ids if each not in taken], attempts)
        return tuple(sorted(found, key=lambda each: each.began_at or LAST))

    def _listed(self, channel: ApprovalChannel, attempt: Attempt) -> tuple[str, ...]:
        now, sent_at = self.clock.now(), attempt.sent_at
        if sent_at is None or now - sent_at > LISTED_FOR:
            return ()
        # A clock that was set back meanwhile put the sending into the future.
        return channel.list_started(attempt.order, after=min(sent_at, now) - BEFORE_SENDING)

    @staticmethod
    def _matching(channel: ApprovalChannel, ids: list[str], attempts: tuple[Attempt, ...]) -> Iterator[Found]:
        for instance_id in ids:
            reading = _read(channel, instance_id)
            if reading is None:
                continue
            attempt = next((each for each in attempts if reading.carries(each.order)), None)
            if attempt is not None:
                yield Found(instance_id=instance_id, attempt=attempt.number, began_at=reading.began_at)


def _read(channel: ApprovalChannel, instance_id: str) -> Reading | None:
    try:
        return channel.read(instance_id)
    except ChannelError as error:
        if error.failure.kind == INSTANCE_GONE:
            return None  # too new to be read, or deleted: the next look tells
        raise


def _taken(instance_ids: list[str]) -> set[str]:
    """Return those that an approval owns, or that were found to be nobody's or a twin."""
    if not instance_ids:
        return set()
    owned = select(Approval.instance_id).where(Approval.instance_id.in_(instance_ids))
    judged = select(StrayInstance.instance_id).where(
        StrayInstance.instance_id.in_(instance_ids), StrayInstance.state != StrayState.FOUND
    )
    taken = {each for each in (*db.session.scalars(owned), *db.session.scalars(judged)) if each}
    db.session.rollback()
    return taken
