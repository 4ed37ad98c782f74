"""The associated template: whether it can be started, by its state, its fields and its flow; and the switches."""

from __future__ import annotations

from dataclasses import dataclass

from portal.channels.failures import Failure, OwnFailure
from portal.extensions import db
from portal.models import ApprovalSettings, ApprovalTemplate
from portal.rules.field_mapping import FieldMapping, MappingFaultReason, faults_of, unfilled
from portal.rules.flow_rules import VerdictKind
from portal.services.doctor.app_checks import explained, not_told, refused, tells_nothing
from portal.services.doctor.checks import Check, CheckName, Verdict, failed, ok, waits_for, warning
from portal.services.doctor.findings import Found
from portal.services.doctor.run import Run
from portal.services.templates.kept_mapping import KeptMapping
from portal.services.templates.template_check import TemplateCheck
from portal.services.templates.template_report import TemplateReport

# With the rules that were told of the flow before: its form and one forecast.
CALLS_OF_A_LOOK = 2


@dataclass(frozen=True, kw_only=True)
class _Looked:
    """The template as it is now, and as an admin confirmed it."""

    report: TemplateReport
    name: str
    mapping: FieldMapping
    accepted: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class TemplateChecks:
    """Looks at the template in DingTalk once for all its lines."""

    template_check: TemplateCheck

    def checks(self) -> tuple[Check, ...]:
        """All of them."""
        return (
            Check(name=CheckName.SWITCHES, look=self._switches, needs=(CheckName.DATABASE,)),
            Check(
                name=CheckName.TEMPLATE,
                look=self._template,
                needs=(CheckName.FORM_READ,),
                counted_calls=CALLS_OF_A_LOOK,
            ),
            Check(
                name=CheckName.TEMPLATE_FLOW,
                look=self._flow,
                needs=(CheckName.TEMPLATE, CheckName.INSTANCE_WRITE),
            ),
            Check(name=CheckName.TEMPLATE_FIELDS, look=self._fields, needs=(CheckName.TEMPLATE,)),
        )

    @staticmethod
    def _switches(_run: Run) -> Verdict:
        settings = db.session.get(ApprovalSettings, 1)
        if settings is None or not settings.is_enabled:
            return warning(Found.SWITCHED_OFF)
        is_portal_on = settings.is_in_platform_channel_on
        if is_portal_on and (settings.prefers_in_platform or not settings.is_dingtalk_channel_on):
            return ok(Found.DECIDED_HERE)
        return ok(Found.SWITCHED_ON) if settings.is_dingtalk_channel_on else warning(Found.SWITCHED_OFF)

    def _template(self, run: Run) -> Verdict:
        if run.result(CheckName.FORM_READ).verdict.found is Found.NOT_TOLD:
            return waits_for(CheckName.FORM_READ)
        looked = self._looked(run)
        if looked is None:
            return failed(Found.TEMPLATE_NONE)
        report = looked.report
        if report.is_gone:
            return failed(Found.TEMPLATE_GONE, name=looked.name)
        if report.failure is not None and not report.fields:
            return _of_failure(report.failure)
        if report.is_disabled:
            return failed(Found.TEMPLATE_UNPUBLISHED, name=looked.name)
        return ok(Found.TEMPLATE_WELL, name=report.name or looked.name)

    def _fields(self, run: Run) -> Verdict:
        looked = self._looked(run)
        if looked is None:
            return waits_for(CheckName.TEMPLATE)
        # Against what was confirmed: approvals are started with those labels until an admin takes new ones over.
        faults = faults_of(looked.mapping, looked.report.fields)
        if any(fault.reason is MappingFaultReason.NUMBER_NOT_SENT for fault in faults):
            return failed(Found.FIELDS_NO_NUMBER)
        if faults and all(fault.value for fault in faults):
            labels = dict.fromkeys(looked.mapping.fields[fault.name] for fault in faults)
            return failed(Found.FIELDS_LACK_OPTIONS, fields=", ".join(labels))
        if faults:
            return failed(Found.FIELDS_GONE, fields=", ".join(dict.fromkeys(fault.label for fault in faults)))
        left_out = unfilled(looked.mapping, looked.report.fields)
        if left_out:
            return failed(Found.FIELDS_UNFILLED, fields=", ".join(each.label for each in left_out))
        return ok(Found.FIELDS_WELL, count=str(len(looked.mapping.fields)))

    def _flow(self, run: Run) -> Verdict:
        looked = self._looked(run)
        if looked is None:
            return waits_for(CheckName.TEMPLATE)
        report, verdict = looked.report, looked.report.verdict
        if report.failure is not None:
            return _of_failure(report.failure)
        if verdict is None:
            return warning(Found.FLOW_UNKNOWN)
        if verdict.kind is VerdictKind.NOT_USABLE:
            return failed(Found.FLOW_UNUSABLE)
        left_out = verdict.beyond(looked.accepted)
        if left_out:
            return failed(Found.FLOW_BYPASS, people=", ".join(left_out))
        if report.flow_changes:
            return warning(Found.FLOW_CHANGED)
        if verdict.bypassed:
            return ok(Found.FLOW_BYPASS_ACKNOWLEDGED, people=", ".join(verdict.bypassed))
        return ok(Found.FLOW_WELL)

    def _looked(self, run: Run) -> _Looked | None:
        return run.once("template", self._look)

    def _look(self) -> _Looked | None:
        template = _associated()
        if template is None:
            return None
        template_id, name, kept = template.id, template.name, KeptMapping.of(template)
        db.session.rollback()
        report = self.template_check.look(template_id, trusts_known_rules=True)
        return _Looked(report=report, name=name, mapping=kept.mapping, accepted=kept.accepted)


def _associated() -> ApprovalTemplate | None:
    settings = db.session.get(ApprovalSettings, 1)
    return settings.template if settings else None


def _of_failure(failure: Failure) -> Verdict:
    if failure.kind == OwnFailure.FLOW_CHANGED:
        return warning(Found.FLOW_UNKNOWN)
    if failure.kind == OwnFailure.REQUESTER_LEFT:
        return warning(Found.FLOW_NO_INITIATOR)
    return explained(failure) or (not_told(failure) if tells_nothing(failure) else refused(failure))
