"""How the doctor's lines are put together on a page and in print."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from portal.services.doctor.checks import CheckName

GROUPS: dict[str, tuple[LazyString, tuple[CheckName, ...]]] = {
    "portal": (
        _("The portal itself"),
        (
            CheckName.DATABASE,
            CheckName.DISK_SPACE,
            CheckName.SECRET_KEY,
            CheckName.PUBLIC_URL,
            CheckName.WORKER,
            CheckName.EVENT_INBOX,
        ),
    ),
    "reaching-dingtalk": (
        _("Reaching DingTalk"),
        (CheckName.API_ADDRESS, CheckName.OAPI_ADDRESS, CheckName.CLOCK),
    ),
    "dingtalk-app": (
        _("The DingTalk app and its permissions"),
        (
            CheckName.APP_BOUND,
            CheckName.CREDENTIALS,
            CheckName.IP_ALLOWED,
            CheckName.FORM_READ,
            CheckName.FORM_WRITE,
            CheckName.INSTANCE_READ,
            CheckName.INSTANCE_WRITE,
            CheckName.MEMBERS,
            CheckName.MEMBER_SEARCH,
            CheckName.DEPARTMENTS,
            CheckName.DEPARTMENT_MEMBERS,
            CheckName.CONTACT_SCOPE,
        ),
    ),
    "approval": (
        _("Approval"),
        (
            CheckName.SWITCHES,
            CheckName.FALLBACK_APPROVER,
            CheckName.APPROVERS,
            CheckName.TEMPLATE,
            CheckName.TEMPLATE_FLOW,
            CheckName.TEMPLATE_FIELDS,
        ),
    ),
    "events": (
        _("Events from DingTalk"),
        (
            CheckName.AES_KEY,
            CheckName.CALLBACK_TOKEN,
            CheckName.CALLBACK_ADDRESS,
            CheckName.CHECK_URL,
            CheckName.REFUSED_CALLBACKS,
            CheckName.STREAM,
            CheckName.LAST_EVENT,
        ),
    ),
    "quotas": (_("This month's quotas"), (CheckName.CALLS_USED, CheckName.PUSHES_USED)),
    "quick-bi": (
        _("Quick BI"),
        (CheckName.QUICKBI_KEY, CheckName.QUICKBI_SHARING, CheckName.QUICKBI_PEOPLE),
    ),
}
