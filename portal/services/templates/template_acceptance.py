"""What an admin decides about the flow of a template: that people are not asked, that changes are taken over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.channels.failures import ChannelError
from portal.clock import Clock
from portal.database import transaction
from portal.models import ApprovalTemplate
from portal.rules.flow_rules import judge_flow
from portal.services.audit import Actor, record
from portal.services.faults import NotThere, Problem, ProblemReason
from portal.services.starting.unstarted_resumption import Resumption, waiting_names
from portal.services.templates.template_check import TemplateCheck
from portal.services.templates.template_flow import accepted_bypass, confirm, confirmed_nodes
from portal.services.templates.template_report import Drift, TemplateReport


@dataclass(frozen=True, kw_only=True)
class TemplateAcceptance:
    """Changes what a template is compared with, and what is accepted of it. Requests that waited go on."""

    clock: Clock
    template_check: TemplateCheck
    resumption: Resumption

    def accept_bypass(self, actor: Actor, template_id: int, *, names: Collection[str]) -> None:
        """Accept that these people are not asked.

        Raises ``Problem(TEMPLATE_CHANGED)`` when others than the admin saw would be passed over by now.
        """
        now = self.clock.now()
        with transaction() as session:
            row = _locked(session, template_id)
            verdict = judge_flow(confirmed_nodes(row))
            if set(names) != set(to_be_accepted(session, row)):
                raise Problem(ProblemReason.TEMPLATE_CHANGED)
            before = sorted(accepted_bypass(row))
            row.bypass_acknowledged = list(dict.fromkeys([*before, *verdict.consent, *names]))
            row.bypass_acknowledged_by_id = actor.person_id
            record(
                session,
                actor,
                "approval_template.bypass_accepted",
                at=now,
                subject=("approval_template", row.process_code),
                before={"accepted": before},
                after={"accepted": row.bypass_acknowledged},
            )
            self.resumption.resume(session, row, at=now)

    def take_over(self, actor: Actor, template_id: int, *, seen: str, accepts: Collection[str]) -> None:
        """Make the changed form and flow what requests are started with from now on.

        ``seen`` is the ``version`` of the drift that the admin read; another look may have found another one
        since. Looks afresh. Raises ``Problem``: ``TEMPLATE_CHANGED`` when it is not what the admin saw (what is
        there now is kept and shown), ``TEMPLATE_NOT_USABLE`` and ``BYPASS_NEEDS_CONSENT`` unless ``accepts`` names
        everybody who would be passed over; ``ChannelError`` when DingTalk did not tell.
        """
        report = self.template_check.check(template_id)
        if report.failure is not None:
            raise ChannelError(report.failure)
        if report.drift.version != seen:
            raise Problem(ProblemReason.TEMPLATE_CHANGED)
        if not report.is_usable:
            raise Problem(ProblemReason.TEMPLATE_NOT_USABLE)
        with transaction() as session:
            self._take_over(session, actor, _locked(session, template_id), report, accepts=accepts)

    def _take_over(
        self,
        session: Session,
        actor: Actor,
        row: ApprovalTemplate,
        report: TemplateReport,
        *,
        accepts: Collection[str],
    ) -> None:
        asked_for = judge_flow(report.nodes).beyond(accepted_bypass(row))
        if not set(asked_for) <= set(accepts):
            raise Problem(ProblemReason.BYPASS_NEEDS_CONSENT, people=", ".join(asked_for))
        before = Drift.from_json(row.drift)
        row.name = report.name or row.name
        row.field_mapping = {name.value: label for name, label in report.mapping.fields.items()}
        row.option_mapping = {name.value: dict(each) for name, each in report.mapping.options.items()}
        confirm(
            session,
            row,
            fields=report.fields,
            nodes=report.nodes,
            bypass_accepted_by=actor if asked_for else None,
            at=report.checked_at,
        )
        record(
            session,
            actor,
            "approval_template.changes_taken_over",
            at=self.clock.now(),
            subject=("approval_template", row.process_code),
            before={"drift": {key: value for key, value in before.to_json().items() if key != "nodes"}},
            after={"mode": row.mode, "fields": row.field_mapping, "accepted": row.bypass_acknowledged or []},
        )
        self.resumption.resume(session, row, at=self.clock.now())


def to_be_accepted(session: Session, row: ApprovalTemplate) -> tuple[str, ...]:
    """Return by name who would not be asked and nobody has accepted that, by the flow and by starts it stopped."""
    accepted = accepted_bypass(row)
    by_flow = judge_flow(confirmed_nodes(row)).beyond(accepted)
    by_starts = [name for name in waiting_names(session, row) if name not in accepted]
    return tuple(dict.fromkeys([*by_flow, *by_starts]))


def _locked(session: Session, template_id: int) -> ApprovalTemplate:
    row = session.get(ApprovalTemplate, template_id, with_for_update={"of": ApprovalTemplate})
    if row is None:
        raise NotThere
    return row
