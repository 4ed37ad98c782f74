"""What has to be true in Quick BI before anything is given; the remedy is told where it is not."""

from __future__ import annotations

from portal.grants.grant_target import GrantOrder
from portal.grants.quickbi.catalogue import TYPES
from portal.grants.quickbi.options import EditOnPrivate, QuickBIOptions
from portal.grants.quickbi.refusals import Refusal, refusal
from portal.grants.quickbi.ways import NOT_WORKS, TYPE_CODES
from portal.quickbi.client import QuickBI
from portal.quickbi.records import Work
from portal.rules.entitlement import Entitlement

PUBLISHED = (1, 2)
PRIVATE = ("0", "")
SPECIFIED = 12


def check_conditions(client: QuickBI, order: GrantOrder, options: QuickBIOptions) -> dict[str, str]:
    """Raise ``TargetError`` where the grant could not take effect; returns facts of what was changed for it.

    A resource or workspace that lets nothing be granted refuses with a remedy. Edit on a private work does so too,
    unless an admin has consented to the property being changed, which concerns everybody
    (UpdateAuthorizationAttributes).
    """
    work = None
    if order.resource_type not in NOT_WORKS:
        work = client.work(order.resource_id)
        if work is None:
            raise refusal(Refusal.RESOURCE_NOT_FOUND, resource=order.resource_name)
        _check_place(order, work)
        if work.status not in PUBLISHED and order.entitlement != Entitlement.EDIT:
            raise refusal(Refusal.NOT_PUBLISHED, resource=order.resource_name)
    _check_workspace(client, order, work)
    if work is not None and order.entitlement == Entitlement.EDIT and work.security_level in PRIVATE:
        return _open_for_edit(client, order, options)
    return {}


def _check_place(order: GrantOrder, work: Work) -> None:
    """Whoever keeps a workspace's part of the catalogue names ids: those of others' works are not theirs to offer."""
    work_type = TYPES.get(work.work_type.upper(), order.resource_type)
    workspace_id = order.workspace_id or work.workspace_id
    if (work_type, work.workspace_id) != (order.resource_type, workspace_id):
        raise refusal(Refusal.CATALOGUED_ELSEWHERE, resource=order.resource_name)


def _check_workspace(client: QuickBI, order: GrantOrder, work: Work | None) -> None:
    workspace_id = work.workspace_id if work is not None else order.workspace_id
    for each in client.list_workspaces():
        if each.workspace_id == workspace_id and not each.allows_sharing:
            raise refusal(Refusal.WORKSPACE_SHARING_OFF, workspace=each.name)


def _open_for_edit(client: QuickBI, order: GrantOrder, options: QuickBIOptions) -> dict[str, str]:
    if options.edit_on_private != EditOnPrivate.SET_SPECIFIED:
        raise refusal(Refusal.EDIT_ON_PRIVATE, resource=order.resource_name)
    client.set_edit_property(TYPE_CODES[order.resource_type], order.resource_id, edit_permission=SPECIFIED)
    return {"edit_property": "was private, set to specified members"}
