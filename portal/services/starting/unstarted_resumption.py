"""Sends off again what could not start because of the template, once that reason is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.channels.failures import OwnFailure
from portal.models import Approval, ApprovalSettings, ApprovalTemplate
from portal.rules.approval_state import ApprovalState
from portal.services.approval_rows import locked, sum_up_request
from portal.services.audit import PORTAL, record
from portal.services.request_address import address_in_form
from portal.services.starting.start_again import try_to_start_again

# Failures of a start that lie in the template, its form or its flow.
ABOUT_TEMPLATE = frozenset(
    {
        "template_gone",
        "template_disabled",
        "form_values_refused",
        "approver_missing",
        "approver_out_of_range",
        OwnFailure.BYPASS_NOT_ACKNOWLEDGED,
        OwnFailure.FLOW_NOT_USABLE,
        OwnFailure.FLOW_CHANGED,
        OwnFailure.NOT_A_CANDIDATE,
    }
)
TOGETHER = 500


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """``public_url`` is the portal's own address."""

    public_url: str

    def resume(self, session: Session, template: ApprovalTemplate, *, at: datetime) -> int:
        """Submit the requests that wait for this template again, in the caller's commit; returns how many."""
        settings = session.get(ApprovalSettings, 1)
        if settings is None or settings.template_id != template.id or not settings.is_dingtalk_channel_on:
            return 0
        return sum(
            self._resume(session, approval_id, template, at=at) for approval_id in _stuck(session, template)
        )

    def _resume(
        self, session: Session, approval_id: int, template: ApprovalTemplate, *, at: datetime
    ) -> bool:
        approval = locked(session, approval_id)
        request = approval.request
        if request is None or not _is_stuck(approval):
            return False
        page = address_in_form(self.public_url, request.number)
        problem = try_to_start_again(session, request, approval, template=template, status_page=page, at=at)
        if problem is not None:  # nobody decides any more: the requester is told when trying again
            return False
        sum_up_request(request, at=at)
        record(session, PORTAL, "start.resumed", at=at, subject=("approval", approval.number))
        return True


def waiting_names(session: Session, template: ApprovalTemplate) -> tuple[str, ...]:
    """Return whom starts through this template would have passed over without an admin's consent, by name."""
    names: dict[str, None] = {}
    for failure in session.scalars(_not_started(Approval.failure, template)):
        if failure and failure.get("kind") == OwnFailure.BYPASS_NOT_ACKNOWLEDGED:
            names |= dict.fromkeys(filter(None, failure.get("facts", {}).get("people", "").split(", ")))
    return tuple(names)


def _stuck(session: Session, template: ApprovalTemplate) -> list[int]:
    return [
        approval.id for approval in session.scalars(_not_started(Approval, template)) if _is_stuck(approval)
    ]


def _not_started(what: Any, template: ApprovalTemplate) -> Select[Any]:
    """Select a column, or all, of the requests' approvals that could not start."""
    could_not_start = select(what).where(
        Approval.template_id == template.id,
        Approval.state == ApprovalState.COULD_NOT_START,
        Approval.request_id.is_not(None),
    )
    return could_not_start.order_by(Approval.id).limit(TOGETHER)


def _is_stuck(approval: Approval) -> bool:
    kind = (approval.failure or {}).get("kind")
    return approval.state == ApprovalState.COULD_NOT_START and kind in ABOUT_TEMPLATE
