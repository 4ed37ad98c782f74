"""Approvals in DingTalk OA: start, find, read and withdraw process instances."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from portal.channels.approval_channel import Reading, StartOrder
from portal.channels.dingtalk.connection import DingTalkConnection, in_our_words
from portal.channels.dingtalk.flow import our_nodes
from portal.channels.dingtalk.instance_reading import our_reading
from portal.channels.failures import ChannelError, OwnFailure, Retry, own_failure
from portal.dingtalk.instances import FieldValue, SelectedActioners, StartInstance
from portal.rules.flow_rules import FlowVerdict, Node, NodeRule, NodeTask, judge_flow

# DingTalk: obtain-an-approval-list-of-instance-ids, for a period that ends before it begins.
IN_THE_FUTURE = "invalidEndTime"


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

    def list_started(self, order: StartOrder, *, after: datetime) -> tuple[str, ...]:
        """List ids by template, requester and time of start: one counted call for every 20.

        It ends with DingTalk's own present, as ours may be minutes behind it; nothing was started after a moment
        that DingTalk has not come to yet.
        """
        client = self._connection.client()
        try:
            with in_our_words():
                return tuple(
                    client.instances.list_ids(
                        process_code=order.process_code,
                        started_after=after,
                        user_ids=(order.requester_user_id,),
                    )
                )
        except ChannelError as error:
            if error.failure.code != IN_THE_FUTURE:
                raise
            return ()

    def read(self, instance_id: str) -> Reading:
        """Read the instance detail."""
        client = self._connection.client()
        with in_our_words():
            detail = client.instances.read(instance_id)
        return our_reading(detail)

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
