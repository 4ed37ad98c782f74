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
    """Why a call failed: one class for each remedy.

    ``UNREACHABLE`` means that nothing was sent, ``NO_ANSWER`` that the call went out. ``DEPARTMENT_WRONG`` is
    about who takes part: DingTalk does not say whether the people or the department do not fit.
    """

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
    DEPARTMENT_WRONG = "department_wrong"
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


# Codes of our own for exchanges that ended without an answer of DingTalk's.
CONNECTION_FAILED = "connectionFailed"
NO_ANSWER = "noAnswer"
UNREADABLE_ANSWER = "unreadableAnswer"
INCOMPLETE_ANSWER = "incompleteAnswer"

_CODES_OF: dict[FailureClass, tuple[str, ...]] = {
    FailureClass.CREDENTIALS_WRONG: (
        *("invalidClientIdOrSecret", "invalid.client", "unauthorized.client", "40089", "40096"),
        "authFailed",  # the Stream gateway's
    ),
    FailureClass.TOKEN_REFUSED: (
        *("InvalidAuthentication", "AuthenticationFailed.MissingParameter"),
        *("40000", "40001", "40014", "42001"),
    ),
    FailureClass.PERMISSION_MISSING: (
        *("Forbidden.AccessDenied.AccessTokenPermissionDenied", "60011", "43007"),
    ),
    FailureClass.IP_NOT_ALLOWED: ("Forbidden.AccessDenied.IpNotInWhiteList", "60020"),
    FailureClass.THROTTLED: (
        "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi",
        "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi",
        "Forbidden.AccessDenied.QpsLimitForApi",
        *(str(errcode) for errcode in range(90001, 90015)),
        "90018",
        *("system.busy", "systemBusy", "qps.exceed.limit", "autoflowLikeTriggerRateLimited"),
        "oaplus.query.limit",
        "1111",  # the source address is blocked for five minutes
        *("143105", "143106"),
    ),
    FailureClass.QUOTA_EXHAUSTED: ("Forbidden.AccessDenied.ApiCountLimitForOrg", "90020", "20001"),
    FailureClass.UNREACHABLE: (CONNECTION_FAILED,),
    FailureClass.NO_ANSWER: (NO_ANSWER,),
    FailureClass.SERVER_TROUBLE: (
        *("system.error", "systemError", "sysErrror", "internalError", "serviceBusy"),
        *("server.error", "unknownError", "processInstanceStartFailed", "processGroupGetFailed"),
        *("forecastError", "processFormDataIsNull", "benefit.query.error"),
        *("-1", "15", "88", "isp.top-remote-connection-timeout"),
    ),
    FailureClass.ADDRESS_WRONG: ("404", "22"),
    FailureClass.TEMPLATE_GONE: (
        *("processCodeError", "processcode.error", "process.error", "formNotExist"),
        *("aflowProcessCodeIsError", "invalidProcessCode", "processNotExist", "820001"),
    ),
    FailureClass.TEMPLATE_DISABLED: ("processGetFailed",),
    FailureClass.TEMPLATE_NAME_TAKEN: ("formName.error",),
    FailureClass.TEMPLATE_LIMIT: ("processes.error",),
    FailureClass.TEMPLATE_NOT_MANAGEABLE: ("permission.error", "noPermission", "processSetupNoPermission"),
    FailureClass.FORM_SCHEMA_REFUSED: ("formschema.error", "schema.sysAttrs.error"),
    FailureClass.FORM_VALUES_REFUSED: ("formConverterError", "illegalComponent", "componentIsNull"),
    FailureClass.NOT_VISIBLE: ("needAuth",),
    FailureClass.PERSON_UNKNOWN: (
        *("invalidUserId", "userNotExist", "user.not.exist", "invalidParameter.user.notFound"),
        *("invalidInstanceTerminateOperatingUserId", "invalidInstanceCommentUserId", "33012", "60121"),
    ),
    FailureClass.DEPARTMENT_WRONG: ("processInstanceInvalidParameter",),
    FailureClass.PARAMETERS_REFUSED: (
        *("invalidParameter", "parameter.error", "unsupported.grant.type", "40035", "40104", "400002"),
        *("invalidInstanceListIdsStartTime", "invalidEndTime", "invalidNextToken", "invalidMaxResults"),
        *("invalidInstanceTerminateIsSystem", "invalidInstanceCommentText"),
        *("param.blank", "param.illegal", "param.illegal.operator", "appender.contains.currentOperator"),
    ),
    FailureClass.APPROVER_MISSING: ("targetSelectApproverMissing",),
    FailureClass.APPROVER_OUT_OF_RANGE: ("targetSelectApproverScopeError",),
    FailureClass.INSTANCE_GONE: (
        *("processInstanceIdError", "processInstanceNotExist", "aflowProcessInstNotExist"),
        "invalidInstanceId",
    ),
    FailureClass.INSTANCE_STATE: (
        *("aflowProcessInstStatusException", "aflowProcessInstCanNotBeExecuted"),
        *("task.status.error", "instance.status.error"),
    ),
    FailureClass.WITHDRAWAL_REFUSED: ("820008",),
    FailureClass.AGENT_ID_WRONG: ("invalidAgentId", "40056", "41011"),
    FailureClass.OUTSIDE_CONTACT_SCOPE: ("50002", "50004"),
    FailureClass.AUTH_CODE_INVALID: ("40078", "invalidParameter.authCode.notFound"),
    FailureClass.OTHER_ORGANISATION: (),
    FailureClass.BLACKLISTED: (
        *("processCode.in.blackList", "isvOrgId.in.blackList", "isvAppId.in.blackList"),
    ),
    FailureClass.PREMIUM_NEEDED: ("benefitStatusInvalid", "benefit.status.invalid"),
    FailureClass.UNEXPECTED: (
        *(UNREADABLE_ANSWER, INCOMPLETE_ANSWER),
        # Met in the wild, their meaning is not documented.
        *("810002", "810003", "810007", "810008", "820005", "820006", "820010", "830001"),
    ),
}

