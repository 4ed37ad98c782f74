"""The associated template: whether it can be started, by its state, its flow and its fields; and the switches."""

from __future__ import annotations

from dataclasses import dataclass

from portal.channels.dingtalk.templates import DingTalkTemplates, TemplateForm
from portal.channels.failures import ChannelError, OwnFailure
from portal.extensions import db
from portal.models import ApprovalSettings, ApprovalTemplate
from portal.rules.field_mapping import FieldMapping, MappingFaultReason, faults_of, unfilled
from portal.rules.flow_rules import VerdictKind, judge_flow
from portal.rules.official_form import FormFieldName
from portal.services.doctor.app_checks import explained, not_told, refused, tells_nothing
from portal.services.doctor.checks import Check, CheckName, Verdict, failed, ok, warning
from portal.services.doctor.findings import Found
from portal.services.doctor.run import Run
from portal.services.faults import Problem
from portal.services.template_flow import accepted_bypass, initiator_department


@dataclass(frozen=True, kw_only=True)
class TemplateChecks:
    """Reads the template in DingTalk and compares it with what an admin confirmed."""

    templates: DingTalkTemplates

    def checks(self) -> tuple[Check, ...]:
        """All of them."""
        return (
            Check(name=CheckName.SWITCHES, look=self._switches, needs=(CheckName.DATABASE,)),
            Check(
                name=CheckName.TEMPLATE, look=self._template, needs=(CheckName.FORM_READ,), counted_calls=1
            ),
            Check(
                name=CheckName.TEMPLATE_FLOW,
                look=self._flow,
                needs=(CheckName.TEMPLATE, CheckName.INSTANCE_WRITE),
                counted_calls=1,
            ),
            Check(
                name=CheckName.TEMPLATE_FIELDS,
                look=self._fields,
                needs=(CheckName.TEMPLATE,),
                counted_calls=1,
            ),
        )

    @staticmethod
    def _switches(_run: Run) -> Verdict:
        settings = db.session.get(ApprovalSettings, 1)
        is_on = settings is not None and settings.is_enabled and settings.is_dingtalk_channel_on
        return ok(Found.SWITCHED_ON) if is_on else warning(Found.SWITCHED_OFF)

    def _template(self, _run: Run) -> Verdict:
        template = _associated()
        if template is None:
            return failed(Found.TEMPLATE_NONE)
        name = template.name
        form = self._read(template)
        if isinstance(form, Verdict):
            return form
        if not form.is_published:
            return failed(Found.TEMPLATE_UNPUBLISHED, name=name)
        return ok(Found.TEMPLATE_WELL, name=form.name or name)

    def _fields(self, _run: Run) -> Verdict:
        template = _associated()
        if template is None:
            return failed(Found.TEMPLATE_NONE)
        mapping = _mapping(template)
        form = self._read(template)
        if isinstance(form, Verdict):
            return form
        faults = faults_of(mapping, form.fields)
        if any(fault.reason is MappingFaultReason.NUMBER_NOT_SENT for fault in faults):
            return failed(Found.FIELDS_NO_NUMBER)
        if faults:
            labels = ", ".join(dict.fromkeys(fault.label for fault in faults))
            return failed(Found.FIELDS_GONE, fields=labels)
        left_out = unfilled(mapping, form.fields)
        if left_out:
            return failed(Found.FIELDS_UNFILLED, fields=", ".join(each.label for each in left_out))
        return ok(Found.FIELDS_WELL, count=str(len(mapping.fields)))

    def _flow(self, _run: Run) -> Verdict:
        template = _associated()
        if template is None:
            return failed(Found.TEMPLATE_NONE)
        try:
            user_id, department_id = initiator_department(template.created_by)
        except Problem:
            return warning(Found.FLOW_NO_INITIATOR)
        process_code, mode = template.process_code, template.mode
        accepted, labels = accepted_bypass(template), tuple(_mapping(template).fields.values())
        db.session.rollback()
        try:
            nodes = self.templates.flow(
                process_code, user_id=user_id, department_id=department_id, labels=labels
            )
        except ChannelError as error:
            if error.failure.kind == OwnFailure.FLOW_CHANGED:
                return warning(Found.FLOW_UNKNOWN)
            failure = error.failure
            return explained(failure) or (not_told(failure) if tells_nothing(failure) else refused(failure))
        verdict = judge_flow(nodes)
        if verdict.kind is VerdictKind.NOT_USABLE:
            return failed(Found.FLOW_UNUSABLE)
        left_out = verdict.beyond(accepted)
        if left_out:
            return failed(Found.FLOW_BYPASS, people=", ".join(left_out))
        if verdict.mode.value != mode:
            return warning(Found.FLOW_CHANGED)
        if verdict.bypassed:
            return ok(Found.FLOW_BYPASS_ACKNOWLEDGED, people=", ".join(verdict.bypassed))
        return ok(Found.FLOW_WELL)

    def _read(self, template: ApprovalTemplate) -> TemplateForm | Verdict:
        process_code, name = template.process_code, template.name
        db.session.rollback()
        try:
            return self.templates.read(process_code)
        except ChannelError as error:
            failure = error.failure
            if failure.kind == "template_gone":
                return failed(Found.TEMPLATE_GONE, name=name)
            return explained(failure) or (not_told(failure) if tells_nothing(failure) else refused(failure))


def _associated() -> ApprovalTemplate | None:
    settings = db.session.get(ApprovalSettings, 1)
    return settings.template if settings else None


def _mapping(template: ApprovalTemplate) -> FieldMapping:
    known = set(FormFieldName)
    fields = {FormFieldName(name): label for name, label in template.field_mapping.items() if name in known}
    options = {FormFieldName(name): each for name, each in template.option_mapping.items() if name in known}
    return FieldMapping(fields=fields, options=options)
