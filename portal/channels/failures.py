"""What can go wrong in a channel, as facts that can be stored and worded later in any language."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

# The vendor's failure classes that decide about more than words.
INSTANCE_GONE = "instance_gone"
NOT_IN_THIS_STATE = "instance_state"


class Retry(StrEnum):
    """What may be done after a failure."""

    PERMANENT = "permanent"
    RETRYABLE = "retryable"
    OUTCOME_UNKNOWN = "outcome_unknown"


class OwnFailure(StrEnum):
    """Failures that we find ourselves; the vendor's classes stand beside them."""

    NOT_BOUND = "not_bound"
    SECRETS_UNREADABLE = "secrets_unreadable"
    NO_TEMPLATE = "no_template"
    FLOW_CHANGED = "flow_changed"
    APPROVER_LEFT = "approver_left"
    REQUESTER_LEFT = "requester_left"
    NOT_FOUND_AFTER_UNKNOWN = "not_found_after_unknown"
    BYPASS_NOT_ACKNOWLEDGED = "bypass_not_acknowledged"
    FLOW_NOT_USABLE = "flow_not_usable"
    NOT_A_CANDIDATE = "not_a_candidate"
    CHOICE_MISSING = "choice_missing"
    CHOICE_NOT_ALLOWED = "choice_not_allowed"
    CHOICE_REFUSED = "choice_refused"
    CHOSEN_LEFT = "chosen_left"
    NO_AGENT_ID = "no_agent_id"
    NOTICE_WITHHELD = "notice_withheld"
    PUSHES_USED_UP = "pushes_used_up"
    STREAM_LIBRARY_MISSING = "stream_library_missing"
    STREAM_UNREACHABLE = "stream_unreachable"


# Nothing was created, and the requester mends it by choosing approvers again.
CHOOSE_AGAIN = frozenset(
    {
        OwnFailure.CHOICE_MISSING,
        OwnFailure.CHOICE_NOT_ALLOWED,
        OwnFailure.CHOICE_REFUSED,
        OwnFailure.CHOSEN_LEFT,
    }
)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One failure: ``kind`` selects the remedy, the rest is what the vendor said. Holds nothing secret.

    ``wait_seconds`` is how long the vendor's documents ask to wait before the same call, where they say so.
    """

    kind: str
    retry: Retry
    operation: str = ""
    code: str = ""
    http_status: int = 0
    message: str = ""
    request_id: str | None = None
    required_scopes: tuple[str, ...] = ()
    apply_url: str | None = None
    wait_seconds: int | None = None
    facts: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "required_scopes": list(self.required_scopes)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        known = {**stored, "required_scopes": tuple(stored.get("required_scopes", ()))}
        return cls(**{**known, "retry": Retry(stored["retry"])})

    @property
    def told(self) -> dict[str, str | None]:
        """What a log line says of it: enough to ask the vendor about this very call."""
        return {
            "kind": self.kind,
            "operation": self.operation,
            "code": self.code,
            "request_id": self.request_id,
        }

    @property
    def sentence(self) -> str:
        """The vendor's failure in the wording that the product's help page fixes; empty for our own."""
        if not self.operation:
            return ""
        vendor = "Quick BI" if self.kind.startswith("quickbi_") else "DingTalk"
        return (
            f"{vendor} API call failed[{self.operation}], "
            f"[{self.code} - code: {self.http_status}, {self.message}]"
        )


class ChannelError(Exception):
    """A channel could not do what it was asked."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence or failure.kind)
        self.failure = failure


def own_failure(kind: OwnFailure, *, retry: Retry = Retry.PERMANENT, **facts: str) -> ChannelError:
    """Build the error for a failure that we found ourselves."""
    return ChannelError(Failure(kind=kind, retry=retry, facts=facts))