FAILURE_OF_CODE: dict[str, FailureClass] = {
    code.casefold(): failure for failure, codes in _CODES_OF.items() for code in codes
}

# The same code means something else in these calls.
FAILURE_IN_OPERATION: dict[tuple[str, str], FailureClass] = {
    (Operation.ACCESS_TOKEN, "40001"): FailureClass.CREDENTIALS_WRONG,
    (Operation.TERMINATE_INSTANCE, "internalerror"): FailureClass.WITHDRAWAL_REFUSED,
    (Operation.USER_BY_UNION_ID, "60121"): FailureClass.OTHER_ORGANISATION,
    (Operation.USER_ACCESS_TOKEN, "invalidparameter"): FailureClass.AUTH_CODE_INVALID,
}

# Classes that refuse nothing for good: nothing was done, and later it may work.
_RETRYABLE = frozenset(
    {
        FailureClass.TOKEN_REFUSED,
        FailureClass.THROTTLED,
        FailureClass.QUOTA_EXHAUSTED,
        FailureClass.UNREACHABLE,
    }
)

# Classes that leave open whether the call did its work.
_UNCLEAR = frozenset({FailureClass.NO_ANSWER, FailureClass.SERVER_TROUBLE, FailureClass.UNEXPECTED})

RETRY_OF_CLASS: dict[FailureClass, Retry | None] = {
    failure: Retry.RETRYABLE if failure in _RETRYABLE else None if failure in _UNCLEAR else Retry.PERMANENT
    for failure in FailureClass
}

RETRY_IN_OPERATION: dict[tuple[str, FailureClass], Retry] = {
    # An instance cannot be withdrawn in its first 15 seconds (DingTalk: revoke-an-approval-instance).
    (Operation.TERMINATE_INSTANCE, FailureClass.INSTANCE_STATE): Retry.RETRYABLE,
    # Right after its start an instance may not be found yet.
    (Operation.READ_INSTANCE, FailureClass.INSTANCE_GONE): Retry.RETRYABLE,
}


# How long to wait after a throttle of this kind; the others ask for a growing pause (DingTalk: call-frequency-limit).
_WAIT_SECONDS_OF_CODE = {
    "forbidden.accessdenied.qpslimitforappkeyandapi": 1,
    "90018": 1,
    "forbidden.accessdenied.qpmlimitforappkeyandapi": 60,
    "1111": 300,
}


def asked_wait_seconds(code: str) -> int | None:
    """Return how many seconds to wait after this code, or None where DingTalk names no time."""
    return _WAIT_SECONDS_OF_CODE.get(code.casefold())


def classify(
    *, operation: str, http_status: int, code: str, sub_code: str | None = None
) -> tuple[FailureClass, Retry]:
    """Say what a failure is and whether to try again.

    ``code`` is the new family's ``code`` or the old family's ``errcode`` as text; ``sub_code`` counts when
    the errcode is 88, which is only a wrapper (DingTalk: server-api-error-codes). ``http_status`` is 0
    without an answer. A code we do not know is ``UNEXPECTED``, and after a write its outcome is unknown; so
    is every write that a 5xx answered, whatever its code says.
    """
    failure = _failure(operation=operation, http_status=http_status, code=telling_code(code, sub_code))
    retry = RETRY_IN_OPERATION.get((operation, failure), RETRY_OF_CLASS[failure])
    is_write = may_change_something(operation)
    if is_write and (retry is None or http_status >= 500):
        return failure, Retry.OUTCOME_UNKNOWN
    return failure, retry or Retry.RETRYABLE


def telling_code(code: str, sub_code: str | None) -> str:
    """Return the code that says something: the wrapped one if the errcode is 88."""
    return sub_code if code == "88" and sub_code else code


def _failure(*, operation: str, http_status: int, code: str) -> FailureClass:
    code = code.casefold()
    known = FAILURE_IN_OPERATION.get((operation, code)) or FAILURE_OF_CODE.get(code)
    if known is not None and known is not FailureClass.UNEXPECTED:
        return known
    if code.startswith("missing"):  # "Missing" and the name of an absent field
        return FailureClass.PARAMETERS_REFUSED
    if http_status == 429:
        return FailureClass.THROTTLED
    return FailureClass.SERVER_TROUBLE if http_status >= 500 else FailureClass.UNEXPECTED
