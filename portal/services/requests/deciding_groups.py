"""Items of one form, grouped by who can decide about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.models import Resource
from portal.rules.approver_policy import Asking
from portal.rules.item_groups import group_items
from portal.services.requests.approver_candidates import ApproverCandidates
from portal.services.requests.approver_choice import PossibleApprover, WhoDecides, decide_among


@dataclass(frozen=True, kw_only=True)
class DecidingGroup:
    """Places of items about which the same people can decide; ``whos`` says of each by which kind and why."""

    key: str
    places: tuple[int, ...]
    whos: tuple[WhoDecides, ...]

    @property
    def who(self) -> WhoDecides:
        """Who can decide, as told of the first item."""
        return self.whos[0]


def deciding_groups(
    session: Session,
    candidates: ApproverCandidates,
    resources: Sequence[Resource],
    *,
    requester_id: int,
    grantee_id: int,
) -> tuple[DecidingGroup, ...]:
    """Return the groups of the items that ask for these resources, inside whatever transaction is open."""
    asking = Asking(requester_id=requester_id, grantee_id=grantee_id)
    whos = _who_decides(session, candidates, resources, asking)
    grouped = group_items([[each.person.id for each in who.candidates] for who in whos])
    return tuple(
        DecidingGroup(key=group.key, places=group.places, whos=tuple(whos[place] for place in group.places))
        for group in grouped
    )


def shared_approvers(
    session: Session,
    candidates: ApproverCandidates,
    resources: Sequence[Resource],
    *,
    requester_id: int,
    grantee_id: int,
) -> tuple[PossibleApprover, ...]:
    """Return who can decide about all of these resources, the first by default; nobody where it takes two."""
    asking = Asking(requester_id=requester_id, grantee_id=grantee_id)
    whos = _who_decides(session, candidates, resources, asking)
    return tuple(
        each for each in whos[0].candidates if all(who.of(each.person.id) is not None for who in whos[1:])
    )


def _who_decides(
    session: Session, candidates: ApproverCandidates, resources: Sequence[Resource], asking: Asking
) -> list[WhoDecides]:
    """Apply the policy to each of these, a resource that stands in two items once."""
    by_id = {each.id: decide_among(session, candidates, asking, each) for each in resources}
    return [by_id[each.id] for each in resources]
