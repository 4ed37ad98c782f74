"""Gets to know the people of an approval: from what the portal remembers, else from the directory."""

from __future__ import annotations

import structlog
from sqlalchemy import select

from portal.channels.approval_channel import Reading
from portal.channels.failures import ChannelError
from portal.extensions import db
from portal.models import Approval, Person
from portal.services.outcomes.approval_records import strangers_in
from portal.services.outcomes.participants import Participants, everybody_in
from portal.services.people import People

log = structlog.get_logger(__name__)

# DingTalk puts placeholders such as V00_… where nobody acted; the directory need not be asked about these.
PLACEHOLDER_PREFIX = "V00_"


def meet(reading: Reading, *, approval_id: int, people: People) -> Participants:
    """Return whom a reading speaks of, outside any transaction.

    The directory is asked about those not met before; about a stranger only once for each approval.
    """
    user_ids = everybody_in(reading)
    approval = db.session.get_one(Approval, approval_id)
    corp_id, strangers = approval.requester.corp_id, strangers_in(approval) & user_ids
    names = _names(user_ids, corp_id=corp_id)
    db.session.rollback()
    unclear, trouble = set(), None
    for user_id in sorted(user_ids - names.keys() - strangers):
        if user_id.startswith(PLACEHOLDER_PREFIX):
            continue
        try:
            people.remember_anybody(user_id)
        except ChannelError as error:
            log.warning("directory.failed", **error.failure.told)
            unclear.add(user_id)
            trouble = error
    names = _names(user_ids, corp_id=corp_id)
    db.session.rollback()
    return Participants(
        names=names,
        strangers=frozenset(user_ids - names.keys() - unclear),
        unclear=frozenset(unclear),
        trouble=trouble,
    )


def _names(user_ids: set[str], *, corp_id: str | None) -> dict[str, str]:
    known = select(Person.user_id, Person.name).where(Person.user_id.in_(user_ids), Person.corp_id == corp_id)
    return {user_id: name for user_id, name in db.session.execute(known).tuples() if user_id}
