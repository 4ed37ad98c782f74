"""What a form tells before it is sent: who can hold which level, what is held or asked for, who decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.clock import Clock
from portal.extensions import db
from portal.models import ApprovalSettings, Person, Resource
from portal.rules.approver_policy import Asking
from portal.rules.eligibility import LevelOffer
from portal.services.catalogue.level_offers import level_offers, masked_columns
from portal.services.requests.approver_choice import ApproverChoices
from portal.services.requests.deciding_groups import DecidingGroup, deciding_groups
from portal.services.requests.entry_points import closed_entry
from portal.services.requests.held_access import HeldAccess, PendingAccess, held_access, pending_access


@dataclass(frozen=True, kw_only=True)
class ItemOffer:
    """One resource as a person can ask for it; ``columns`` are its masked columns (name to label)."""

    resource: Resource
    levels: tuple[LevelOffer, ...]
    columns: dict[str, str]
    held: tuple[HeldAccess, ...]
    pending: tuple[PendingAccess, ...]


@dataclass(frozen=True, kw_only=True)
class RequestOffer:
    """All items of a form, and who can decide about which."""

    items: tuple[ItemOffer, ...]
    groups: tuple[DecidingGroup, ...]


@dataclass(frozen=True, kw_only=True)
class RequestOffers:
    """Reads what a form tells. May ask DingTalk (short) whether approvers are still there; never fails for that."""

    clock: Clock
    approvers: ApproverChoices

    def offer(self, requester: Person, resources: Sequence[Resource], *, grantee_id: int) -> RequestOffer:
        """Return what there is to tell about asking for these resources (at least one) for a person."""
        requester_id, ids = requester.id, [each.id for each in resources]
        asking = Asking(requester_id=requester_id, grantee_id=grantee_id)
        candidates = self.approvers.refresh_all(dict.fromkeys(ids), asking=asking)
        session, now = db.session(), self.clock.now()
        grantee = session.get_one(Person, grantee_id)
        found = [session.get_one(Resource, each) for each in ids]
        held = held_access(session, person_id=grantee_id, resource_ids=ids, at=now)
        pending = pending_access(session, person_id=grantee_id, resource_ids=ids)
        levels = level_offers(session, person=grantee, resources=found)
        settings = session.get(ApprovalSettings, 1)
        items = tuple(
            ItemOffer(
                resource=resource,
                levels=tuple(
                    each for each in levels[resource.id] if closed_entry(settings, each.level) is None
                ),
                columns={
                    str(each["name"]): str(each.get("label") or each["name"])
                    for each in masked_columns(resource)
                },
                held=tuple(each for each in held if each.resource_id == resource.id),
                pending=tuple(each for each in pending if each.resource_id == resource.id),
            )
            for resource in found
        )
        groups = deciding_groups(session, candidates, found, requester_id=requester_id, grantee_id=grantee_id)
        return RequestOffer(items=items, groups=groups)
