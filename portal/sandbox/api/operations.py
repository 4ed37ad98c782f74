"""The calls the sandbox answers, by name: family, permission, and whether the monthly quota counts them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portal.sandbox.settings import Permission


class Family(StrEnum):
    """``NEW`` is api.dingtalk.com, ``OLD`` is oapi.dingtalk.com."""

    NEW = "new"
    OLD = "old"


class TokenNeed(StrEnum):
    """Which token a call is made with."""

    NONE = "none"
    APP = "app"
    USER = "user"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """``name`` is used by faults and counts; workflow calls are metered, tokens, sign-in and contacts are not."""

    name: str
    method: str
    path: str
    family: Family = Family.NEW
    token: TokenNeed = TokenNeed.APP
    permission: Permission | None = None

    @property
    def is_metered(self) -> bool:
        """Whether the monthly quota counts it (DingTalk: quota pages)."""
        return self.path.startswith("/v1.0/workflow/")


def _old(name: str, path: str, permission: Permission | None, *, method: str = "POST") -> Operation:
    return Operation(name=name, method=method, path=path, family=Family.OLD, permission=permission)


def _workflow(name: str, method: str, path: str, permission: Permission) -> Operation:
    return Operation(name=name, method=method, path=f"/v1.0/workflow/{path}", permission=permission)


ACCESS_TOKEN = Operation(
    name="accessToken", method="POST", path="/v1.0/oauth2/accessToken", token=TokenNeed.NONE
)
GETTOKEN = Operation(name="gettoken", method="GET", path="/gettoken", family=Family.OLD, token=TokenNeed.NONE)
USER_ACCESS_TOKEN = Operation(
    name="userAccessToken", method="POST", path="/v1.0/oauth2/userAccessToken", token=TokenNeed.NONE
)
OPEN_CONNECTION = Operation(
    name="openConnection", method="POST", path="/v1.0/gateway/connections/open", token=TokenNeed.NONE
)
CONTACT_ME = Operation(
    name="contactMe",
    method="GET",
    path="/v1.0/contact/users/me",
    token=TokenNeed.USER,
    permission=Permission.CONTACT_ME,
)
SEARCH_USERS = Operation(
    name="searchUsers", method="POST", path="/v1.0/contact/users/search", permission=Permission.SEARCH
)
USER_BY_UNION_ID = _old("getByUnionId", "/topapi/user/getbyunionid", Permission.MEMBER)
USER_GET = _old("getUser", "/topapi/v2/user/get", Permission.MEMBER)
USER_INFO = _old("getUserInfo", "/topapi/v2/user/getuserinfo", Permission.BASE)
DEPARTMENTS_BELOW = _old("listSubDepartments", "/topapi/v2/department/listsub", Permission.DEPARTMENT_LIST)
DEPARTMENT_GET = _old("getDepartment", "/topapi/v2/department/get", Permission.DEPARTMENT_LIST)
DEPARTMENT_USERS = _old("listDepartmentUserIds", "/topapi/user/listid", Permission.DEPARTMENT_MEMBER)
ROLE_MEMBERS = _old("listRoleMembers", "/topapi/role/simplelist", Permission.DEPARTMENT_MEMBER)
FAILED_EVENTS = _old(
    "getFailedEvents", "/call_back/get_call_back_failed_result", Permission.BASE, method="GET"
)
SEND_MESSAGE = _old("sendWorkNotice", "/topapi/message/corpconversation/asyncsend_v2", Permission.BASE)
MESSAGE_RESULT = _old(
    "getWorkNoticeResult", "/topapi/message/corpconversation/getsendresult", Permission.BASE
)
RECALL_MESSAGE = _old("recallWorkNotice", "/topapi/message/corpconversation/recall", Permission.BASE)

SAVE_FORM = _workflow("saveForm", "POST", "forms", Permission.FORM_WRITE)
READ_SCHEMA = _workflow("readSchema", "GET", "forms/schemas/processCodes", Permission.FORM_READ)
FIND_PROCESS_CODE = _workflow(
    "findProcessCode", "GET", "processCentres/schemaNames/processCodes", Permission.FORM_READ
)
MANAGEABLE = _workflow(
    "listManageableTemplates", "GET", "processes/managements/templates", Permission.FORM_READ
)
VISIBLE = _workflow(
    "listVisibleTemplates", "GET", "processes/userVisibilities/templates", Permission.FORM_READ
)
FORECAST = _workflow("forecast", "POST", "processes/forecast", Permission.INSTANCE_WRITE)
START_INSTANCE = _workflow("startProcessInstance", "POST", "processInstances", Permission.INSTANCE_WRITE)
READ_INSTANCE = _workflow("getProcessInstance", "GET", "processInstances", Permission.INSTANCE_READ)
LIST_INSTANCES = _workflow("listInstanceIds", "POST", "processes/instanceIds/query", Permission.INSTANCE_READ)
TERMINATE = _workflow(
    "terminateProcessInstance", "POST", "processInstances/terminate", Permission.INSTANCE_WRITE
)
EXECUTE = _workflow("executeTask", "POST", "processInstances/execute", Permission.INSTANCE_WRITE)
COMMENT = _workflow("addComment", "POST", "processInstances/comments", Permission.INSTANCE_WRITE)
REDIRECT = _workflow("redirectTask", "POST", "tasks/redirect", Permission.INSTANCE_WRITE)
OPEN_TASK_COUNT = _workflow("countOpenTasks", "GET", "processes/todoTasks/numbers", Permission.INSTANCE_READ)
PREMIUM_APPEND = _workflow("appendTask", "POST", "premium/tasks/append", Permission.PREMIUM)
PREMIUM_REVERT = _workflow("revertTask", "POST", "premium/tasks/revert", Permission.PREMIUM)
PREMIUM_SCHEMAS = _workflow(
    "queryPremiumSchemas", "POST", "premium/processes/schemas/batchQuery", Permission.PREMIUM
)

ALL = tuple(value for value in list(globals().values()) if isinstance(value, Operation))
