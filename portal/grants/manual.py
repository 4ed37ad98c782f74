"""The target where people act: access is given and taken away by hand, and is what they confirmed."""

from __future__ import annotations

from portal.grants.grant_target import Delivered, Doing, Finding, Found, GrantOrder
from portal.rules.entitlement import Entitlement, includes

# What a confirmation leaves with the grant.
GIVEN_AT, GIVEN_BY = "given_at", "given_by"
TAKEN_AT, TAKEN_BY = "taken_at", "taken_by"
# By which target a grant was given, or may have been, before people took over.
LEFT_BY = "left_by"


class ManualTarget:
    """Asks people for everything; what nobody confirmed to have given needs nobody to take it away."""

    def deliver(self, order: GrantOrder) -> Delivered:
        """Leave it to people; what was confirmed once is not asked for again."""
        return Delivered(doing=Doing.DONE if GIVEN_AT in order.known else Doing.BY_HAND, facts=order.known)

    def remove(self, order: GrantOrder) -> Delivered:
        """Leave it to people, unless nothing was given or another grant gives the same."""
        was_given = GIVEN_AT in order.known or LEFT_BY in order.known
        is_to_stay = not was_given or TAKEN_AT in order.known or _is_held_otherwise(order)
        return Delivered(doing=Doing.DONE if is_to_stay else Doing.BY_HAND, facts=order.known)

    def check(self, order: GrantOrder) -> Found:  # noqa: ARG002  the port's shape
        """Nobody looks: only people can tell."""
        return Found(finding=Finding.CANNOT_TELL, facts={"reason": "by_hand"})


def _is_held_otherwise(order: GrantOrder) -> bool:
    if order.entitlement == Entitlement.UNMASK:
        held = {
            column
            for each in order.others
            if each.entitlement == Entitlement.UNMASK
            for column in each.columns
        }
        return set(order.columns) <= held
    return any(includes(each.entitlement, order.entitlement) for each in order.others)
