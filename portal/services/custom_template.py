"""Custom templates: choose one that the admin manages in DingTalk and match its fields to ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from portal.channels.dingtalk.connection import DingTalkConnection
from portal.channels.dingtalk.templates import DingTalkTemplates, TemplateChoice, TemplateForm
from portal.clock import Clock
from portal.database import transaction
from portal.models import ApprovalTemplate, Person
from portal.models.approval_template import TemplateSource
from portal.rules.field_mapping import FieldMapping, match_fields
from portal.rules.flow_rules import Node, judge_flow
from portal.rules.official_form import FormFieldName
from portal.services.approval_settings import stored_settings
from portal.services.audit import Actor, record
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.template_flow import flow_snapshot, initiator_department


@dataclass(frozen=True, kw_only=True)
class Matching:
    """How a custom template fits: our fields found, ours missing, and theirs that we could not fill."""

    form: TemplateForm
    mapping: FieldMapping
    found: Mapping[FormFieldName, str]
    missing: tuple[FormFieldName, ...]
    unfillable: tuple[str, ...]
    bypassed: tuple[str, ...]
    mode: str

    @property
    def is_usable(self) -> bool:
        """The request number is required: without it a lost answer could never be found again."""
        return FormFieldName.NUMBER in self.found and not self.unfillable and self.form.is_published


@dataclass(frozen=True, kw_only=True)
class CustomTemplates:
    """Reads custom templates and keeps the one an admin chose."""

    clock: Clock
    connection: DingTalkConnection
    templates: DingTalkTemplates

    def choices(self, person: Person) -> tuple[TemplateChoice, ...]:
        """List the templates this admin may manage in DingTalk; raises ``ChannelError``."""
        user_id, _ = initiator_department(person)
        return self.templates.manageable(user_id)

    def match(self, person: Person, process_code: str) -> Matching:
        """Match the fields of one template; raises ``ChannelError``."""
        return self._match(person, process_code)[0]

    def keep(self, actor: Actor, person: Person, *, process_code: str, accepts_bypass: bool) -> int:
        """Keep a custom template for association and return our row's id.

        Raises ``Problem(FIELDS_MISSING)`` when it cannot carry a request, and ``Problem(BYPASS_NEEDS_CONSENT)``
        until the admin accepts, by name, who would be passed over.
        """
        matching, nodes = self._match(person, process_code)
        if not matching.is_usable:
            raise Problem(ProblemReason.FIELDS_MISSING)
        if matching.bypassed and not accepts_bypass:
            raise Problem(ProblemReason.BYPASS_NEEDS_CONSENT, people=", ".join(matching.bypassed))
        corp_id = self.connection.binding().corp_id
        with transaction() as session:
            stored_settings(session, self.clock)  # locked: who keeps the same template just now takes turns
            row = session.scalar(
                select(ApprovalTemplate).filter_by(corp_id=corp_id, process_code=process_code)
            ) or ApprovalTemplate(
                corp_id=corp_id,
                process_code=process_code,
                source=TemplateSource.CUSTOM,
                language="en",
                created_by_id=actor.person_id,
                created_at=self.clock.now(),
            )
            row.name = matching.form.name
            row.field_mapping = {name.value: label for name, label in matching.found.items()}
            row.option_mapping = {name.value: dict(each) for name, each in matching.mapping.options.items()}
            row.fields = [field.to_json() for field in matching.form.fields]
            row.mode, row.flow = flow_snapshot(nodes)
            row.verified_at = self.clock.now()
            row.bypass_acknowledged_by_id = actor.person_id if matching.bypassed else None
            session.add(row)
            session.flush()
            record(
                session,
                actor,
                "approval_template.chosen",
                at=self.clock.now(),
                subject=("approval_template", process_code),
                after={"name": row.name, "mode": row.mode, "bypassed": list(matching.bypassed)},
            )
            return row.id

    def _match(self, person: Person, process_code: str) -> tuple[Matching, tuple[Node, ...]]:
        user_id, department_id = initiator_department(person)
        if not process_code:
            raise FieldFault("template", "unknown")
        form = self.templates.read(process_code)
        mapping = match_fields(form.fields)
        found = mapping.fields
        unfillable = tuple(
            field.label for field in form.fields if field.is_required and field.label not in found.values()
        )
        nodes = self.templates.flow(
            process_code,
            user_id=user_id,
            department_id=department_id,
            labels=tuple(found.values()),
        )
        verdict = judge_flow(nodes)
        matching = Matching(
            form=form,
            mapping=mapping,
            found=found,
            missing=tuple(name for name in FormFieldName if name not in found),
            unfillable=unfillable,
            bypassed=verdict.bypassed,
            mode=verdict.mode.value,
        )
        return matching, nodes
