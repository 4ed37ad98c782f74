"""States, and who decides and why, in people's words."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.rules.approval_state import ApprovalState

# Waiting is neutral, not running: it may last for days, and a running badge turns.
_BADGES = {
    ApprovalState.AWAITING_ACCEPTANCE: ("neutral", _l("Waiting for the colleague")),
    ApprovalState.SUBMITTED: ("running", _l("Submitted")),
    ApprovalState.STARTING: ("running", _l("Starting")),
    ApprovalState.START_UNKNOWN: ("warning", _l("Being checked")),
    ApprovalState.NEEDS_CHOICE: ("warning", _l("Needs your choice")),
    ApprovalState.COULD_NOT_START: ("danger", _l("Could not start")),
    ApprovalState.PENDING: ("neutral", _l("Waiting")),
    ApprovalState.APPROVED: ("success", _l("Approved")),
    ApprovalState.REJECTED: ("danger", _l("Rejected")),
    ApprovalState.WITHDRAWN: ("neutral", _l("Withdrawn")),
    ApprovalState.TERMINATED: ("warning", _l("Ended in DingTalk")),
    ApprovalState.LAPSED: ("warning", _l("Lapsed")),
    ApprovalState.ESCALATED: ("neutral", _l("Passed on")),
    ApprovalState.PARTLY_APPROVED: ("success", _l("Partly approved")),
}
_ENDED_BY = {
    ApprovalState.REJECTED: _l("Rejected by %(who)s"),
    ApprovalState.WITHDRAWN: _l("Withdrawn by %(who)s"),
    ApprovalState.TERMINATED: _l("Ended in DingTalk by %(who)s"),
}
_SENTENCES = {
    ApprovalState.AWAITING_ACCEPTANCE: _l(
        "The colleague for whom access is asked has to agree before anybody decides."
    ),
    ApprovalState.SUBMITTED: _l(
        "The request is saved. The portal is about to start the approval in DingTalk."
    ),
    ApprovalState.STARTING: _l("The portal is starting the approval in DingTalk."),
    ApprovalState.START_UNKNOWN: _l(
        "We asked DingTalk, its answer did not arrive; we are looking for the approval and will never start "
        "it twice."
    ),
    ApprovalState.NEEDS_CHOICE: _l(
        "The approval has not started: whom you chose no longer fits the approval flow. It starts as soon as "
        "approvers are chosen anew."
    ),
    ApprovalState.COULD_NOT_START: _l("The approval could not be started in DingTalk."),
    ApprovalState.PENDING: _l("The approval runs in DingTalk and waits for a decision."),
    ApprovalState.APPROVED: _l("Approved. Access is given in the BI tool by the owner."),
    ApprovalState.REJECTED: _l("Rejected. No access is given."),
    ApprovalState.WITHDRAWN: _l("Withdrawn before there was a decision. No access is given."),
    ApprovalState.TERMINATED: _l("Ended in DingTalk without a decision. No access is given."),
    ApprovalState.LAPSED: _l("Nobody decided in time. No access is given."),
    ApprovalState.ESCALATED: _l("Nobody decided in time, so somebody else was asked."),
    ApprovalState.PARTLY_APPROVED: _l("Some of what was asked for is approved, the rest is not."),
}


_WITHDRAWING_THERE = _l(
    "Withdrawing. DingTalk allows it 15 seconds after the start; the portal does it by itself."
)
_WITHDRAWING_BEFORE = _l("Withdrawing, as soon as it is certain whether DingTalk has started the approval.")


_STARTS_BY_ITSELF = _l(
    "The request is saved. The approval could not be started yet; the portal starts it by itself as soon as "
    "DingTalk allows it."
)
_DINGTALK_IS_BUSY = _l("The request is saved. DingTalk is busy; the approval starts by itself.")


def state_badge(state: str) -> tuple[str, str]:
    """Return the kind and the text of the badge for an approval state."""
    kind, text = _BADGES[ApprovalState(state)]
    return kind, str(text)


def ended_by(state: str, who: str) -> str:
    """Return how an approval ended, and by whom where that is known (``who`` is a name or empty)."""
    sentence = _ENDED_BY.get(ApprovalState(state))
    return str(sentence) % {"who": who} if who and sentence else state_badge(state)[1]


def state_sentence(state: str) -> str:
    """Return what an approval state means for the person who reads it."""
    return str(_SENTENCES[ApprovalState(state)])


def waiting_sentence(kind: str) -> str:
    """Return what is known of a start that waits after a failure of this kind."""
    return str(_DINGTALK_IS_BUSY if kind == "throttled" else _STARTS_BY_ITSELF)


def gone_badge() -> tuple[str, str]:
    """Return the badge of a request whose approval was deleted in DingTalk."""
    return "warning", gettext("Deleted in DingTalk")


def withdrawing_badge() -> tuple[str, str]:
    """Return the badge of a request whose withdrawal was asked for and is not done yet."""
    return "running", gettext("Being withdrawn")


def withdrawing_sentence(state: str) -> str:
    """Return what happens next after a withdrawal was asked for in this state."""
    if state == ApprovalState.PENDING:
        return str(_WITHDRAWING_THERE)
    return str(_WITHDRAWING_BEFORE)
