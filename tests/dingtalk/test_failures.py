"""Every documented code has a class, every class a retry, and nothing unclear is ever called undone."""

from __future__ import annotations

import pytest

from portal.dingtalk.failure_codes import FAILURE_IN_OPERATION, FAILURE_OF_CODE, RETRY_OF_CLASS
from portal.dingtalk.failures import DingTalkError, FailureClass, Retry, classify
from portal.dingtalk.operations import WRITES, Operation

CLASS = FailureClass
START = Operation.START_INSTANCE
READ = Operation.READ_INSTANCE

# What DingTalk documents or has been seen to answer, and what it means when an instance is started.
STARTING = [
    (400, "MissingoriginatorUserId", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (400, "Missingname", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (400, "Missingvalue", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (400, "invalidParameter", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (400, "processInstanceInvalidParameter", CLASS.DEPARTMENT_WRONG, Retry.PERMANENT),
    (400, "targetSelectApproverMissing", CLASS.APPROVER_MISSING, Retry.PERMANENT),
    (400, "targetSelectApproverScopeError", CLASS.APPROVER_OUT_OF_RANGE, Retry.PERMANENT),
    (400, "formConverterError", CLASS.FORM_VALUES_REFUSED, Retry.PERMANENT),
    (400, "illegalComponent", CLASS.FORM_VALUES_REFUSED, Retry.PERMANENT),
    (400, "processCodeError", CLASS.TEMPLATE_GONE, Retry.PERMANENT),
    (400, "processGetFailed", CLASS.TEMPLATE_DISABLED, Retry.PERMANENT),
    (400, "processSetupNoPermission", CLASS.TEMPLATE_NOT_MANAGEABLE, Retry.PERMANENT),
    (400, "needAuth", CLASS.NOT_VISIBLE, Retry.PERMANENT),
    (400, "invalidAgentId", CLASS.AGENT_ID_WRONG, Retry.PERMANENT),
    (400, "processGroupGetFailed", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (200, "processInstanceStartFailed", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (400, "processInstanceStartFailed", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (504, "processInstanceStartFailed", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (200, "sysErrror", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (400, "sysErrror", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (400, "internalError", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (500, "systemError", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (503, "serviceBusy", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (400, "autoflowLikeTriggerRateLimited", CLASS.THROTTLED, Retry.RETRYABLE),
    (400, "benefitStatusInvalid", CLASS.PREMIUM_NEEDED, Retry.PERMANENT),
    (400, "processCode.in.blackList", CLASS.BLACKLISTED, Retry.PERMANENT),
    (400, "isvOrgId.in.blackList", CLASS.BLACKLISTED, Retry.PERMANENT),
    (400, "isvAppId.in.blackList", CLASS.BLACKLISTED, Retry.PERMANENT),
    (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", CLASS.PERMISSION_MISSING, Retry.PERMANENT),
    (403, "Forbidden.AccessDenied.IpNotInWhiteList", CLASS.IP_NOT_ALLOWED, Retry.PERMANENT),
    (403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", CLASS.THROTTLED, Retry.RETRYABLE),
    (403, "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi", CLASS.THROTTLED, Retry.RETRYABLE),
    (403, "Forbidden.AccessDenied.QpsLimitForApi", CLASS.THROTTLED, Retry.RETRYABLE),
    (403, "Forbidden.AccessDenied.ApiCountLimitForOrg", CLASS.QUOTA_EXHAUSTED, Retry.RETRYABLE),
    (429, "system.busy", CLASS.THROTTLED, Retry.RETRYABLE),
    (429, "systemBusy", CLASS.THROTTLED, Retry.RETRYABLE),
    (429, "unreadableAnswer", CLASS.THROTTLED, Retry.RETRYABLE),
    (400, "qps.exceed.limit", CLASS.THROTTLED, Retry.RETRYABLE),
    (400, "oaplus.query.limit", CLASS.THROTTLED, Retry.RETRYABLE),
    (400, "InvalidAuthentication", CLASS.TOKEN_REFUSED, Retry.RETRYABLE),
    (401, "InvalidAuthentication", CLASS.TOKEN_REFUSED, Retry.RETRYABLE),
    (400, "AuthenticationFailed.MissingParameter", CLASS.TOKEN_REFUSED, Retry.RETRYABLE),
    (0, "connectionFailed", CLASS.UNREACHABLE, Retry.RETRYABLE),
    (0, "noAnswer", CLASS.NO_ANSWER, Retry.OUTCOME_UNKNOWN),
    (200, "incompleteAnswer", CLASS.UNEXPECTED, Retry.OUTCOME_UNKNOWN),
    (200, "unreadableAnswer", CLASS.UNEXPECTED, Retry.OUTCOME_UNKNOWN),
    (502, "unreadableAnswer", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (200, "404", CLASS.ADDRESS_WRONG, Retry.PERMANENT),
    (400, "neverHeardOf", CLASS.UNEXPECTED, Retry.OUTCOME_UNKNOWN),
    (403, "Forbidden.AccessDenied.SomethingNew", CLASS.UNEXPECTED, Retry.OUTCOME_UNKNOWN),
    (503, "neverHeardOf", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    # A refusal that comes with a 5xx may be a gateway's about an instance that exists.
    (504, "invalidParameter", CLASS.PARAMETERS_REFUSED, Retry.OUTCOME_UNKNOWN),
    (503, "systemBusy", CLASS.THROTTLED, Retry.OUTCOME_UNKNOWN),
]

ELSEWHERE = [
    (Operation.ACCESS_TOKEN, 400, "invalidClientIdOrSecret", CLASS.CREDENTIALS_WRONG, Retry.PERMANENT),
    (Operation.ACCESS_TOKEN, 400, "invalid.client", CLASS.CREDENTIALS_WRONG, Retry.PERMANENT),
    (Operation.ACCESS_TOKEN, 401, "unauthorized.client", CLASS.CREDENTIALS_WRONG, Retry.PERMANENT),
    (Operation.ACCESS_TOKEN, 400, "unsupported.grant.type", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (Operation.ACCESS_TOKEN, 500, "server.error", CLASS.SERVER_TROUBLE, Retry.RETRYABLE),
    (Operation.ACCESS_TOKEN, 500, "unknownError", CLASS.SERVER_TROUBLE, Retry.RETRYABLE),
    (Operation.ACCESS_TOKEN, 200, "40096", CLASS.CREDENTIALS_WRONG, Retry.PERMANENT),
    (Operation.ACCESS_TOKEN, 200, "40089", CLASS.CREDENTIALS_WRONG, Retry.PERMANENT),
    (Operation.ACCESS_TOKEN, 200, "40001", CLASS.CREDENTIALS_WRONG, Retry.PERMANENT),
    (Operation.ACCESS_TOKEN, 200, "40035", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (Operation.CREATE_TEMPLATE, 400, "formschema.error", CLASS.FORM_SCHEMA_REFUSED, Retry.PERMANENT),
    (Operation.CREATE_TEMPLATE, 400, "schema.sysAttrs.error", CLASS.FORM_SCHEMA_REFUSED, Retry.PERMANENT),
    (Operation.CREATE_TEMPLATE, 400, "permission.error", CLASS.TEMPLATE_NOT_MANAGEABLE, Retry.PERMANENT),
    (Operation.UPDATE_TEMPLATE, 400, "processcode.error", CLASS.TEMPLATE_GONE, Retry.PERMANENT),
    (Operation.CREATE_TEMPLATE, 400, "formName.error", CLASS.TEMPLATE_NAME_TAKEN, Retry.PERMANENT),
    (Operation.CREATE_TEMPLATE, 400, "processes.error", CLASS.TEMPLATE_LIMIT, Retry.PERMANENT),
    (Operation.CREATE_TEMPLATE, 400, "internalError", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (Operation.CREATE_TEMPLATE, 500, "system.error", CLASS.SERVER_TROUBLE, Retry.OUTCOME_UNKNOWN),
    (Operation.CREATE_TEMPLATE, 0, "noAnswer", CLASS.NO_ANSWER, Retry.OUTCOME_UNKNOWN),
    (Operation.UPDATE_TEMPLATE, 0, "noAnswer", CLASS.NO_ANSWER, Retry.OUTCOME_UNKNOWN),
    (Operation.READ_SCHEMA, 400, "formNotExist", CLASS.TEMPLATE_GONE, Retry.PERMANENT),
    (Operation.READ_SCHEMA, 400, "aflowProcessCodeIsError", CLASS.TEMPLATE_GONE, Retry.PERMANENT),
    (Operation.READ_SCHEMA, 400, "noPermission", CLASS.TEMPLATE_NOT_MANAGEABLE, Retry.PERMANENT),
    (Operation.READ_SCHEMA, 0, "noAnswer", CLASS.NO_ANSWER, Retry.RETRYABLE),
    (Operation.FIND_PROCESS_CODE, 400, "process.error", CLASS.TEMPLATE_GONE, Retry.PERMANENT),
    (Operation.FORECAST, 400, "forecastError", CLASS.SERVER_TROUBLE, Retry.RETRYABLE),
    (Operation.FORECAST, 400, "componentIsNull", CLASS.FORM_VALUES_REFUSED, Retry.PERMANENT),
    (Operation.FORECAST, 400, "invalidUserId", CLASS.PERSON_UNKNOWN, Retry.PERMANENT),
    (Operation.FORECAST, 400, "userNotExist", CLASS.PERSON_UNKNOWN, Retry.PERMANENT),
    (READ, 400, "processInstanceIdError", CLASS.INSTANCE_GONE, Retry.RETRYABLE),
    (READ, 400, "processInstanceNotExist", CLASS.INSTANCE_GONE, Retry.RETRYABLE),
    (READ, 400, "processFormDataIsNull", CLASS.SERVER_TROUBLE, Retry.RETRYABLE),
    (READ, 500, "systemError", CLASS.SERVER_TROUBLE, Retry.RETRYABLE),
    (READ, 400, "internalError", CLASS.SERVER_TROUBLE, Retry.RETRYABLE),
    (READ, 400, "neverHeardOf", CLASS.UNEXPECTED, Retry.RETRYABLE),
    (Operation.LIST_INSTANCES, 400, "invalidProcessCode", CLASS.TEMPLATE_GONE, Retry.PERMANENT),
    (
        Operation.LIST_INSTANCES,
        400,
        "invalidInstanceListIdsStartTime",
        CLASS.PARAMETERS_REFUSED,
        Retry.PERMANENT,
    ),
    (Operation.LIST_INSTANCES, 400, "invalidEndTime", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (Operation.LIST_INSTANCES, 400, "invalidNextToken", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (Operation.LIST_INSTANCES, 400, "invalidMaxResults", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (
        Operation.TERMINATE_INSTANCE,
        400,
        "aflowProcessInstStatusException",
        CLASS.INSTANCE_STATE,
        Retry.RETRYABLE,
    ),
    (Operation.TERMINATE_INSTANCE, 400, "internalError", CLASS.WITHDRAWAL_REFUSED, Retry.PERMANENT),
    (Operation.TERMINATE_INSTANCE, 400, "820008", CLASS.WITHDRAWAL_REFUSED, Retry.PERMANENT),
    (Operation.TERMINATE_INSTANCE, 400, "aflowProcessInstNotExist", CLASS.INSTANCE_GONE, Retry.PERMANENT),
    (Operation.TERMINATE_INSTANCE, 400, "invalidInstanceId", CLASS.INSTANCE_GONE, Retry.PERMANENT),
    (
        Operation.TERMINATE_INSTANCE,
        400,
        "invalidInstanceTerminateOperatingUserId",
        CLASS.PERSON_UNKNOWN,
        Retry.PERMANENT,
    ),
    (
        Operation.TERMINATE_INSTANCE,
        400,
        "invalidInstanceTerminateIsSystem",
        CLASS.PARAMETERS_REFUSED,
        Retry.PERMANENT,
    ),
    (Operation.TERMINATE_INSTANCE, 0, "noAnswer", CLASS.NO_ANSWER, Retry.OUTCOME_UNKNOWN),
    (Operation.COMMENT, 400, "aflowProcessInstCanNotBeExecuted", CLASS.INSTANCE_STATE, Retry.PERMANENT),
    (Operation.COMMENT, 400, "invalidInstanceCommentText", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (Operation.COMMENT, 400, "invalidInstanceCommentUserId", CLASS.PERSON_UNKNOWN, Retry.PERMANENT),
    (Operation.READ_USER, 200, "33012", CLASS.PERSON_UNKNOWN, Retry.PERMANENT),
    (Operation.READ_USER, 200, "60121", CLASS.PERSON_UNKNOWN, Retry.PERMANENT),
    (Operation.READ_USER, 200, "400002", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (Operation.READ_USER, 200, "40104", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (Operation.READ_USER, 200, "-1", CLASS.SERVER_TROUBLE, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "15", CLASS.SERVER_TROUBLE, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "isp.top-remote-connection-timeout", CLASS.SERVER_TROUBLE, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "22", CLASS.ADDRESS_WRONG, Retry.PERMANENT),
    (Operation.READ_USER, 200, "50002", CLASS.OUTSIDE_CONTACT_SCOPE, Retry.PERMANENT),
    (Operation.READ_USER, 200, "50004", CLASS.OUTSIDE_CONTACT_SCOPE, Retry.PERMANENT),
    (Operation.READ_USER, 200, "60011", CLASS.PERMISSION_MISSING, Retry.PERMANENT),
    (Operation.READ_USER, 200, "43007", CLASS.PERMISSION_MISSING, Retry.PERMANENT),
    (Operation.READ_USER, 200, "60020", CLASS.IP_NOT_ALLOWED, Retry.PERMANENT),
    (Operation.READ_USER, 200, "90018", CLASS.THROTTLED, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "90002", CLASS.THROTTLED, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "90014", CLASS.THROTTLED, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "90020", CLASS.QUOTA_EXHAUSTED, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "20001", CLASS.QUOTA_EXHAUSTED, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "1111", CLASS.THROTTLED, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "143105", CLASS.THROTTLED, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "143106", CLASS.THROTTLED, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "40000", CLASS.TOKEN_REFUSED, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "40001", CLASS.TOKEN_REFUSED, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "40014", CLASS.TOKEN_REFUSED, Retry.RETRYABLE),
    (Operation.READ_USER, 200, "42001", CLASS.TOKEN_REFUSED, Retry.RETRYABLE),
    (Operation.USER_BY_UNION_ID, 200, "60121", CLASS.OTHER_ORGANISATION, Retry.PERMANENT),
    (Operation.SEARCH_USERS, 400, "parameter.error", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (Operation.USER_ACCESS_TOKEN, 200, "40078", CLASS.AUTH_CODE_INVALID, Retry.PERMANENT),
    (Operation.USER_ACCESS_TOKEN, 400, "invalidParameter", CLASS.AUTH_CODE_INVALID, Retry.PERMANENT),
    (Operation.USER_PROFILE, 404, "invalidParameter.user.notFound", CLASS.PERSON_UNKNOWN, Retry.PERMANENT),
    # Premium calls and codes of the old approval API, which this client does not make but may yet meet.
    (READ, 400, "processNotExist", CLASS.TEMPLATE_GONE, Retry.PERMANENT),
    (READ, 400, "benefit.status.invalid", CLASS.PREMIUM_NEEDED, Retry.PERMANENT),
    (READ, 400, "benefit.query.error", CLASS.SERVER_TROUBLE, Retry.RETRYABLE),
    (READ, 400, "param.blank", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (READ, 400, "param.illegal", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (READ, 400, "param.illegal.operator", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (READ, 400, "appender.contains.currentOperator", CLASS.PARAMETERS_REFUSED, Retry.PERMANENT),
    (READ, 400, "task.status.error", CLASS.INSTANCE_STATE, Retry.PERMANENT),
    (READ, 400, "instance.status.error", CLASS.INSTANCE_STATE, Retry.PERMANENT),
    (READ, 400, "user.not.exist", CLASS.PERSON_UNKNOWN, Retry.PERMANENT),
    (START, 400, "820001", CLASS.TEMPLATE_GONE, Retry.PERMANENT),
    *(
        (START, 400, code, CLASS.UNEXPECTED, Retry.OUTCOME_UNKNOWN)
        for code in ("810002", "810003", "810007", "810008", "820005", "820006", "820010", "830001")
    ),
]
CASES = [(START, *case) for case in STARTING] + ELSEWHERE


@pytest.mark.parametrize(("operation", "http_status", "code", "failure", "retry"), CASES)
def test_a_documented_code_means_this(
    operation: str, http_status: int, code: str, failure: FailureClass, retry: Retry
) -> None:
    assert classify(operation=operation, http_status=http_status, code=code) == (failure, retry)


@pytest.mark.parametrize(("code", "usual"), sorted(FAILURE_OF_CODE.items()))
def test_every_code_of_the_table_is_safe_in_every_operation(code: str, usual: FailureClass) -> None:
    unclear = {CLASS.SERVER_TROUBLE, CLASS.NO_ANSWER, CLASS.UNEXPECTED}
    for operation in Operation:
        failure, retry = classify(operation=operation, http_status=400, code=code)
        assert failure is FAILURE_IN_OPERATION.get((operation, code), usual)
        assert (retry is Retry.OUTCOME_UNKNOWN) == (failure in unclear and operation in WRITES)


@pytest.mark.parametrize("operation", sorted(WRITES))
@pytest.mark.parametrize("code", ["", "neverHeardOf", "noAnswer", "internal.new"])
def test_a_write_with_an_unclear_end_is_outcome_unknown(operation: Operation, code: str) -> None:
    for http_status in (0, 200, 302, 400, 401, 403, 404, 500, 502, 503, 504):
        _failure, retry = classify(operation=operation, http_status=http_status, code=code)
        assert retry is Retry.OUTCOME_UNKNOWN


@pytest.mark.parametrize("operation", sorted(set(Operation) - WRITES))
def test_a_read_is_never_outcome_unknown(operation: Operation) -> None:
    for http_status in (0, 200, 400, 403, 500, 504):
        _failure, retry = classify(operation=operation, http_status=http_status, code="neverHeardOf")
        assert retry is Retry.RETRYABLE


def test_an_operation_nobody_named_counts_as_a_write() -> None:
    assert classify(operation="newCall", http_status=0, code="noAnswer")[1] is Retry.OUTCOME_UNKNOWN


def test_only_a_wrapping_errcode_gives_way_to_its_sub_code() -> None:
    assert (
        classify(operation=READ, http_status=200, code="88", sub_code="60011")[0] is CLASS.PERMISSION_MISSING
    )
    assert classify(operation=READ, http_status=200, code="88", sub_code="")[0] is CLASS.SERVER_TROUBLE
    assert (
        classify(operation=READ, http_status=200, code="60121", sub_code="60011")[0] is CLASS.PERSON_UNKNOWN
    )


def test_codes_are_recognised_in_any_spelling() -> None:
    assert classify(operation=READ, http_status=400, code="invalidauthentication")[0] is CLASS.TOKEN_REFUSED


def test_every_class_has_a_retry_and_a_code_of_its_own_except_where_the_operation_decides() -> None:
    assert set(RETRY_OF_CLASS) == set(FailureClass)
    reachable = set(FAILURE_OF_CODE.values()) | set(FAILURE_IN_OPERATION.values())
    assert reachable == set(FailureClass)


def test_the_error_reads_as_the_help_page_prints_it() -> None:
    error = DingTalkError(
        operation=Operation.CREATE_TEMPLATE,
        code="Forbidden.AccessDenied.AccessTokenPermissionDenied",
        http_status=403,
        message="No permission to call this API.",
        failure=CLASS.PERMISSION_MISSING,
        retry=Retry.PERMANENT,
    )
    assert str(error) == (
        "DingTalk API call failed[createOaApprovalTemplate], "
        "[Forbidden.AccessDenied.AccessTokenPermissionDenied - code: 403, No permission to call this API.]"
    )
