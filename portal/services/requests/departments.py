"""From which of their departments somebody asks."""

from __future__ import annotations

from portal.channels.approval_channel import ChannelName
from portal.channels.dingtalk.people import approval_department
from portal.models import Person
from portal.services.faults import FieldFault, Problem, ProblemReason

NO_DEPARTMENT = 0


def department_of(requester: Person, chosen: int | None, *, channel: ChannelName) -> int:
    """Return the department as approval calls number it; the first one unless another is ``chosen``.

    Decided in the portal, a request needs none. Raises ``Problem`` for somebody who has none and needs one,
    ``FieldFault`` for one that is not theirs.
    """
    if channel == ChannelName.DINGTALK and not requester.is_dingtalk_person:
        raise Problem(ProblemReason.NOT_A_DINGTALK_PERSON)
    if channel == ChannelName.DINGTALK and not requester.departments:
        raise Problem(ProblemReason.NO_DEPARTMENT)
    if chosen is not None and chosen not in requester.departments:
        raise FieldFault("department", "not_yours")
    if not requester.departments:
        return NO_DEPARTMENT
    return approval_department(requester.departments[0] if chosen is None else chosen)
