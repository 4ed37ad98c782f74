"""A tally of what was refused, by reason and hour; many refusals in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import structlog
from sqlalchemy import JSON, Connection, bindparam, select, text, update

from portal.channels.callback_refusals import RefusalReason
from portal.models import CallbackTally
from portal.models.base import UtcDateTime

log = structlog.get_logger(__name__)

SAMPLES_KEPT = 5

BEGIN_TALLY = text(
    """
    INSERT INTO portal_callback_tally (reason, hour, count, samples) VALUES (:reason, :hour, 0, :samples)
    ON CONFLICT (reason, hour) DO NOTHING
    """
).bindparams(bindparam("hour", type_=UtcDateTime()), bindparam("samples", type_=JSON()))


@dataclass(frozen=True)
class Refusal:
    """An event that was refused, when and from where."""

    reason: RefusalReason
    at: datetime
    address: str

    @property
    def tally(self) -> tuple[str, datetime]:
        return self.reason.value, self.at.replace(minute=0, second=0, microsecond=0)


def tally_refusals(connection: Connection, refusals: Sequence[Refusal]) -> None:
    """Count refusals by reason and hour, with when and from where the last few came; never a body."""
    for tally, group in groupby(sorted(refusals, key=_tally_and_time), key=lambda each: each.tally):
        _add(connection, tally, list(group))


def _add(connection: Connection, tally: tuple[str, datetime], refusals: Sequence[Refusal]) -> None:
    reason, hour = tally
    log.warning("callback.refused", reason=reason, count=len(refusals), address=refusals[-1].address)
    connection.execute(BEGIN_TALLY, {"reason": reason, "hour": hour, "samples": []})
    this = (CallbackTally.reason == reason, CallbackTally.hour == hour)
    known = connection.scalars(select(CallbackTally.samples).where(*this).with_for_update()).one()
    latest = [
        {"at": each.at.isoformat(timespec="seconds"), "address": each.address[:64]}
        for each in refusals[-SAMPLES_KEPT:]
    ]
    connection.execute(
        update(CallbackTally)
        .where(*this)
        .values(count=CallbackTally.count + len(refusals), samples=[*known, *latest][-SAMPLES_KEPT:])
    )


def _tally_and_time(refusal: Refusal) -> tuple[tuple[str, datetime], datetime]:
    return refusal.tally, refusal.at
