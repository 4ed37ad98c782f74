"""What DingTalk tells about the rules of a flow beyond its forecast: the designed flow, and who stands above whom."""

from __future__ import annotations

import structlog

from portal.channels.dingtalk.connection import DingTalkConnection, in_our_words
from portal.channels.dingtalk.flow import with_designed_rules
from portal.channels.failures import ChannelError
from portal.dingtalk.directory import APPROVAL_ROOT_DEPARTMENT, CONTACTS_ROOT_DEPARTMENT
from portal.rules.flow_proof import Superiors
from portal.rules.flow_rules import Node

log = structlog.get_logger(__name__)


class DingTalkFlowRules:
    """Reads what helps to tell rules. What DingTalk does not tell is missing from the answer, and no failure."""

    def __init__(self, connection: DingTalkConnection) -> None:
        self._connection = connection

    def as_designed(self, process_code: str, nodes: tuple[Node, ...]) -> tuple[Node, ...] | None:
        """Return ``nodes`` with the rules of the designed flow, None without OA premium: one counted call."""
        client = self._connection.client()
        try:
            with in_our_words():
                config = client.process_configs.read(process_code)
        except ChannelError as error:
            log.warning("flow.design_not_told", **error.failure.told)
            return None
        return with_designed_rules(nodes, config) if config is not None else None

    def superiors(self, user_id: str, *, department_id: int) -> Superiors:
        """Return who stands above a requester who starts from this department (as approval calls number it).

        None of these calls is counted.
        """
        return Superiors(supervisors=self._supervisors(user_id), heads=self._heads(department_id))

    def _supervisors(self, user_id: str) -> frozenset[str] | None:
        client = self._connection.client()
        try:
            with in_our_words():
                person = client.directory.user(user_id)
        except ChannelError as error:
            log.warning("flow.supervisor_not_told", **error.failure.told)
            return None
        if person is None:
            return None
        return frozenset({person.manager_user_id} if person.manager_user_id else ())

    def _heads(self, department_id: int) -> frozenset[str] | None:
        is_root = department_id == APPROVAL_ROOT_DEPARTMENT
        client = self._connection.client()
        try:
            with in_our_words():
                return frozenset(
                    client.directory.department_heads(CONTACTS_ROOT_DEPARTMENT if is_root else department_id)
                )
        except ChannelError as error:
            log.warning("flow.department_not_told", **error.failure.told)
            return None
