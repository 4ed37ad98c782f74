"""The filters of a list between its address and the service, and the choices that its form offers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.grants.grant_target import TargetName
from portal.models.resource import ResourceType
from portal.rules.entitlement import Entitlement
from portal.rules.grant_state import GrantState
from portal.services.lists.grant_filters import DIFFERING, OPEN_STATES
from portal.services.lists.list_filters import LONGEST_FILTER, ListFilters
from portal.services.names import entitlement_name, resource_type_name

TEXTS = ("person", "resource", "workspace", "approver")
# What a kept view may hold.
KNOWN = (*TEXTS, "q", "state", "type", "level", "target", "since", "until")

_GRANT_STATES = {
    OPEN_STATES: _l("Not ended"),
    GrantState.DUE: _l("Being given"),
    GrantState.ACTIVE: _l("In effect"),
    GrantState.FAILING: _l("Failing"),
    DIFFERING: _l("Differs in the BI tool"),
    GrantState.EXPIRED: _l("Expired"),
    GrantState.RETURNED: _l("Given back"),
    GrantState.REVOKED: _l("Revoked"),
}
_TARGETS = {
    TargetName.MANUAL: _l("By hand"),
    TargetName.WEBHOOK: _l("Webhook"),
    TargetName.QUICKBI: _l("Quick BI"),
}


def read_filters(sent: Mapping[str, str], *, are_grants: bool) -> ListFilters:
    """Read an address; what it does not know is left out, so that an old address still shows something."""
    texts = {name: typed(sent.get(name)) for name in TEXTS}
    return ListFilters(
        **texts,
        resource_type=_one_of(sent.get("type"), set(ResourceType)),
        level=_one_of(sent.get("level"), set(Entitlement)),
        state=_one_of(sent.get("state"), set(_GRANT_STATES)) if are_grants else "",
        target=_one_of(sent.get("target"), set(TargetName)) if are_grants else "",
        since=_day(sent.get("since")),
        until=_day(sent.get("until")),
    )


def query_of(filters: ListFilters) -> dict[str, str]:
    """Return the parameters of an address that ``read_filters`` reads as the same."""
    found = {
        **{name: getattr(filters, name) for name in TEXTS},
        "type": filters.resource_type,
        "level": filters.level,
        "state": filters.state,
        "target": filters.target,
        "since": filters.since.isoformat() if filters.since else "",
        "until": filters.until.isoformat() if filters.until else "",
    }
    return {name: value for name, value in found.items() if value}


def choices() -> dict[str, dict[str, str]]:
    """Return what a form offers to choose from: stored code to words, by parameter."""
    return {
        "type": {each.value: resource_type_name(each) for each in ResourceType},
        "level": {each.value: entitlement_name(each) for each in Entitlement},
        "state": {str(code): str(words) for code, words in _GRANT_STATES.items()},
        "target": {code.value: str(words) for code, words in _TARGETS.items()},
    }


def target_name(target: str) -> str:
    """Return a grant target in the reader's language."""
    return str(_TARGETS[TargetName(target)])


def typed(text: str | None) -> str:
    """Return a text as it is looked for; PostgreSQL takes no NUL."""
    return (text or "").replace("\x00", " ").strip()[:LONGEST_FILTER]


def id_before(sent: str | None) -> int | None:
    """Read where an earlier page ended; an address mistyped by hand shows the newest."""
    is_number = bool(sent) and str(sent).isascii() and str(sent).isdecimal() and len(str(sent)) < 12
    return int(str(sent)) if is_number else None


def _one_of(sent: str | None, known: set[Any]) -> str:
    return str(sent) if sent and sent in {str(each) for each in known} else ""


def _day(sent: str | None) -> date | None:
    try:
        found = date.fromisoformat(sent or "")
    except ValueError:
        return None
    return found if date(2000, 1, 1) <= found < date(2200, 1, 1) else None
