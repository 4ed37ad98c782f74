"""The port that every approval channel fills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from portal.rules.approval_state import ApprovalState
from portal.rules.approver_selection import Chosen
from portal.rules.flow_rules import Node, NodePerson


class ChannelName(StrEnum):
    """Channels a request can be started under; it keeps the one it was started with.

    ``IN_PLATFORM`` is decided in the portal itself: nothing is called, so no ``ApprovalChannel`` stands behind it.
    """

    DINGTALK = "dingtalk"
    IN_PLATFORM = "in_platform"


class RecordKind(StrEnum):
    """What somebody did in an approval, or what was done without anybody."""

    SUBMITTED = "submitted"
    SUBMITTED_AGAIN = "submitted_again"
    AGREED = "agreed"
    REFUSED = "refused"
    DEPUTY_AGREED = "deputy_agreed"
    DEPUTY_REFUSED = "deputy_refused"
    AUTOMATICALLY_AGREED = "automatically_agreed"
    AUTOMATICALLY_REFUSED = "automatically_refused"
    RELEASED = "released"
    HANDED_OVER = "handed_over"
    COUNTERSIGN_BEFORE = "countersign_before"
    COUNTERSIGN_AFTER = "countersign_after"
    SENT_BACK = "sent_back"
    COMMENTED = "commented"
    COPIED = "copied"
    WITHDRAWN = "withdrawn"
    FINISHED = "finished"
    OTHER = "other"


# Somebody made up their mind themselves, or a deputy in their place.
AGREEMENTS = frozenset({RecordKind.AGREED, RecordKind.DEPUTY_AGREED})
REFUSALS = frozenset({RecordKind.REFUSED, RecordKind.DEPUTY_REFUSED})


class TurnState(StrEnum):
    """Where somebody's turn at deciding stands; it is paused while those asked to countersign first decide."""

    UPCOMING = "upcoming"
    WAITING = "waiting"
    PAUSED = "paused"
    DONE = "done"


@dataclass(frozen=True, kw_only=True)
class StartOrder:
    """All that a start needs, as plain values. ``values`` maps the template's labels to texts.

    ``choices`` are the people chosen for the template's own flow, None where one approver decides peer to peer.
    ``acknowledged`` names who may be passed over, as an admin accepted it; ``known`` are the nodes as confirmed, with
    what was proved of their rules.
    """

    process_code: str
    requester_user_id: str
    department_id: int
    approver_user_id: str
    values: Mapping[str, str]
    choices: tuple[Chosen, ...] | None
    acknowledged: frozenset[str]
    known: tuple[Node, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Record:
    """One thing somebody did, in the order of the channel.

    ``others`` are those it was done to: asked to countersign, handed over to, sent a copy. ``label`` is the
    channel's own word for what we have none for.
    """

    kind: RecordKind
    user_id: str
    remark: str
    occurred_at: datetime
    others: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Somebody's turn at deciding; the same person may have several. ``since`` may be precise to the minute."""

    user_id: str
    node_name: str
    state: TurnState
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An approval as its channel shows it now; ``state`` is pending or an outcome.

    ``began_at`` may be precise to the minute only, and is empty where the channel tells none. ``turns`` may name
    users who are no people: placeholders of the channel's.
    """

    state: ApprovalState
    records: tuple[Record, ...]
    url: str | None
    requester_user_id: str
    values: Mapping[str, str]
    began_at: datetime | None
    turns: tuple[Turn, ...] = ()

    @property
    def waiting(self) -> tuple[Turn, ...]:
        """Whom it waits for now."""
        return tuple(turn for turn in self.turns if turn.state == TurnState.WAITING)

    def carries(self, order: StartOrder) -> bool:
        """Whether this was started by ``order``: the same requester and **all** of its values."""
        return self.requester_user_id == order.requester_user_id and all(
            _folded(self.values.get(label, "")) == _folded(text) for label, text in order.values.items()
        )


def _folded(text: str) -> str:
    # Line breaks may come back in another form than they were sent in.
    return text.replace("\r\n", "\n").strip()


class FlowForecasts(Protocol):
    """Tells ahead which way an approval would go. Every method may raise ``ChannelError``."""

    def foresee(
        self,
        *,
        process_code: str,
        requester_user_id: str,
        department_id: int,
        values: Mapping[str, str],
    ) -> tuple[Node, ...]:
        """Return the nodes that this requester's approval would pass with these values, in order."""

    def role_members(self, role_id: str) -> tuple[NodePerson, ...]:
        """Return the people who hold a role."""


class ApprovalChannel(Protocol):
    """Starts, finds, reads and withdraws approvals. Every method may raise ``ChannelError``."""

    def prove_access(self) -> None:
        """Obtain what the channel needs to be called at all (an app token)."""

    def start(self, order: StartOrder) -> str:
        """Start once and return the instance id; ``Retry.OUTCOME_UNKNOWN`` means it may exist."""

    def list_started(self, order: StartOrder, *, after: datetime) -> tuple[str, ...]:
        """Return the ids of all that this requester started with this template after a moment."""

    def read(self, instance_id: str) -> Reading:
        """Read the truth about an instance."""

    def withdraw(self, instance_id: str, *, requester_user_id: str, remark: str) -> None:
        """Ask the channel to end an instance in the requester's name."""

    def link(self, instance_id: str) -> str:
        """Return the address that opens the instance for a person."""
