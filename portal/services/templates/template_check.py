"""Looks whether the template in DingTalk is still what an admin confirmed, on a schedule and when asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select

from portal.channels.dingtalk.templates import DingTalkTemplates, TemplateForm
from portal.channels.failures import ChannelError, OwnFailure, own_failure
from portal.clock import Clock
from portal.database import transaction
from portal.extensions import db
from portal.models import ApprovalSettings, ApprovalTemplate, Person
from portal.rules.flow_drift import FlowChange, FlowChangeKind, flow_changes
from portal.rules.flow_proof import with_known_rules
from portal.rules.flow_rules import NO_CONCLUSION, Node, judge_flow
from portal.rules.form_drift import form_changes, moved_along
from portal.rules.template_field import TemplateField
from portal.services.audit import PORTAL, record
from portal.services.faults import NotThere
from portal.services.starting.unstarted_resumption import Resumption
from portal.services.templates.flow_rule_telling import FlowRuleTelling, Initiator, initiator_of
from portal.services.templates.kept_mapping import KeptMapping
from portal.services.templates.template_flow import accepted_bypass, confirmed_nodes, flow_snapshot
from portal.services.templates.template_preview import sample_values
from portal.services.templates.template_report import Drift, TemplateReport
from portal.services.work.dingtalk_calls import DingTalkCalls

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=6)
TEMPLATE_GONE = "template_gone"


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """A template as an admin confirmed it, as plain values; ``initiator`` is whom forecasts are made for."""

    process_code: str
    kept: KeptMapping
    fields: tuple[TemplateField, ...]
    nodes: tuple[Node, ...]
    initiator: Initiator | None


@dataclass(frozen=True, kw_only=True)
class TemplateCheck:
    """Compares; what it finds changes no request, only what admins are told. ``public_url`` is the portal's own."""

    clock: Clock
    templates: DingTalkTemplates
    telling: FlowRuleTelling
    calls: DingTalkCalls
    resumption: Resumption
    public_url: str

    def look(self, template_id: int, *, trusts_known_rules: bool = False) -> TemplateReport:
        """Look at a template in DingTalk and write nothing; raises ``NotThere``.

        Costs two counted calls, and two more while rules are to be told that were not told before. With
        ``trusts_known_rules`` a node that is still the same keeps the rule that was told of it.
        """
        confirmed = self._confirmed(template_id)
        report = TemplateReport(checked_at=self.clock.now())
        try:
            form = self.templates.read(confirmed.process_code)
        except ChannelError as error:
            if error.failure.kind == TEMPLATE_GONE:
                return replace(report, is_gone=True)
            return replace(report, failure=error.failure)
        report = _with_form(report, confirmed, form)
        try:
            return self._with_flow(report, confirmed, trusts_known_rules=trusts_known_rules)
        except ChannelError as error:
            is_unknown = error.failure.kind == OwnFailure.FLOW_CHANGED
            return replace(report, failure=error.failure, verdict=NO_CONCLUSION if is_unknown else None)

    def check(self, template_id: int, *, trusts_known_rules: bool = False) -> TemplateReport:
        """Look, and keep what was found: what differs, or why the look could not be had. Raises ``NotThere``."""
        report = self.look(template_id, trusts_known_rules=trusts_known_rules)
        with transaction() as session:
            row = session.get_one(ApprovalTemplate, template_id, with_for_update={"of": ApprovalTemplate})
            if report.failure is not None:
                row.check_failure = report.failure.to_json()
                return report
            before, after = Drift.from_json(row.drift), report.drift
            row.verified_at, row.check_failure = report.checked_at, None
            row.drift = after.to_json() if after else None
            is_saved_anew = not after and _learn(row, report.nodes)
            if before.says != after.says:
                log.warning("template.drift", process_code=row.process_code, is_there=bool(after))
                record(
                    session,
                    PORTAL,
                    "approval_template.drifted" if after else "approval_template.drift_gone",
                    at=report.checked_at,
                    subject=("approval_template", row.process_code),
                    before=_audited(before),
                    after=_audited(after),
                )
            if not after and (before or is_saved_anew):
                self.resumption.resume(session, row, at=report.checked_at)
        return report

    def go_round(self) -> timedelta:
        """Check the associated template if the quota allows; returns the pause until the next time."""
        settings = db.session.get(ApprovalSettings, 1)
        template_id = settings.template_id if settings and settings.is_dingtalk_channel_on else None
        is_short = self.calls.budget().is_short
        db.session.rollback()
        if template_id is None or is_short:
            return EVERY
        # A look that DingTalk refuses is kept with the template; trying it sooner would cost calls all day.
        self.check(template_id, trusts_known_rules=True)
        return EVERY

    def _confirmed(self, template_id: int) -> Confirmed:
        row = db.session.get(ApprovalTemplate, template_id)
        if row is None:
            raise NotThere
        confirmed = Confirmed(
            process_code=row.process_code,
            kept=KeptMapping.of(row),
            fields=tuple(TemplateField.from_json(each) for each in row.fields),
            nodes=confirmed_nodes(row),
            initiator=initiator_of(row.created_by) if row.created_by.is_active else None,
        )
        if confirmed.initiator is None:
            confirmed = replace(confirmed, initiator=_anybody(row.corp_id))
        db.session.rollback()
        return confirmed

    def _with_flow(
        self, report: TemplateReport, confirmed: Confirmed, *, trusts_known_rules: bool
    ) -> TemplateReport:
        if report.is_disabled:
            return replace(report, nodes=confirmed.nodes, verdict=judge_flow(confirmed.nodes))
        if confirmed.initiator is None:
            raise own_failure(OwnFailure.REQUESTER_LEFT)
        values = sample_values(
            report.fields,
            report.mapping,
            language=confirmed.kept.language,
            public_url=self.public_url,
            today=self.clock.now().date(),
        )

        def forecast(initiator: Initiator) -> tuple[Node, ...]:
            return self.templates.flow(
                confirmed.process_code,
                user_id=initiator.user_id,
                department_id=initiator.department_id,
                values=values,
            )

        nodes = forecast(confirmed.initiator)
        if trusts_known_rules:
            nodes = with_known_rules(nodes, confirmed.nodes)
        nodes = self.telling.tell(
            confirmed.process_code, nodes, initiator=confirmed.initiator, forecast=forecast
        )
        return replace(
            report,
            nodes=nodes,
            verdict=judge_flow(nodes),
            flow_changes=_changes(confirmed, nodes),
        )


