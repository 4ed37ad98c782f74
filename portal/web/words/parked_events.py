"""What became of an event of DingTalk's, why, and what an admin can do about it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from portal.channels.dingtalk.failed_pushes import EMPTY_PUSH, OTHER_ORGANISATION
from portal.models.callback_event import EventRoad, EventState
from portal.services.events.event_inbox import BROKEN, INSTANCE_CHANGE, TASK_CHANGE, UNKNOWN_INSTANCE
from portal.services.events.parked_events import IGNORED_BY_ADMIN
from portal.services.starting.twins import FOREIGN, TWIN


@dataclass(frozen=True, kw_only=True)
class EventWords:
    """``kind`` is that of a badge, ``title`` its text; ``error`` names what was raised where the portal failed."""

    kind: str
    title: LazyString
    reason: LazyString
    next_step: LazyString | str = ""
    error: str = ""


_PARKED = {
    UNKNOWN_INSTANCE: EventWords(
        kind="warning",
        title=_("Nobody's approval"),
        reason=_(
            "It tells of an approval of this portal's template that no request and no Test started. It was "
            "compared again and again for several minutes."
        ),
        next_step=_(
            "Usually somebody started the template by hand in DingTalk: then press Ignore. Was a backup restored, "
            "or did another portal share this template? Press Try again once that is put right."
        ),
    ),
    BROKEN: EventWords(
        kind="danger",
        title=_("The portal failed on it"),
        reason=_(
            "Each attempt to sort this event ended in an error of the portal itself. The other events went on."
        ),
        next_step=_(
            "Give your operators the number of the event: their log says more. Press Try again after they have "
            "repaired or updated the portal."
        ),
    ),
}
_EMPTY_PUSH = EventWords(
    kind="warning",
    title=_("Arrived empty"),
    reason=_("DingTalk's list of failed pushes named an event, but not the approval it is about."),
    next_step=_("The approvals that run were looked up at once instead. Press Ignore."),
)
_OTHER_ORGANISATION = EventWords(
    kind="warning",
    title=_("From another organisation"),
    reason=_("The event names another organisation than the one connected here."),
    next_step=_("Was the app connected to another organisation until lately? Press Ignore."),
)
_PARKED_OTHERWISE = EventWords(
    kind="warning",
    title=_("Could not be understood"),
    reason=_("The portal could not tell which approval this event is about."),
    next_step=_(
        "Look at what DingTalk sent below. The approvals themselves are looked up again in any case: press Ignore if "
        "nothing is missing."
    ),
)
_PARKED |= {EMPTY_PUSH: _EMPTY_PUSH, OTHER_ORGANISATION: _OTHER_ORGANISATION}
_SETTLED = {
    TWIN: _("It tells of a second instance of an approval, which never counts."),
    FOREIGN: _("Somebody started the template by hand in DingTalk: no request of this portal."),
    IGNORED_BY_ADMIN: _("An admin decided to ignore it."),
    "not_an_approval_event": _("It does not tell of an approval."),
    "foreign_template": _("It tells of an approval of a template that this portal does not use."),
    "already_final": _("The approval was over already, with the same outcome."),
}
_IN_WORK = {
    EventState.RECEIVED: EventWords(
        kind="running", title=_("Being sorted"), reason=_("The portal looks for the approval it tells of.")
    ),
    EventState.MATCHED: EventWords(
        kind="running", title=_("Being applied"), reason=_("The approval is being read in DingTalk.")
    ),
    EventState.APPLIED: EventWords(
        kind="success", title=_("Applied"), reason=_("What it tells of was read in DingTalk.")
    ),
    EventState.IGNORED: EventWords(
        kind="neutral", title=_("Ignored"), reason=_("It does not concern any request or Test.")
    ),
}
_TYPES = {INSTANCE_CHANGE: _("Approval"), TASK_CHANGE: _("Task of an approval")}
_ROADS = {
    EventRoad.CALLBACK: _("Callback"),
    EventRoad.FAILED_PUSH_LIST: _("List of failed pushes"),
    EventRoad.STREAM: _("Stream"),
}


def event_words(state: str, reason: str | None) -> EventWords:
    """Return the words for an event in this state, parked or settled for this reason."""
    reason = reason or ""
    if state != EventState.PARKED:
        words = _IN_WORK[EventState(state)]
        return EventWords(kind=words.kind, title=words.title, reason=_SETTLED.get(reason, words.reason))
    if not reason.startswith(BROKEN):
        return _PARKED.get(reason, _PARKED_OTHERWISE)
    broken = _PARKED[BROKEN]
    return EventWords(
        kind=broken.kind,
        title=broken.title,
        reason=broken.reason,
        next_step=broken.next_step,
        error=reason.removeprefix(BROKEN),
    )


def road_words(road: str) -> str:
    """Return how an event came."""
    return str(_ROADS[EventRoad(road)])


def event_type_words(event_type: str) -> str:
    """Return what an event is about; a type that this portal does not handle by its code."""
    return str(_TYPES.get(event_type, event_type))
