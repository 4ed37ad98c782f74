"""States, and who decides and why, in people's words."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.rules.approval_state import ApprovalState, WithdrawalPurpose

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
# What is decided in the portal says nothing about DingTalk.
_BADGES_HERE = {ApprovalState.TERMINATED: ("warning", _l("Ended"))}
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

_SENTENCES_HERE = {
    ApprovalState.SUBMITTED: _l("The request is saved."),
    ApprovalState.PENDING: _l("It waits for a decision in the portal."),
    ApprovalState.TERMINATED: _l("Ended without a decision. No access is given."),
}
_ENDING_BADGES = {
    WithdrawalPurpose.ESCALATION: _l("Being passed on"),
    WithdrawalPurpose.LAPSE: _l("Lapsing"),
}
_ENDING = {
    WithdrawalPurpose.ESCALATION: _l(
        "Nobody has decided for days. The portal is ending the approval in DingTalk and then asks somebody else."
    ),
    WithdrawalPurpose.LAPSE: _l(
        "Nobody has decided in time. The portal is ending the approval in DingTalk; a decision made before that "
        "counts."
    ),
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


def state_badge(state: str, *, is_here: bool = False) -> tuple[str, str]:
    """Return the kind and the text of the badge for a state; ``is_here``: of an approval decided in the portal."""
    kind, text = (is_here and _BADGES_HERE.get(ApprovalState(state))) or _BADGES[ApprovalState(state)]
    return kind, str(text)


def ended_by(state: str, who: str) -> str:
    """Return how an approval ended, and by whom where that is known (``who`` is a name or empty)."""
    sentence = _ENDED_BY.get(ApprovalState(state))
    return str(sentence) % {"who": who} if who and sentence else state_badge(state)[1]


def state_sentence(state: str, *, is_here: bool = False) -> str:
    """Return what an approval state means for the person who reads it."""
    return str((is_here and _SENTENCES_HERE.get(ApprovalState(state))) or _SENTENCES[ApprovalState(state)])


def waiting_sentence(kind: str) -> str:
    """Return what is known of a start that waits after a failure of this kind."""
    return str(_DINGTALK_IS_BUSY if kind == "throttled" else _STARTS_BY_ITSELF)


def gone_badge() -> tuple[str, str]:
    """Return the badge of a request whose approval was deleted in DingTalk."""
    return "warning", gettext("Deleted in DingTalk")


def ending_badge(purpose: str | None) -> tuple[str, str]:
    """Return the badge of an approval whose end was asked for, by its requester or for a purpose of the portal's."""
    if purpose is None:
        return "running", gettext("Being withdrawn")
    return "running", str(_ENDING_BADGES[WithdrawalPurpose(purpose)])


def ending_sentence(state: str, purpose: str | None) -> str:
    """Return what happens next after the end of an approval was asked for in this state."""
    return withdrawing_sentence(state) if purpose is None else str(_ENDING[WithdrawalPurpose(purpose)])


def withdrawing_sentence(state: str) -> str:
    """Return what happens next after a withdrawal was asked for in this state."""
    if state == ApprovalState.PENDING:
        return str(_WITHDRAWING_THERE)
    return str(_WITHDRAWING_BEFORE)
