"""The port that every approval channel fills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from portal.rules.approval_state import ApprovalState


class ChannelName(StrEnum):
    """Channels a request can be started under; it keeps the one it was started with."""

    DINGTALK = "dingtalk"


class RecordKind(StrEnum):
    """What somebody did in an approval."""

    SUBMITTED = "submitted"
    AGREED = "agreed"
    REFUSED = "refused"
    HANDED_OVER = "handed_over"
    COUNTERSIGN_BEFORE = "countersign_before"
    COUNTERSIGN_AFTER = "countersign_after"
    SENT_BACK = "sent_back"
    COMMENTED = "commented"
    COPIED = "copied"
    WITHDRAWN = "withdrawn"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class StartOrder:
    """All that a start needs, as plain values. ``values`` maps the template's labels to texts."""

    process_code: str
    requester_user_id: str
    department_id: int
    approver_user_id: str
    values: Mapping[str, str]
    is_bypass_acknowledged: bool


@dataclass(frozen=True, kw_only=True)
class Record:
    """One thing somebody did, in the order of the channel."""

    kind: RecordKind
    user_id: str
    remark: str
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An approval as its channel shows it now; ``state`` is pending or an outcome.

    ``began_at`` may be precise to the minute only, and is empty where the channel tells none.
    """

    state: ApprovalState
    records: tuple[Record, ...]
    url: str | None
    requester_user_id: str
    values: Mapping[str, str]
    began_at: datetime | None

    def carries(self, order: StartOrder) -> bool:
        """Whether this was started by ``order``: the same requester and **all** of its values."""
        return self.requester_user_id == order.requester_user_id and all(
            _folded(self.values.get(label, "")) == _folded(text) for label, text in order.values.items()
        )


def _folded(text: str) -> str:
    # Line breaks may come back in another form than they were sent in.
    return text.replace("\r\n", "\n").strip()


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
