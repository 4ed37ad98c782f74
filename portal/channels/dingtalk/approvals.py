"""Approvals in DingTalk OA: start, find, read and withdraw process instances."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from portal.channels.approval_channel import Reading, Record, RecordKind, StartOrder
from portal.channels.dingtalk.connection import DingTalkConnection, in_our_words
from portal.channels.dingtalk.flow import our_nodes
from portal.channels.failures import OwnFailure, Retry, own_failure
from portal.dingtalk.instances import (
    FieldValue,
    InstanceDetail,
    InstanceResult,
    InstanceStatus,
    OperationRecord,
    SelectedActioners,
    StartInstance,
)
from portal.rules.approval_state import ApprovalState
from portal.rules.flow_rules import FlowVerdict, Node, NodeRule, NodeTask, judge_flow

# The instance's start time has minute precision and clocks differ a little.
SEARCH_MARGIN = timedelta(minutes=2)

_RECORD_KINDS = {
    "START_PROCESS_INSTANCE": RecordKind.SUBMITTED,
    "APPEND_TASK_BEFORE": RecordKind.COUNTERSIGN_BEFORE,
    "APPEND_TASK_AFTER": RecordKind.COUNTERSIGN_AFTER,
    "REDIRECT_TASK": RecordKind.HANDED_OVER,
    "REDIRECT_PROCESS": RecordKind.SENT_BACK,
    "ADD_REMARK": RecordKind.COMMENTED,
    "PROCESS_CC": RecordKind.COPIED,
    "TERMINATE_PROCESS_INSTANCE": RecordKind.WITHDRAWN,
}
_DECISIONS = {"AGREE": RecordKind.AGREED, "REFUSE": RecordKind.REFUSED}
_TERMINATE = "TERMINATE_PROCESS_INSTANCE"


class DingTalkApprovals:
    """The DingTalk side of ``ApprovalChannel``; ``applink_url`` is where DingTalk opens instances."""

    def __init__(self, connection: DingTalkConnection, *, applink_url: str) -> None:
        self._connection = connection
        self._applink_url = applink_url

    def prove_access(self) -> None:
        """Obtain the app token."""
        self._connection.prove_access()

    def start(self, order: StartOrder) -> str:
        """Forecast for fresh keys, then start. Keys change when somebody edits the flow (DingTalk: forecast)."""
        client = self._connection.client()
        values = _field_values(order)
        with in_our_words():
            forecast = client.instances.forecast(
                process_code=order.process_code,
                originator_user_id=order.requester_user_id,
                department_id=order.department_id,
                values=values,
            )
        if not forecast.is_success:
            raise own_failure(OwnFailure.FLOW_CHANGED, retry=Retry.RETRYABLE)
        nodes = our_nodes(forecast.nodes)
        verdict = judge_flow(nodes)
        if verdict.bypassed and not order.is_bypass_acknowledged:
            raise own_failure(OwnFailure.BYPASS_NOT_ACKNOWLEDGED, people=", ".join(verdict.bypassed))
        with in_our_words():
            return client.instances.start(
                StartInstance(
                    process_code=order.process_code,
                    originator_user_id=order.requester_user_id,
                    department_id=order.department_id,
                    values=values,
                    approver_user_ids=() if verdict.fills_nodes else (order.approver_user_id,),
                    selected=_selected(verdict, nodes, order.approver_user_id),
                    agent_id=self._connection.binding().agent_id,
                )
            )

    def find_started(self, order: StartOrder, *, since: datetime) -> str | None:
        """Search the requester's instances of the template; all submitted values must be equal."""
        client = self._connection.client()
        with in_our_words():
            for instance_id in client.instances.list_ids(
                process_code=order.process_code,
                started_after=since - SEARCH_MARGIN,
                user_ids=(order.requester_user_id,),
            ):
                if _carries(client.instances.read(instance_id), order):
                    return instance_id
        return None

    def read(self, instance_id: str) -> Reading:
        """Read the instance detail."""
        client = self._connection.client()
        with in_our_words():
            detail = client.instances.read(instance_id)
        return Reading(
            state=_state(detail),
            records=tuple(_record(record) for record in detail.records),
            url=next((task.pc_url or task.mobile_url for task in reversed(detail.tasks)), None),
        )

    def withdraw(self, instance_id: str, *, requester_user_id: str, remark: str) -> None:
        """Withdraw as the requester; DingTalk refuses within 15 seconds of the start."""
        client = self._connection.client()
        with in_our_words():
            client.instances.terminate(
                instance_id=instance_id, operating_user_id=requester_user_id, remark=remark
            )

    def link(self, instance_id: str) -> str:
        """Return DingTalk's official link to an instance (DingTalk: open-approval-details)."""
        binding = self._connection.binding()
        query = urlencode({"corpId": binding.corp_id, "instanceId": instance_id, "from": binding.app_key})
        return f"{self._applink_url}/approval/detail?{query}"


def _field_values(order: StartOrder) -> tuple[FieldValue, ...]:
    return tuple(FieldValue(label, text) for label, text in order.values.items())


def _selected(
    verdict: FlowVerdict, nodes: tuple[Node, ...], approver_user_id: str
) -> tuple[SelectedActioners, ...]:
    if not verdict.fills_nodes:
        return ()
    fillable = [
        node
        for node in nodes
        if node.rule == NodeRule.SELECTED_BY_INITIATOR and node.task == NodeTask.APPROVE and node.key
    ]
    wanted = [node for node in fillable if node.is_required] or fillable[:1]
    return tuple(SelectedActioners(actor_key=node.key or "", user_ids=(approver_user_id,)) for node in wanted)


def _carries(detail: InstanceDetail, order: StartOrder) -> bool:
    return detail.originator_user_id == order.requester_user_id and all(
        _folded(detail.values.get(label, "")) == _folded(text) for label, text in order.values.items()
    )


def _folded(text: str) -> str:
    # DingTalk may hand line breaks back in another form than they were sent in.
    return text.replace("\r\n", "\n").strip()


def _state(detail: InstanceDetail) -> ApprovalState:
    if detail.status == InstanceStatus.TERMINATED:
        ended_by = [record.user_id for record in detail.records if record.kind == _TERMINATE]
        own = bool(ended_by) and ended_by[-1] == detail.originator_user_id
        return ApprovalState.WITHDRAWN if own else ApprovalState.TERMINATED
    if detail.status == InstanceStatus.COMPLETED and detail.result == InstanceResult.AGREE:
        return ApprovalState.APPROVED
    if detail.status == InstanceStatus.COMPLETED and detail.result == InstanceResult.REFUSE:
        return ApprovalState.REJECTED
    return ApprovalState.PENDING


def _record(record: OperationRecord) -> Record:
    kind = _RECORD_KINDS.get(record.kind) or _DECISIONS.get(record.result, RecordKind.OTHER)
    return Record(
        kind=kind,
        user_id=record.user_id,
        remark=record.remark,
        occurred_at=record.at or datetime.fromtimestamp(0, UTC),
    )
