"""DingTalk's permissions by the names that an admin finds in its console (DingTalk: permission management)."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _

from portal.channels.failures import Failure

_NAMES = {
    "Workflow.Instance.Write": _("Workflow instance write permission"),
    "Workflow.Instance.Read": _("Workflow instance read permission"),
    "Workflow.Form.Write": _("Workflow template write permission"),
    "Workflow.Form.Read": _("Workflow template read permission"),
    "Premium.Workflow.ReadWrite.All": _("OA premium: read and write workflows"),
    "Contact.User.Read": _("Contacts: read one's own profile at sign-in"),
    "qyapi_get_member": _("Contacts: read members"),
    "qyapi_addresslist_search": _("Contacts: search members"),
    "qyapi_get_department_list": _("Contacts: read departments"),
    "qyapi_get_department_member": _("Contacts: read members of departments"),
    "qyapi_base": _("Basic API permission"),
}

# What a call needs, for answers that do not name it.
_NEEDED_BY = {
    "createOaApprovalTemplate": "Workflow.Form.Write",
    "updateOaApprovalTemplate": "Workflow.Form.Write",
    "readFormSchema": "Workflow.Form.Read",
    "findProcessCode": "Workflow.Form.Read",
    "listManageableTemplates": "Workflow.Form.Read",
    "listVisibleTemplates": "Workflow.Form.Read",
    "readProcessConfig": "Premium.Workflow.ReadWrite.All",
    "forecast": "Workflow.Instance.Write",
    "startProcessInstance": "Workflow.Instance.Write",
    "terminateProcessInstance": "Workflow.Instance.Write",
    "addProcessInstanceComment": "Workflow.Instance.Write",
    "getProcessInstance": "Workflow.Instance.Read",
    "listProcessInstanceIds": "Workflow.Instance.Read",
    "getUser": "qyapi_get_member",
    "getUserByUnionId": "qyapi_get_member",
    "searchUsers": "qyapi_addresslist_search",
    "listDepartmentMembers": "qyapi_get_department_member",
    "listRoleMembers": "qyapi_get_department_member",
    "getDepartment": "qyapi_get_department_list",
    "getUserProfile": "Contact.User.Read",
    "getCallBackFailedResult": "qyapi_base",
    "getUserInfo": "qyapi_base",
    "sendWorkNotice": "qyapi_base",
    "getWorkNoticeResult": "qyapi_base",
}


@dataclass(frozen=True, kw_only=True)
class PermissionWords:
    """A permission by its name and its code."""

    name: str
    code: str


def missing_permissions(failure: Failure) -> tuple[PermissionWords, ...]:
    """Return the permissions that a failed call lacks; empty for other failures."""
    if failure.kind != "permission_missing":
        return ()
    needed = _NEEDED_BY.get(failure.operation)
    codes = failure.required_scopes or ((needed,) if needed else ())
    return tuple(PermissionWords(name=str(_NAMES.get(code, code)), code=code) for code in codes)
