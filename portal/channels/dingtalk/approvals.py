"""Approvals in DingTalk OA: start, find, read and withdraw process instances."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from portal.channels.approval_channel import Reading, StartOrder
from portal.channels.dingtalk.connection import DingTalkConnection, in_our_words
from portal.channels.dingtalk.flow import our_flow
from portal.channels.dingtalk.flow_filling import fill_flow
from portal.channels.dingtalk.instance_reading import our_reading
from portal.channels.failures import ChannelError, OwnFailure, Retry, own_failure
from portal.dingtalk.instances import FieldValue, StartInstance
from portal.rules.flow_rules import Node, NodePerson

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
        nodes = self.foresee(
            process_code=order.process_code,
            requester_user_id=order.requester_user_id,
            department_id=order.department_id,
            values=order.values,
        )
        filling = fill_flow(order, nodes, role_members=self.role_members)
        client = self._connection.client()
        start = StartInstance(
            process_code=order.process_code,
            originator_user_id=order.requester_user_id,
            department_id=order.department_id,
            values=_field_values(order.values),
            approver_user_ids=filling.approver_user_ids,
            selected=filling.selected,
            agent_id=self._connection.binding().agent_id,
        )
        try:
            with in_our_words():
                return client.instances.start(start)
        except ChannelError as error:
            raise filling.telling(error) from error

    def foresee(
        self,
        *,
        process_code: str,
        requester_user_id: str,
        department_id: int,
        values: Mapping[str, str],
    ) -> tuple[Node, ...]:
        """Forecast the flow: one counted call, nothing is created."""
        client = self._connection.client()
        with in_our_words():
            forecast = client.instances.forecast(
                process_code=process_code,
                originator_user_id=requester_user_id,
                department_id=department_id,
                values=_field_values(values),
            )
        if not forecast.is_success:
            raise own_failure(OwnFailure.FLOW_CHANGED, retry=Retry.RETRYABLE)
        return our_flow(forecast)

    def role_members(self, role_id: str) -> tuple[NodePerson, ...]:
        """Read who holds a role; these calls are not counted."""
        client = self._connection.client()
        with in_our_words():
            members = client.directory.role_members(int(role_id)) if role_id.isdecimal() else ()
        return tuple(NodePerson(user_id=each.user_id, name=each.name) for each in members)

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


def _field_values(values: Mapping[str, str]) -> tuple[FieldValue, ...]:
    return tuple(FieldValue(label, text) for label, text in values.items())
