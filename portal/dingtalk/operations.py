"""The names of the calls we make, as failures show them and as the record of calls counts them."""

from __future__ import annotations

from enum import StrEnum


class Operation(StrEnum):
    """One name for each DingTalk call; some are fixed by the product's help page."""

    ACCESS_TOKEN = "accessToken"  # noqa: S105  a name, not a password
    CREATE_TEMPLATE = "createOaApprovalTemplate"
    UPDATE_TEMPLATE = "updateOaApprovalTemplate"
    READ_SCHEMA = "readFormSchema"
    FIND_PROCESS_CODE = "findProcessCode"
    MANAGEABLE_TEMPLATES = "listManageableTemplates"
    VISIBLE_TEMPLATES = "listVisibleTemplates"
    READ_PROCESS_CONFIG = "readProcessConfig"
    FORECAST = "forecast"
    START_INSTANCE = "startProcessInstance"
    READ_INSTANCE = "getProcessInstance"
    LIST_INSTANCES = "listProcessInstanceIds"
    TERMINATE_INSTANCE = "terminateProcessInstance"
    COMMENT = "addProcessInstanceComment"
    FAILED_PUSHES = "getCallBackFailedResult"
    READ_USER = "getUser"
    USER_BY_UNION_ID = "getUserByUnionId"
    SEARCH_USERS = "searchUsers"
    DEPARTMENT_MEMBERS = "listDepartmentMembers"
    READ_DEPARTMENT = "getDepartment"
    ROLE_MEMBERS = "listRoleMembers"
    USER_ACCESS_TOKEN = "userAccessToken"  # noqa: S105  a name, not a password
    USER_PROFILE = "getUserProfile"
    OPEN_CONNECTION = "openConnection"
    USER_OF_CODE = "getUserInfo"
    SEND_WORK_NOTICE = "sendWorkNotice"
    READ_NOTICE_RESULT = "getWorkNoticeResult"


WRITES = frozenset(
    {
        Operation.CREATE_TEMPLATE,
        Operation.UPDATE_TEMPLATE,
        Operation.START_INSTANCE,
        Operation.TERMINATE_INSTANCE,
        Operation.COMMENT,
        Operation.FAILED_PUSHES,  # reading the list empties it
        Operation.SEND_WORK_NOTICE,
    }
)

# What the monthly quota leaves out (DingTalk: quota pages). The failed-push list and work notices are not named
# among the exempt ones, so they are taken to count; that is not confirmed.
_NOT_COUNTED = frozenset(
    {
        Operation.ACCESS_TOKEN,
        Operation.USER_ACCESS_TOKEN,
        Operation.USER_PROFILE,
        Operation.OPEN_CONNECTION,
        Operation.USER_OF_CODE,
        Operation.READ_USER,
        Operation.USER_BY_UNION_ID,
        Operation.SEARCH_USERS,
        Operation.DEPARTMENT_MEMBERS,
        Operation.READ_DEPARTMENT,
        Operation.ROLE_MEMBERS,
    }
)
COUNTED_BY_QUOTA = frozenset(Operation) - _NOT_COUNTED


def may_change_something(operation: str) -> bool:
    """Whether a call that got no clear answer may have left a trace; unknown names count as writes."""
    return operation in WRITES or operation not in set(Operation)
