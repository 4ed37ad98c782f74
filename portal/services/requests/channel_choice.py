"""Where new requests are decided; those under way keep the channel they were started under."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.channels.approval_channel import ChannelName
from portal.models import ApprovalSettings
from portal.services.faults import Problem, ProblemReason


def channel_for_new_requests(session: Session) -> ChannelName:
    """Return the channel under which a request submitted now is decided.

    DingTalk where it is on, unless an admin prefers the portal for now; else the portal where that is on. Raises
    ``Problem(APPROVAL_OFF)`` where neither is, or the approval flow is off. Whether DingTalk's template can be used
    is another question (``template_in_use``).
    """
    settings = session.get(ApprovalSettings, 1)
    if settings is None or not settings.is_enabled:
        raise Problem(ProblemReason.APPROVAL_OFF)
    if settings.is_in_platform_channel_on and settings.prefers_in_platform:
        return ChannelName.IN_PLATFORM
    if settings.is_dingtalk_channel_on:
        return ChannelName.DINGTALK
    if settings.is_in_platform_channel_on:
        return ChannelName.IN_PLATFORM
    raise Problem(ProblemReason.APPROVAL_OFF)
