"""What DingTalk tells about the rules of a flow beyond its forecast: the designed flow, and who stands above whom."""

from __future__ import annotations

import structlog

from portal.channels.dingtalk.connection import DingTalkConnection, in_our_words
from portal.channels.dingtalk.flow import with_designed_rules
from portal.channels.failures import ChannelError
from portal.dingtalk.directory import APPROVAL_ROOT_DEPARTMENT, CONTACTS_ROOT_DEPARTMENT
from portal.rules.flow_rules import Node

# More levels than organisations have; departments that stand above themselves end there.
MOST_LEVELS = 15

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

    def supervisors(self, user_id: str) -> frozenset[str] | None:
        """Return the direct supervisor of somebody, none if none is filled in: one call that is not counted."""
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

    def heads(self, department_id: int) -> tuple[frozenset[str], ...] | None:
        """Return the heads of a department, as approval calls number it, and of those above it up to the root.

        One call for each, none of them counted.
        """
        client = self._connection.client()
        above: int | None = department_id
        if department_id == APPROVAL_ROOT_DEPARTMENT:
            above = CONTACTS_ROOT_DEPARTMENT
        heads: list[frozenset[str]] = []
        try:
            while above is not None and len(heads) < MOST_LEVELS:
                with in_our_words():
                    department = client.directory.department(above)
                heads.append(frozenset(department.head_user_ids))
                above = department.parent_id
        except ChannelError as error:
            log.warning("flow.department_not_told", **error.failure.told)
            return None
        return tuple(heads)
