"""Whom a running approval waits for, who comes after them, and since when it stands like that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.channels.approval_channel import ChannelName, RecordKind
from portal.models import Approval, ApprovalDecider
from portal.models.approval import DeciderState
from portal.rules.flow_nodes import NodeRule
from portal.services.outcomes.approval_records import told_in

# What leaves everybody's turn as it was, or cannot be told from that.
_MOVES_NOTHING = (RecordKind.SUBMITTED, RecordKind.COMMENTED, RecordKind.COPIED, RecordKind.OTHER)


@dataclass(frozen=True, kw_only=True)
class Turns:
    """Names in the order of the flow; ``waiting_user_ids`` go with those waited for. All empty: nobody is known."""

    waiting: tuple[str, ...]
    waiting_user_ids: tuple[str, ...]
    later: tuple[str, ...]


def is_here(approval: Approval) -> bool:
    """Whether it is decided in the portal: then nothing is said about DingTalk."""
    return approval.channel == ChannelName.IN_PLATFORM


def turns_in(approval: Approval) -> Turns:
    """Return whose turn it is in a running approval: as the channel told, before that as its flow began."""
    waiting, expected = (
        [row for row in approval.deciders if row.state == state and row.person_name]
        for state in (DeciderState.WAITING, DeciderState.EXPECTED)
    )
    if not waiting and approval.last_read_at is None:
        if approval.chosen_approvers is None:
            approver = approval.approver
            return Turns(waiting=(approver.name,), waiting_user_ids=(approver.user_id or "",), later=())
        waiting = _first_asked(approval, expected)
    first = {row.user_id for row in waiting}
    return Turns(
        waiting=tuple(row.person_name for row in waiting),
        waiting_user_ids=tuple(row.user_id for row in waiting),
        # After a send-back to the requester the flow begins again, with those who were asked before.
        later=()
        if is_sent_back(approval)
        else tuple(row.person_name for row in expected if row.user_id not in first),
    )


def is_sent_back(approval: Approval) -> bool:
    """Whether it lies with the requester until they submit it again."""
    requester = approval.requester.user_id
    is_asked = any(
        row.user_id == requester and row.state == DeciderState.WAITING for row in approval.deciders
    )
    kinds = [told.kind for told in told_in(approval) if told.kind not in _MOVES_NOTHING]
    return is_asked and kinds[-1:] == [RecordKind.SENT_BACK]


def unchanged_since(approval: Approval) -> datetime | None:
    """Return when somebody last took a step, by DingTalk's minutes, or when it was started."""
    steps = [told.occurred_at for told in told_in(approval) if told.kind not in _MOVES_NOTHING]
    return max((at for at in (*steps, approval.started_at) if at is not None), default=None)


def _first_asked(approval: Approval, expected: Sequence[ApprovalDecider]) -> list[ApprovalDecider]:
    """The people of the flow's first node; of nodes that bear the same name, the choice tells which."""
    if not expected:
        return []
    first = expected[0]
    if first.rule == NodeRule.SELECTED_BY_INITIATOR:
        for choice in approval.chosen_approvers or ():
            if first.user_id in choice["user_ids"]:
                return [row for row in expected if row.user_id in choice["user_ids"]]
    return [row for row in expected if (row.node_name, row.rule) == (first.node_name, first.rule)]
