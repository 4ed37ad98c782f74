"""Process instances: forecast, start, read, list, withdraw and comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.dingtalk.forecast import Candidate, FlowNode, Forecast, read_forecast
from portal.dingtalk.instance_detail import (
    InstanceDetail,
    InstanceResult,
    InstanceStatus,
    OperationRecord,
    Task,
    read_instance,
)
from portal.dingtalk.loose_json import Json, mapping, sequence, text, whole_number
from portal.dingtalk.operations import Operation
from portal.dingtalk.transport import Call, Transport

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

INSTANCES_PATH = "/v1.0/workflow/processInstances"
IDS_PAGE_SIZE = 20
MOST_IDS_USERS = 10


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

    ``approver_user_ids`` **replaces** the template's flow (several people: all must agree), ``selected``
    completes it. ``agent_id`` is the bound app's unless given.
    """

    process_code: str
    originator_user_id: str
    department_id: int
    values: Sequence[FieldValue]
    approver_user_ids: tuple[str, ...] = ()
    selected: tuple[SelectedActioners, ...] = ()
    agent_id: int | None = None


class Instances:
    """Process instances of the organisation. Every method may raise ``DingTalkError``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def forecast(
        self,
        *,
        process_code: str,
        originator_user_id: str,
        department_id: int,
        values: Sequence[FieldValue],
    ) -> Forecast:
        """Predict the path for these values; nothing is created. Nodes come in the order of the path.

        Give the final values, branches depend on them (DingTalk: approval-process-prediction).
        """
        answer = self._transport.api(
            Call(
                operation=Operation.FORECAST,
                method="POST",
                path="/v1.0/workflow/processes/forecast",
                expects="result",
                body={
                    "processCode": process_code,
                    "userId": originator_user_id,
                    "deptId": department_id,
                    "formComponentValues": _values(values),
                },
            )
        )
        return read_forecast(mapping(answer["result"]))

    def start(self, start: StartInstance) -> str:
        """Start an instance and return its id (DingTalk: create-an-approval-instance).

        There is no idempotency key. A ``DingTalkError`` says by its ``retry`` whether an instance was made:
        not with PERMANENT and RETRYABLE, perhaps with OUTCOME_UNKNOWN; then look for it first.
        """
        agent_id = self._transport.credentials.agent_id if start.agent_id is None else start.agent_id
        answer = self._transport.api(
            Call(
                operation=Operation.START_INSTANCE,
                method="POST",
                path=INSTANCES_PATH,
                expects="instanceId",
                body=_start_body(start, agent_id=agent_id),
            )
        )
        return text(answer["instanceId"])

    def read(self, instance_id: str) -> InstanceDetail:
        """Read an instance as it is now; raises ``INSTANCE_GONE``, also for a moment after its start.

        Source: DingTalk, obtains-the-details-of-a-single-approval-instance-pop.
        """
        answer = self._transport.api(
            Call(
                operation=Operation.READ_INSTANCE,
                method="GET",
                path=INSTANCES_PATH,
                expects="result",
                query={"processInstanceId": instance_id},
            )
        )
        return read_instance(mapping(answer["result"]))

    def list_ids(
        self,
        *,
        process_code: str,
        started_after: datetime,
        started_before: datetime | None = None,
        user_ids: Sequence[str] = (),
        statuses: Sequence[str] = (),
    ) -> Iterator[str]:
        """Walk the ids of instances started in a period, one call for every 20.

        The period is at most 120 days long, ``user_ids`` are at most 10 initiators. Raises ``ValueError`` for
        times without a zone and for more initiators (DingTalk: obtain-an-approval-list-of-instance-ids).
        """
        if len(user_ids) > MOST_IDS_USERS:
            raise ValueError(f"at most {MOST_IDS_USERS} initiators can be asked for at once")
        body: Json = {
            "processCode": process_code,
            "startTime": _milliseconds(started_after),
            "maxResults": IDS_PAGE_SIZE,
        }
        if started_before is not None:
            body["endTime"] = _milliseconds(started_before)
        if user_ids:
            body["userIds"] = list(user_ids)
        if statuses:
            body["statuses"] = list(statuses)
        return self._walk_ids(body)

    def terminate(
        self, *, instance_id: str, operating_user_id: str, remark: str, is_system: bool = False
    ) -> None:
        """Withdraw a running instance as its initiator, or end it as the system.

        Raises ``INSTANCE_STATE`` within 15 seconds of the start and when nothing runs any more, and
        ``WITHDRAWAL_REFUSED`` where the template forbids it (DingTalk: revoke-an-approval-instance).
        """
        self._transport.api(
            Call(
                operation=Operation.TERMINATE_INSTANCE,
                method="POST",
                path=f"{INSTANCES_PATH}/terminate",
                expects="result",
                body={
                    "processInstanceId": instance_id,
                    "isSystem": is_system,
                    "operatingUserId": operating_user_id,
                    "remark": remark,
                },
            )
        )

    def comment(self, *, instance_id: str, user_id: str, text: str) -> None:
        """Write a comment (at most 1024 characters) into an instance in somebody's name."""
        self._transport.api(
            Call(
                operation=Operation.COMMENT,
                method="POST",
                path=f"{INSTANCES_PATH}/comments",
                expects="result",
                body={"processInstanceId": instance_id, "commentUserId": user_id, "text": text},
            )
        )

    def _walk_ids(self, body: Json) -> Iterator[str]:
        next_token: int | None = 0
        while next_token is not None:
            answer = self._transport.api(
                Call(
                    operation=Operation.LIST_INSTANCES,
                    method="POST",
                    path="/v1.0/workflow/processes/instanceIds/query",
                    expects="result",
                    body=body | {"nextToken": next_token},
                )
            )
            page = mapping(answer["result"])
            yield from (text(instance_id) for instance_id in sequence(page.get("list")))
            # Comes as text and is sent as a number; empty, absent or standing still means the end.
            following = whole_number(page.get("nextToken")) or 0
            next_token = following if following > next_token else None


def _start_body(start: StartInstance, *, agent_id: int | None) -> Json:
    body: Json = {
        "processCode": start.process_code,
        "originatorUserId": start.originator_user_id,
        "deptId": start.department_id,
        "formComponentValues": _values(start.values),
    }
    if agent_id is not None:
        body["microappAgentId"] = agent_id
    if start.approver_user_ids:
        # AND and OR are for two people and more.
        action_type = "NONE" if len(start.approver_user_ids) == 1 else "AND"
        body["approvers"] = [{"actionType": action_type, "userIds": list(start.approver_user_ids)}]
    if start.selected:
        body["targetSelectActioners"] = [
            {"actionerKey": chosen.actor_key, "actionerUserIds": list(chosen.user_ids)}
            for chosen in start.selected
        ]
    return body


def _values(values: Sequence[FieldValue]) -> list[Json]:
    return [{"name": value.name, "value": value.value} for value in values]


def _milliseconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("a time needs a zone")
    return int(at.timestamp() * 1000)
