"""What DingTalk is asked about the flow of one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from portal.models import ApprovalTemplate, Person
from portal.models.approval_template import TemplateMode
from portal.rules.flow_rules import Node
from portal.rules.validity import Validity
from portal.services.templates.form_values import FormItem, request_values
from portal.services.templates.template_flow import confirmed_nodes


@dataclass(frozen=True, kw_only=True)
class FlowQuestion:
    """Which way would this go: plain values, so that no transaction is open while DingTalk is asked."""

    template_id: int
    process_code: str
    confirmed: tuple[Node, ...]
    corp_id: str
    requester_user_id: str
    department_id: int
    values: Mapping[str, str]


def flow_question(
    template: ApprovalTemplate,
    requester: Person,
    *,
    items: Sequence[FormItem],
    validity: Validity,
    reason: str,
    department_id: int,
    today: date,
    on_behalf_of: str = "",
) -> FlowQuestion | None:
    """Return what to ask DingTalk about one approval, or None where one approver decides peer to peer.

    ``items`` are those of the approval, ``department_id`` is as approval calls number it. Texts that no branch of
    a flow can depend on stay open.
    """
    if template.mode != TemplateMode.FULL_FLOW:
        return None
    return FlowQuestion(
        template_id=template.id,
        process_code=template.process_code,
        confirmed=confirmed_nodes(template),
        corp_id=requester.corp_id or "",
        requester_user_id=requester.user_id or "",
        department_id=department_id,
        values=request_values(
            template,
            number="-",
            items=items,
            validity=validity,
            reason=reason or "-",
            status_page="-",
            today=today,
            on_behalf_of=on_behalf_of,
        ),
    )
