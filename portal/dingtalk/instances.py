"""Process instances: forecast, start, read, list, withdraw and comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.dingtalk.forecast import Candidate, FlowNode, Forecast
from portal.dingtalk.instance_detail import (
    InstanceDetail,
    InstanceResult,
    InstanceStatus,
    OperationRecord,
    Task,
)

__all__ = [
    "Candidate",
    "FieldValue",
    "FlowNode",
    "Forecast",
    "InstanceDetail",
    "InstanceResult",
    "InstanceStatus",
    "Instances",
    "OperationRecord",
    "SelectedActioners",
    "StartInstance",
    "Task",
]


@dataclass(frozen=True)
class FieldValue:
    """A value for the field with exactly this label; always text, empty text included."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class SelectedActioners:
    """The people chosen for a node that the initiator fills; ``actor_key`` comes from a fresh forecast."""

    actor_key: str
    user_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StartInstance:
    """An instance to start. ``department_id`` is the initiator's, -1 for the root.

    ``approver_user_ids`` **replaces** the template's flow (several people: all must agree); ``selected`` fills it in.
    """

    process_code: str
    originator_user_id: str
    department_id: int
    values: Sequence[FieldValue]
    approver_user_ids: tuple[str, ...] = ()
    selected: tuple[SelectedActioners, ...] = ()
    agent_id: int | None = None


class Instances:
    """Process instances of the organisation."""

    def forecast(
        self,
        *,
        process_code: str,
        originator_user_id: str,
        department_id: int,
        values: Sequence[FieldValue],
    ) -> Forecast:
        """Predict the path for these values; nothing is created. Nodes come in the order of the path."""
        raise NotImplementedError

    def start(self, start: StartInstance) -> str:
        """Start an instance and return its id. There is no idempotency key: see ``Retry.OUTCOME_UNKNOWN``."""
        raise NotImplementedError

    def read(self, instance_id: str) -> InstanceDetail:
        """Read an instance as it is now."""
        raise NotImplementedError

    def list_ids(
        self,
        *,
        process_code: str,
        started_after: datetime,
        started_before: datetime | None = None,
        user_ids: Sequence[str] = (),
        statuses: Sequence[str] = (),
    ) -> Iterator[str]:
        """Walk the ids of instances started in a period, page by page."""
        raise NotImplementedError

    def terminate(
        self, *, instance_id: str, operating_user_id: str, remark: str, is_system: bool = False
    ) -> None:
        """Withdraw a running instance, not within 15 seconds of its start."""
        raise NotImplementedError

    def comment(self, *, instance_id: str, user_id: str, text: str) -> None:
        """Write a comment (at most 1024 characters) into an instance in somebody's name."""
        raise NotImplementedError
