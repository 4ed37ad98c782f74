"""Who decides and why, or why nobody can, in people's words."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.rules.approver_policy import (
    ApproverKind,
    ChoiceReason,
    Gap,
    GapReason,
    Nobody,
    NobodyReason,
)

_KINDS = {
    ApproverKind.PERMISSION_ADMINISTRATOR: _l("Permission administrator"),
    ApproverKind.WORKSPACE_ADMINISTRATOR: _l("Workspace administrator"),
    ApproverKind.DATA_WORK_OWNER: _l("Data work owner"),
    ApproverKind.ENTERPRISE_SECURITY_ADMINISTRATOR: _l("Enterprise security administrator"),
}
_REASONS = {
    ChoiceReason.OWNER: _l("Owns this resource."),
    ChoiceReason.PERMISSION_ADMINISTRATOR: _l("Is a permission administrator."),
    ChoiceReason.WORKSPACE_ADMINISTRATOR: _l("Is an administrator of the resource's workspace."),
    ChoiceReason.ENTERPRISE_SECURITY_ADMINISTRATOR: _l("Is an enterprise security administrator."),
    ChoiceReason.FALLBACK_OWNER_ASKS: _l(
        "The owner is the one who asks, and nobody decides about their own request. So the fallback approver "
        "decides."
    ),
    ChoiceReason.FALLBACK_NO_OWNER: _l(
        "The portal knows no owner of this resource, so the fallback approver decides."
    ),
    ChoiceReason.FALLBACK_OWNER_LEFT: _l(
        "The owner has left the organisation, so the fallback approver decides."
    ),
    ChoiceReason.FALLBACK_NO_OTHER: _l(
        "Nobody of those who usually decide can be asked, so the fallback approver decides."
    ),
    ChoiceReason.CHOSEN: _l("Chosen by the requester, as the approval flow asks for."),
    ChoiceReason.PASSED_ON: _l("An administrator passed it on to this person."),
    ChoiceReason.TRIAL: _l("Chosen for this Test."),
}
_STANDS_IN = {
    ChoiceReason.OWNER: _l("Stands in for %(name)s, who owns this resource and is on leave."),
    ChoiceReason.PERMISSION_ADMINISTRATOR: _l(
        "Stands in for %(name)s, a permission administrator who is on leave."
    ),
    ChoiceReason.WORKSPACE_ADMINISTRATOR: _l(
        "Stands in for %(name)s, an administrator of the workspace who is on leave."
    ),
    ChoiceReason.ENTERPRISE_SECURITY_ADMINISTRATOR: _l(
        "Stands in for %(name)s, an enterprise security administrator who is on leave."
    ),
}
_STANDS_IN_FOR_FALLBACK = _l("Stands in for %(name)s, the fallback approver, who is on leave.")
_GAPS = {
    (ApproverKind.DATA_WORK_OWNER, GapReason.NOBODY): _l("The portal knows no owner of this resource."),
    (ApproverKind.DATA_WORK_OWNER, GapReason.ASKS): _l(
        "You own this resource yourself, and nobody decides about their own request."
    ),
    (ApproverKind.DATA_WORK_OWNER, GapReason.GETS): _l("The colleague you ask for owns this resource."),
    (ApproverKind.DATA_WORK_OWNER, GapReason.LEFT): _l(
        "The owner of this resource has left the organisation."
    ),
    (ApproverKind.DATA_WORK_OWNER, GapReason.AWAY): _l(
        "The owner of this resource is on leave, and nobody can stand in for them here."
    ),
    (ApproverKind.DATA_WORK_OWNER, GapReason.UNREACHABLE): _l(
        "The owner of this resource is not in DingTalk."
    ),
    (ApproverKind.DATA_WORK_OWNER, GapReason.AUDITS): _l(
        "The owner of this resource is an auditor, who takes no part in what they judge."
    ),
    (ApproverKind.WORKSPACE_ADMINISTRATOR, GapReason.NOBODY): _l("Its workspace has no administrator."),
    (ApproverKind.WORKSPACE_ADMINISTRATOR, GapReason.ASKS): _l("You administer its workspace yourself."),
    (ApproverKind.PERMISSION_ADMINISTRATOR, GapReason.NOBODY): _l("There is no permission administrator."),
    (ApproverKind.PERMISSION_ADMINISTRATOR, GapReason.ASKS): _l("The permission administrator is you."),
    (ApproverKind.ENTERPRISE_SECURITY_ADMINISTRATOR, GapReason.NOBODY): _l(
        "There is no enterprise security administrator."
    ),
    (ApproverKind.ENTERPRISE_SECURITY_ADMINISTRATOR, GapReason.ASKS): _l(
        "The enterprise security administrator is you."
    ),
}
_GAPS_OF_ANY_KIND = {
    ApproverKind.PERMISSION_ADMINISTRATOR: _l("No permission administrator can be asked now."),
    ApproverKind.WORKSPACE_ADMINISTRATOR: _l("No administrator of its workspace can be asked now."),
    ApproverKind.DATA_WORK_OWNER: _l("The owner cannot be asked now."),
    ApproverKind.ENTERPRISE_SECURITY_ADMINISTRATOR: _l(
        "No enterprise security administrator can be asked now."
    ),
}
_WHY_NOT_THE_FALLBACK = {
    NobodyReason.NO_FALLBACK: _l("There is no fallback approver."),
    NobodyReason.FALLBACK_ASKS: _l("The fallback approver is you."),
    NobodyReason.FALLBACK_GETS: _l("The fallback approver is the colleague you ask for."),
    NobodyReason.FALLBACK_LEFT: _l("The fallback approver has left the organisation."),
    NobodyReason.FALLBACK_AWAY: _l(
        "The fallback approver is on leave, and nobody can stand in for them here."
    ),
    NobodyReason.FALLBACK_UNREACHABLE: _l("The fallback approver is not in DingTalk."),
    NobodyReason.FALLBACK_AUDITS: _l(
        "The fallback approver is an auditor, who takes no part in what they judge."
    ),
}
_REMEDY = _l("Ask an organization admin to name a fallback approver on the Approval Settings page.")
_REMEDY_FOR_THE_FALLBACK = _l(
    "Ask an organization admin to name another fallback approver on the Approval Settings page."
)


@dataclass(frozen=True, kw_only=True)
class NobodyWords:
    """Why nobody can decide, and what to do about it."""

    title: str
    reason: str
    remedy: str


def kind_name(kind: str) -> str:
    """Return the name of an approver kind."""
    return str(_KINDS[ApproverKind(kind)])


def approver_reason(reason: str, stands_in_for: str = "") -> str:
    """Return why this approver was chosen, as a sentence; ``stands_in_for`` names who is on leave."""
    if stands_in_for:
        return str(_STANDS_IN.get(ChoiceReason(reason), _STANDS_IN_FOR_FALLBACK)) % {"name": stands_in_for}
    return str(_REASONS[ChoiceReason(reason)])


def nobody_words(nobody: Nobody) -> NobodyWords:
    """Return why nobody can decide about a resource, and what to do about it."""
    reasons = [_gap_sentence(gap) for gap in nobody.gaps]
    return NobodyWords(
        title=gettext("Nobody can decide about this request"),
        reason=" ".join([*reasons, str(_WHY_NOT_THE_FALLBACK[nobody.reason])]),
        remedy=str(_REMEDY if nobody.reason == NobodyReason.NO_FALLBACK else _REMEDY_FOR_THE_FALLBACK),
    )


def _gap_sentence(gap: Gap) -> str:
    return str(_GAPS.get((gap.kind, gap.reason), _GAPS_OF_ANY_KIND[gap.kind]))
