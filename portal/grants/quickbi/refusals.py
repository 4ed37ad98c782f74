"""Why the target itself does not do what it is asked; Quick BI's own refusals stand beside them."""

from __future__ import annotations

from enum import StrEnum

from portal.channels.failures import Failure, Retry
from portal.grants.grant_target import TargetError


class Refusal(StrEnum):
    """Each has its own remedy (``web/words/quickbi_failures.py``)."""

    NOT_CONNECTED = "quickbi_not_connected"
    SECRET_UNREADABLE = "quickbi_secret_unreadable"  # noqa: S105  a name, not a password
    PERSON_NOT_BOUND = "quickbi_person_not_bound"
    RESOURCE_NOT_FOUND = "quickbi_resource_not_found"
    CATALOGUED_ELSEWHERE = "quickbi_catalogued_elsewhere"
    NOT_PUBLISHED = "quickbi_not_published"
    WORKSPACE_SHARING_OFF = "quickbi_workspace_sharing_off"
    EDIT_ON_PRIVATE = "quickbi_edit_on_private"
    LEVEL_NOT_SETTLED = "quickbi_level_not_settled"
    PORTAL_EDIT = "quickbi_portal_edit"
    NO_LEAF_MENUS = "quickbi_no_leaf_menus"
    ONLY_LINK_MENUS = "quickbi_only_link_menus"
    NOT_SEEN_AFTERWARDS = "quickbi_not_seen_afterwards"
    STILL_OPEN_AFTERWARDS = "quickbi_still_open_afterwards"
    ENDED_BEFORE_DELIVERY = "quickbi_ended_before_delivery"


def refusal(kind: Refusal, *, retry: Retry = Retry.PERMANENT, **facts: str) -> TargetError:
    """Build the error; ``facts`` fill the sentence that explains it and hold nothing secret."""
    return TargetError(Failure(kind=kind, retry=retry, facts=facts))
