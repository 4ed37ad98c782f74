"""The figures about the work in Prometheus' words; docs/operations.md says what each is good for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from portal.services.registry import services
from portal.services.work.patience import NoAnswer
from portal.services.work.work_figures import Figures

log = structlog.get_logger(__name__)


def metrics_text() -> bytes:
    """Return the figures of the whole portal, then those of the process that answers."""
    registry = CollectorRegistry()
    registry.register(WorkCollector())
    return generate_latest(registry) + generate_latest()


class WorkCollector(Collector):
    """Reads the figures anew each time, so that they are right whichever process is asked."""

    def collect(self) -> Iterator[Metric]:
        try:
            figures = services().work_figures.read_in_time()
        except (SQLAlchemyError, NoAnswer) as error:
            log.warning("metrics.database_away", error=type(error).__name__)
            figures = None
        yield _one("portal_database_up", "1 when the database answered.", float(figures is not None))
        if figures is not None:
            yield from _of(figures)


def _of(figures: Figures) -> Iterator[Metric]:
    yield _one("portal_workers", "Workers seen lately.", figures.workers)
    yield _by("portal_open_approvals", "Approvals that are not over.", "state", figures.approvals)
    yield _one("portal_due_approvals", "Approvals that wait for a worker.", figures.due_approvals)
    yield _one(
        "portal_oldest_due_approval_seconds",
        "How long the approval that is due longest has waited.",
        figures.oldest_due_approval_seconds,
    )
    yield _by("portal_unsettled_events", "Events that are not done with.", "state", figures.events)
    yield _one(
        "portal_oldest_due_event_seconds",
        "How long the event that is due longest has waited to be sorted.",
        figures.oldest_due_event_seconds,
    )
    yield _one(
        "portal_due_stray_instances",
        "Instances of nobody that wait to be looked at.",
        figures.due_stray_instances,
    )
    yield _by("portal_grants", "Grants that have not ended.", "state", figures.grants)
    yield _one("portal_due_grants", "Grants that wait for a worker.", figures.due_grants)
    yield _one(
        "portal_oldest_due_grant_seconds",
        "How long the grant that is due longest has waited to be given or taken away.",
        figures.oldest_due_grant_seconds,
    )
    yield _one(
        "portal_oldest_unended_grant_seconds",
        "How long ago the grant expired that no sweep has ended yet.",
        figures.oldest_unended_grant_seconds,
    )
    refused = CounterMetricFamily("portal_refused_callbacks", "Callbacks refused.", labels=["reason"])
    for reason, count in figures.refused_callbacks.items():
        refused.add_metric([reason], count)
    yield refused
    calls = CounterMetricFamily("portal_dingtalk_calls", "Calls to DingTalk.", labels=["operation", "result"])
    for (operation, result), count in figures.dingtalk_calls.items():
        calls.add_metric([operation, result], count)
    yield calls


def _one(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _by(name: str, says: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=[label])
    for name_of_value, value in values.items():
        family.add_metric([name_of_value], value)
    return family