def _with_form(report: TemplateReport, confirmed: Confirmed, form: TemplateForm) -> TemplateReport:
    mapping = confirmed.kept.mapping
    return replace(
        report,
        name=form.name,
        is_disabled=not form.is_published,
        fields=form.fields,
        mapping=moved_along(mapping, confirmed.fields, form.fields).with_matched_options(form.fields),
        form_changes=form_changes(confirmed.fields, form.fields, mapping),
    )


def _changes(confirmed: Confirmed, nodes: tuple[Node, ...]) -> tuple[FlowChange, ...]:
    """Add who would be passed over now and was not when the flow was confirmed."""
    changes, before = flow_changes(confirmed.nodes, nodes), judge_flow(confirmed.nodes)
    if before.passed_over and not changes:
        return ()
    others = judge_flow(nodes).beyond({*confirmed.kept.accepted, *before.consent})
    if not others:
        return changes
    return (*changes, FlowChange(kind=FlowChangeKind.PASSES_OVER_OTHERS, after=others))


def _learn(row: ApprovalTemplate, nodes: tuple[Node, ...]) -> bool:
    """Keep the ids and the rules that are known now of a flow that is still the same.

    Returns whether it was saved anew in DingTalk, so that its nodes have other ids.
    """
    confirmed = confirmed_nodes(row)
    was_accepted = not judge_flow(confirmed).beyond(accepted := accepted_bypass(row))
    row.mode, row.flow = flow_snapshot(nodes)
    if was_accepted and row.bypass_acknowledged_by_id is not None:
        names = [each for each in sorted(accepted) if not each.startswith("node:")]
        row.bypass_acknowledged = list(dict.fromkeys([*names, *judge_flow(nodes).consent]))
    return [node.id for node in confirmed] != [node.id for node in nodes]


def _audited(drift: Drift) -> dict[str, Any]:
    return {key: value for key, value in drift.to_json().items() if key != "nodes"}


def _anybody(corp_id: str) -> Initiator | None:
    known = select(Person).where(Person.is_active, Person.corp_id == corp_id).order_by(Person.id).limit(20)
    return next((each for each in map(initiator_of, db.session.scalars(known)) if each is not None), None)
