"""The flows that the items of one form would pass: one for each group, where a template's own flow decides."""

from __future__ import annotations

from dataclasses import dataclass

from portal.channels.approval_channel import ChannelName
from portal.clock import Clock
from portal.extensions import db
from portal.models import ApprovalTemplate, Person, Resource
from portal.models.approval_template import TemplateMode
from portal.rules.entitlement import Entitlement, entitlements_of
from portal.rules.flow_rules import NodePerson
from portal.rules.validity import Validity, ValidityFault, check_validity
from portal.services.faults import Problem
from portal.services.requests.approver_candidates import read_candidates
from portal.services.requests.channel_choice import channel_for_new_requests
from portal.services.requests.deciding_groups import DecidingGroup, deciding_groups
from portal.services.requests.departments import department_of
from portal.services.requests.flow_choices import FlowChoices, FlowOffer, choices_of
from portal.services.requests.flow_question import FlowQuestion, flow_question
from portal.services.requests.form_items import form_item
from portal.services.requests.item_checks import resources_of
from portal.services.requests.request_form import AskedItem, RequestForm
from portal.services.templates.form_values import FormItem
from portal.services.templates.template_in_use import template_in_use

# Made up while the form does not say yet.
SOME_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class GroupFlow:
    """The flow of one group of items."""

    key: str
    offer: FlowOffer


@dataclass(frozen=True, kw_only=True)
class FlowOffers:
    """Asks DingTalk which way the items of a form would go."""

    clock: Clock
    flow_choices: FlowChoices

    def asks_for_choices(self) -> bool:
        """Whether requesters choose approvers now: only then does everybody search the directory."""
        return _template_with_flow() is not None

    def offers(self, requester: Person, form: RequestForm, *, grantee_id: int) -> tuple[GroupFlow, ...]:
        """Return the flow of each group, or none where approvers decide peer to peer.

        What ``form`` does not say yet is made up. Where its choices are not about a group, the approver of the
        policy is chosen at the group's first node. Raises ``ChannelError``.
        """
        template = _template_with_flow()
        if template is None:
            return ()
        groups = self._groups(requester, form, grantee_id=grantee_id)
        asked = []
        for group in groups:
            question = self._question(requester, form, group, template, grantee_id=grantee_id)
            policy = group.who.default
            preferred = (
                NodePerson(user_id=policy.person.user_id or "", name=policy.person.name) if policy else None
            )
            asked.append((group.key, question, preferred))
        found = []
        for key, question, preferred in asked:
            chosen = choices_of(form.choices, key, is_only=len(asked) == 1)
            if chosen:
                offer = self.flow_choices.offer(question, sent=chosen)
            else:
                offer = self.flow_choices.offer(question, preferred=preferred)
            found.append(GroupFlow(key=key, offer=offer))
        return tuple(found)

    def questions(self, requester: Person, form: RequestForm, *, grantee_id: int) -> dict[str, FlowQuestion]:
        """Return what to ask DingTalk about each group, by its key; nothing where approvers decide peer to peer.

        Raises ``Problem`` and ``FieldFault`` as ``department_of`` does.
        """
        template = _template_with_flow()
        if template is None:
            return {}
        return {
            group.key: self._question(requester, form, group, template, grantee_id=grantee_id)
            for group in self._groups(requester, form, grantee_id=grantee_id)
        }

    def _groups(self, requester: Person, form: RequestForm, *, grantee_id: int) -> tuple[DecidingGroup, ...]:
        session = db.session()
        return deciding_groups(
            session,
            read_candidates(session, at=self.clock.now()),
            resources_of(session, form.items),
            requester_id=requester.id,
            grantee_id=grantee_id,
        )

    def _question(
        self,
        requester: Person,
        form: RequestForm,
        group: DecidingGroup,
        template: ApprovalTemplate,
        *,
        grantee_id: int,
    ) -> FlowQuestion:
        session = db.session()
        today = self.clock.now().date()
        try:
            validity = check_validity(days=form.days, until=form.until, today=today)
        except ValidityFault:
            validity = Validity(days=SOME_DAYS)
        items = [form.items[place] for place in group.places]
        chosen = form.department_id if form.department_id in requester.departments else None
        question = flow_question(
            template,
            requester,
            items=[_asked(session.get_one(Resource, each.resource_id), each) for each in items],
            validity=validity,
            reason=form.reason_text,
            department_id=department_of(requester, chosen, channel=ChannelName.DINGTALK),
            today=today,
            on_behalf_of="" if grantee_id == requester.id else session.get_one(Person, grantee_id).name,
        )
        if question is None:
            raise ValueError("the template's mode changed within one read")
        return question


def _asked(resource: Resource, item: AskedItem) -> FormItem:
    levels = entitlements_of(resource.resource_type, has_masked_columns=True)
    level = Entitlement(item.entitlement) if item.entitlement in levels else levels[0]
    return form_item(resource, level, item.columns if level == Entitlement.UNMASK else ())


def _template_with_flow() -> ApprovalTemplate | None:
    session = db.session()
    try:
        if channel_for_new_requests(session) != ChannelName.DINGTALK:
            return None
        template = template_in_use(session)
    except Problem:
        return None
    return template if template.mode == TemplateMode.FULL_FLOW else None
