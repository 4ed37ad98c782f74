"""The template that requests are started with now."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.models import ApprovalSettings, ApprovalTemplate
from portal.services.faults import Problem, ProblemReason


def template_in_use(session: Session) -> ApprovalTemplate:
    """Return the associated template; raises ``Problem`` while requests cannot be made."""
    settings = session.get(ApprovalSettings, 1)
    if settings is None or not settings.is_enabled or not settings.is_dingtalk_channel_on:
        raise Problem(ProblemReason.APPROVAL_OFF)
    if settings.template is None:
        raise Problem(ProblemReason.NO_TEMPLATE)
    return settings.template
