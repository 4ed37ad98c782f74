"""Why an event callback is refused, whatever channel it is of."""

from __future__ import annotations

from enum import StrEnum


class RefusalReason(StrEnum):
    """Why a callback was refused; each has its own diagnosis on the settings page."""

    NOT_BOUND = "not_bound"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    QUERY_INCOMPLETE = "query_incomplete"
    SIGNATURE = "signature"
    UNDECRYPTABLE = "undecryptable"
    WRONG_OWNER = "wrong_owner"
    WRONG_CORP = "wrong_corp"
    BAD_MESSAGE = "bad_message"
    NOT_STORED = "not_stored"
    SECRETS_UNREADABLE = "secrets_unreadable"


class CallbackRefused(Exception):
    """A callback that was not accepted; nothing was changed."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(reason.value)
        self.reason = reason
