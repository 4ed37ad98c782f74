"""A grant's row: locked together with what else its person holds of the resource, and moved along its states."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased, lazyload

from portal.models import Grant
from portal.rules.grant_state import ENDS, GrantState, check_grant_step, is_in_effect


@dataclass(frozen=True, kw_only=True)
class Locked:
    """A grant, and the open grants of the same person on the same resource, kept from others until the commit."""

    grant: Grant
    others: tuple[Grant, ...]

    def in_effect(self, now: datetime) -> tuple[Grant, ...]:
        """Return those of the others that are in effect now."""
        return tuple(each for each in self.others if is_wanted(each, now))


def locked_grant(session: Session, grant_id: int) -> Locked | None:
    """Lock a grant with its pair; None: no such."""
    return locked_grants(session, [grant_id]).get(grant_id)


def locked_grants(session: Session, ids: Collection[int]) -> dict[int, Locked]:
    """Lock grants with their pairs, always in the order of ids so that two never wait for each other.

    Returns those that there are. Who gets access to what is not read with them: few need it, and a lot is long.
    """
    of_pair = aliased(Grant)
    same_pair = and_(Grant.person_id == of_pair.person_id, Grant.resource_id == of_pair.resource_id)
    together = session.scalars(select(Grant.id).join(of_pair, same_pair).where(of_pair.id.in_(ids))).all()
    rows = session.scalars(
        select(Grant)
        .where(Grant.id.in_(set(together)), or_(Grant.id.in_(ids), Grant.state.not_in(ENDS)))
        .order_by(Grant.id)
        .with_for_update(of=Grant)
        .options(lazyload(Grant.person), lazyload(Grant.resource))
        .execution_options(populate_existing=True)
    ).all()
    pairs: dict[tuple[int, int], list[Grant]] = {}
    for each in rows:
        pairs.setdefault((each.person_id, each.resource_id), []).append(each)
    return {
        grant.id: Locked(
            grant=grant,
            others=tuple(each for each in pairs[grant.person_id, grant.resource_id] if each is not grant),
        )
        for grant in rows
        if grant.id in ids
    }


def is_wanted(grant: Grant, now: datetime) -> bool:
    """Whether the person is meant to have this access now."""
    return is_in_effect(grant.state, ending=grant.ending, expires_at=grant.expires_at, now=now)


def move_grant(grant: Grant, state: GrantState) -> None:
    """Change the state along the state machine; raises ``IllegalGrantStep``. Staying is no step."""
    if grant.state != state:
        check_grant_step(grant.state, state)
        grant.state = state.value


def begin_end(grant: Grant, end: GrantState, *, at: datetime) -> None:
    """Ask for the end of a grant that is in effect: its next work is to have the access taken away.

    What hindered giving it is over with that; what hinders taking it away is told of by itself.
    """
    grant.ending = end.value
    grant.due_at = at
    grant.notice_at = grant.failure = None
    grant.retries = 0
