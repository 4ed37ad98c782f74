"""What the section Flow shows of a template: read from our rows, nobody is asked."""

from __future__ import annotations

from dataclasses import dataclass

from portal.channels.failures import Failure
from portal.extensions import db
from portal.models import ApprovalTemplate
from portal.rules.flow_rules import judge_flow
from portal.services.templates.template_acceptance import to_be_accepted
from portal.services.templates.template_flow import accepted_bypass, confirmed_nodes
from portal.services.templates.template_report import Drift
from portal.web.words.flow import (
    NodeWords,
    VerdictWords,
    bypassed_words,
    node_words,
    unusable_words,
    verdict_words,
)
from portal.web.words.flow_reasons import ReasonWords, reasons_words
from portal.web.words.template_drift import drift_words


@dataclass(frozen=True, kw_only=True)
class FlowView:
    """``verdict`` and ``nodes`` are those of now. Starting waits for consent that ``to_accept`` are not asked, which
    ``names_to_accept`` says for reading; ``takes_over`` says whether ``drift``, by its ``drift_version``, may be."""

    verdict: VerdictWords
    passes_approver: bool
    reasons: tuple[ReasonWords, ...]
    nodes: tuple[NodeWords, ...]
    drift: tuple[str, ...]
    drift_version: str
    takes_over: bool
    to_accept: tuple[str, ...]
    names_to_accept: tuple[str, ...]
    failure: Failure | None


def flow_view(template: ApprovalTemplate) -> FlowView:
    """Return what is known about a template's flow."""
    drift = Drift.from_json(template.drift)
    nodes = drift.nodes or confirmed_nodes(template)
    verdict = judge_flow(nodes)
    accepted = accepted_bypass(template)
    to_accept = verdict.beyond(accepted) if drift else to_be_accepted(db.session(), template)
    refused = [name for name in to_accept if name not in verdict.bypassed]
    return FlowView(
        verdict=unusable_words() if drift and not drift.is_usable else verdict_words(verdict),
        passes_approver=not verdict.fills_nodes,
        reasons=reasons_words(verdict),
        nodes=tuple(node_words(node) for node in nodes),
        drift=drift_words(drift),
        drift_version=drift.version,
        takes_over=drift.is_usable,
        to_accept=to_accept,
        names_to_accept=(*bypassed_words(verdict.nodes_beyond(accepted)), *refused),
        failure=Failure.from_json(template.check_failure) if template.check_failure else None,
    )
