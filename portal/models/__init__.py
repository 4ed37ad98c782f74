"""Tables, one file a thing; importing this package makes all of them known to Alembic."""

from portal.models.access_request import AccessRequest, RequestItem
from portal.models.approval import Approval, ApprovalDecider, ApprovalRecord
from portal.models.approval_settings import ApprovalSettings
from portal.models.approval_template import ApprovalTemplate
from portal.models.audit_entry import AuditEntry
from portal.models.callback_event import CallbackEvent, CallbackTally
from portal.models.chore import Chore
from portal.models.dingtalk_app import DingTalkApp
from portal.models.dingtalk_call_tally import DingTalkCallTally
from portal.models.grant import Grant, GrantDelivery, GrantTargetSettings
from portal.models.person import Absence, LocalCredential, Person, PersonRole
from portal.models.resource import Resource, ResourceImport, Workspace, WorkspaceMember
from portal.models.saved_view import SavedView
from portal.models.sign_in_session import SignInSession
from portal.models.stray_instance import StrayInstance, StrayState
from portal.models.stream_connection import StreamConnection
from portal.models.trial import Trial
from portal.models.work_notice import WorkNotice
from portal.models.worker import WorkerHeartbeat

__all__ = [
    "Absence",
    "AccessRequest",
    "Approval",
    "ApprovalDecider",
    "ApprovalRecord",
    "ApprovalSettings",
    "ApprovalTemplate",
    "AuditEntry",
    "CallbackEvent",
    "CallbackTally",
    "Chore",
    "DingTalkApp",
    "DingTalkCallTally",
    "Grant",
    "GrantDelivery",
    "GrantTargetSettings",
    "LocalCredential",
    "Person",
    "PersonRole",
    "RequestItem",
    "Resource",
    "ResourceImport",
    "SavedView",
    "SignInSession",
    "StrayInstance",
    "StrayState",
    "StreamConnection",
    "Trial",
    "WorkNotice",
    "WorkerHeartbeat",
    "Workspace",
    "WorkspaceMember",
]
