"""What a choice of approver kinds means for a requester, told on an example of the catalogue with real names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.clock import Clock
from portal.extensions import db
from portal.models import Person, Resource
from portal.rules.approver_policy import ApproverKind, Asking
from portal.services.requests.approver_candidates import read_candidates
from portal.services.requests.approver_choice import WhoDecides, decide_among
from portal.services.requests.undecided_resources import UndecidedResources


@dataclass(frozen=True, kw_only=True)
class KindsMeaning:
    """``people`` of every kind, ticked or not, and who is ``offered`` about the example, which may be missing.

    ``undecided`` is the number of resources about which nobody could decide.
    """

    example: Resource | None
    people: Mapping[ApproverKind, Sequence[Person]]
    offered: WhoDecides | None
    undecided: int


def kinds_meaning(clock: Clock, kinds: Sequence[ApproverKind]) -> KindsMeaning:
    """Return what these kinds, in this order, would mean for somebody who has nothing to do with the resource."""
    session = db.session()
    # One with both an owner and a workspace tells most; the first is as good as any.
    wanted = (
        select(Resource)
        .where(Resource.gone_at.is_(None))
        .order_by(Resource.owner_id.is_(None), Resource.workspace_id.is_(None), Resource.id)
    )
    example = session.scalar(wanted.limit(1))
    undecided = UndecidedResources(clock=clock).count(kinds=kinds)
    if example is None:
        return KindsMeaning(example=None, people={}, offered=None, undecided=undecided)
    at, anybody = clock.now(), Asking(requester_id=0, grantee_id=0)
    everybody = read_candidates(session, at=at, kinds=list(ApproverKind))
    chosen = read_candidates(session, at=at, kinds=kinds)
    return KindsMeaning(
        example=example,
        people=dict(everybody.people(session, example)),
        offered=decide_among(session, chosen, anybody, example),
        undecided=undecided,
    )
