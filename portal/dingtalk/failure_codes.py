"""The one table from DingTalk's error codes to a class of failure, and from there to whether to try again.

Sources: "Server API error codes", "Call frequency limit", the error tables of the workflow pages, and codes
seen in real answers. The status alone decides nothing but for answers without a code we know.
"""

from __future__ import annotations

from enum import StrEnum

from portal.dingtalk.operations import Operation, may_change_something


class Retry(StrEnum):
    """What a caller may do after a failure."""

    PERMANENT = "permanent"
    RETRYABLE = "retryable"
    OUTCOME_UNKNOWN = "outcome_unknown"


class FailureClass(StrEnum):
    """Why a call failed: one class for each remedy."""

    CREDENTIALS_WRONG = "credentials_wrong"
    TOKEN_REFUSED = "token_refused"  # noqa: S105  a name, not a password
    PERMISSION_MISSING = "permission_missing"
    IP_NOT_ALLOWED = "ip_not_allowed"
    THROTTLED = "throttled"
    QUOTA_EXHAUSTED = "quota_exhausted"
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    SERVER_TROUBLE = "server_trouble"
    ADDRESS_WRONG = "address_wrong"
    TEMPLATE_GONE = "template_gone"
    TEMPLATE_DISABLED = "template_disabled"
    TEMPLATE_NAME_TAKEN = "template_name_taken"
    TEMPLATE_LIMIT = "template_limit"
    TEMPLATE_NOT_MANAGEABLE = "template_not_manageable"
    FORM_SCHEMA_REFUSED = "form_schema_refused"
    FORM_VALUES_REFUSED = "form_values_refused"
    NOT_VISIBLE = "not_visible"
    PERSON_UNKNOWN = "person_unknown"
    PARAMETERS_REFUSED = "parameters_refused"
    APPROVER_MISSING = "approver_missing"
    APPROVER_OUT_OF_RANGE = "approver_out_of_range"
    INSTANCE_GONE = "instance_gone"
    INSTANCE_STATE = "instance_state"
    WITHDRAWAL_REFUSED = "withdrawal_refused"
    AGENT_ID_WRONG = "agent_id_wrong"
    OUTSIDE_CONTACT_SCOPE = "outside_contact_scope"
    AUTH_CODE_INVALID = "auth_code_invalid"
    OTHER_ORGANISATION = "other_organisation"
    BLACKLISTED = "blacklisted"
    PREMIUM_NEEDED = "premium_needed"
    UNEXPECTED = "unexpected"


def classify(
    *, operation: str, http_status: int, code: str, sub_code: str | None = None
) -> tuple[FailureClass, Retry]:
    """Say what a failure is and whether to try again.

    ``code`` is the new family's ``code`` or the old family's ``errcode`` as text; ``sub_code`` counts when the
    errcode is 88, which is only a wrapper (DingTalk: server-api-error-codes). A code we do not know is
    ``UNEXPECTED``, and after a write its outcome is unknown.
    """
    raise NotImplementedError((operation, http_status, code, sub_code, may_change_something, Operation))
