"""Where a grant stands, what a look at its target found, and what to click by hand, in people's words."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from portal.grants.grant_target import Finding, TargetName
from portal.models import Grant
from portal.models.resource import ResourceType
from portal.rules.entitlement import Entitlement
from portal.rules.grant_state import GrantState, has_ended
from portal.services.grants.grant_drift import found_to_differ
from portal.services.grants.grant_orders import Action
from portal.services.names import entitlement_name
from portal.web.formatters import last_day

_BADGES = {
    GrantState.DUE: ("running", _l("Access is being given")),
    GrantState.ACTIVE: ("success", _l("Access works")),
    GrantState.FAILING: ("warning", _l("Access is delayed")),
    GrantState.EXPIRED: ("neutral", _l("Access expired")),
    GrantState.RETURNED: ("neutral", _l("Given back")),
    GrantState.REVOKED: ("warning", _l("Taken away")),
}
_TARGETS = {
    TargetName.MANUAL: _l("By hand"),
    TargetName.WEBHOOK: _l("Webhook"),
    TargetName.QUICKBI: _l("Quick BI"),
}
_TRIES = {
    (Action.DELIVER, True): _l("Given"),
    (Action.DELIVER, False): _l("Could not be given"),
    (Action.REMOVE, True): _l("Taken away"),
    (Action.REMOVE, False): _l("Could not be taken away"),
    (Action.CHECK, True): _l("Checked"),
    (Action.CHECK, False): _l("Could not be checked"),
}
_FINDINGS = {
    Finding.AS_WANTED: _l("The access is there, as it was approved."),
    Finding.MISSING: _l("The access is not there."),
    Finding.LESS: _l("The access is there, but with fewer rights than were approved."),
    Finding.ENDS_EARLIER: _l("The access is there, but ends earlier than was approved."),
    Finding.STILL_THERE: _l("The access is still there although it has ended."),
    Finding.CANNOT_TELL: _l("Nobody but the people who give this access can tell whether it is there."),
}
# Quick BI: where a person's access to each kind of resource is kept.
_PLACES = {
    ResourceType.DATA_PORTAL: _l(
        "In Quick BI open the data portals of the workspace, then the authorization of this portal."
    ),
    ResourceType.DATASET: _l(
        "In Quick BI open the datasets of the workspace, then the authorization of this dataset."
    ),
    ResourceType.DATA_SOURCE: _l(
        "In Quick BI open the data sources of the workspace, then the authorization of this data source."
    ),
    ResourceType.DATA_ENTRY_FORM: _l(
        "In Quick BI open the data entry forms of the workspace, then the authorization of this form."
    ),
}
_ANY_WORK = _l("In Quick BI open it from the list of its workspace, then its Collaborative Authorization.")
_COLUMNS = _l("In Quick BI open this dataset, then its column-level permissions and their white list.")


@dataclass(frozen=True, kw_only=True)
class TaskWords:
    """What somebody has to do by hand: ``title``, where and what in ``steps``, the button when it is done."""

    title: str
    steps: tuple[str, ...]
    button: str


def grant_badge(grant: Grant) -> tuple[str, str]:
    """Return the kind and the text of the badge for a grant."""
    if grant.ending is not None and not has_ended(grant.state):
        return ("warning" if grant.failure else "running"), gettext("Access is ending")
    if grant.state in (GrantState.DUE, GrantState.FAILING) and grant.task_at is not None:
        return "neutral", gettext("Waiting to be given")
    if grant.state == GrantState.ACTIVE and found_to_differ(grant):
        return "warning", gettext("Access differs")
    kind, text = _BADGES[GrantState(grant.state)]
    return kind, str(text)


def grant_sentence(grant: Grant, *, is_own: bool = True) -> str:
    """Return where a grant stands and what happens next."""
    if grant.ending is not None and not has_ended(grant.state):
        return _ending_sentence(grant)
    state = GrantState(grant.state)
    if state in (GrantState.DUE, GrantState.FAILING) and grant.task_at is not None:
        return gettext(
            "It was approved. Somebody who keeps the resource gives the access in the BI tool by hand."
        )
    if state == GrantState.ACTIVE and found_to_differ(grant):
        return gettext("It was given, but is not in the BI tool any more as it was approved.")
    if state == GrantState.ACTIVE and grant.expires_at is None:
        return gettext("The access works and has no end.")
    sentences = {
        GrantState.DUE: _l("It was approved. The portal is about to give the access."),
        GrantState.FAILING: _l("It was approved, but the access could not be given yet."),
        GrantState.EXPIRED: _l("The time that was approved is over."),
        GrantState.RETURNED: _l("You gave it back.") if is_own else _l("Its person gave it back."),
        GrantState.REVOKED: _l("Somebody who keeps the resource took it away."),
    }
    if state == GrantState.ACTIVE and grant.expires_at is not None:
        return Markup(gettext("The access works until %(day)s.")) % {"day": last_day(grant.expires_at)}  # noqa: S704
    return str(sentences[state])


def target_name(target: str) -> str:
    """Return by which way access is given."""
    return str(_TARGETS[TargetName(target)]) if target in set(TargetName) else target


def try_words(action: str, *, is_done: bool, is_failure: bool) -> str:
    """Return what one line of the log of deliveries says; neither done nor failed is left to people."""
    if not is_done and not is_failure:
        return gettext("Asked for by hand")
    return str(_TRIES[(Action(action), is_done)])


def finding_words(finding: str) -> str:
    """Return what a look at the target found."""
    return str(_FINDINGS[Finding(finding)])


def drift_words(grant: Grant) -> str:
    """Return how the BI tool was found to differ; empty where it does not, or was mended."""
    found = found_to_differ(grant)
    return finding_words(found) if found else ""


def task_words(grant: Grant) -> TaskWords:
    """Return what has to be done by hand for a grant: to give it, or to take it away."""
    person, name = grant.person.name, grant.resource.name
    level = entitlement_name(grant.entitlement)
    place = str(_place(grant))
    if grant.ending is not None:
        remove = gettext("Remove %(person)s's level “%(level)s” there.", person=person, level=level)
        title = gettext("Take %(person)s's access to %(resource)s away", person=person, resource=name)
        return TaskWords(title=title, steps=(place, remove), button=gettext("I have taken it away"))
    if grant.expires_at is None:
        give = gettext("Add %(person)s with the level “%(level)s”.", person=person, level=level)
    else:
        # Our own words; what is filled in is escaped by the markup's own formatting.
        words = Markup(gettext("Add %(person)s with the level “%(level)s” until %(day)s."))  # noqa: S704
        give = words % {"person": person, "level": level, "day": last_day(grant.expires_at)}
    title = gettext("Give %(person)s access to %(resource)s", person=person, resource=name)
    return TaskWords(title=title, steps=(place, give), button=gettext("I have given access"))


def _place(grant: Grant) -> object:
    if grant.entitlement == Entitlement.UNMASK:
        return _COLUMNS
    return _PLACES.get(ResourceType(grant.resource.resource_type), _ANY_WORK)


def _ending_sentence(grant: Grant) -> str:
    if grant.failure is not None:
        return gettext("It has ended, but it could not be taken away in the BI tool yet.")
    if grant.task_at is not None:
        return gettext("It has ended. Somebody who keeps the resource takes it away in the BI tool by hand.")
    return gettext("It has ended. The portal is taking it away in the BI tool.")
