"""What a check is: a stable name, what it needs, and the verdict it comes to. Codes only, the page has the words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from portal.channels.failures import Failure
from portal.services.doctor.findings import Found

if TYPE_CHECKING:
    from portal.services.doctor.run import Run


class CheckName(StrEnum):
    """Every check, in the order in which a cause comes before its consequence; tools may rely on the names."""

    DATABASE = "database"
    DISK_SPACE = "disk_space"
    SECRET_KEY = "secret_key"  # noqa: S105  a name, not a password
    PUBLIC_URL = "public_url"
    WORKER = "worker"
    EVENT_INBOX = "event_inbox"
    API_ADDRESS = "api_address"
    OAPI_ADDRESS = "oapi_address"
    CLOCK = "clock"
    APP_BOUND = "app_bound"
    CREDENTIALS = "credentials"
    IP_ALLOWED = "ip_allowed"
    FORM_READ = "form_read"
    FORM_WRITE = "form_write"
    INSTANCE_READ = "instance_read"
    INSTANCE_WRITE = "instance_write"
    MEMBERS = "members"
    MEMBER_SEARCH = "member_search"
    DEPARTMENTS = "departments"
    DEPARTMENT_MEMBERS = "department_members"
    CONTACT_SCOPE = "contact_scope"
    SWITCHES = "switches"
    FALLBACK_APPROVER = "fallback_approver"
    APPROVERS = "approvers"
    TEMPLATE = "template"
    TEMPLATE_FLOW = "template_flow"
    TEMPLATE_FIELDS = "template_fields"
    AES_KEY = "aes_key"
    CALLBACK_TOKEN = "callback_token"  # noqa: S105  a name, not a password
    CALLBACK_ADDRESS = "callback_address"
    CHECK_URL = "check_url"
    REFUSED_CALLBACKS = "refused_callbacks"
    STREAM = "stream"
    LAST_EVENT = "last_event"
    CALLS_USED = "calls_used"
    PUSHES_USED = "pushes_used"
    QUICKBI_KEY = "quickbi_key"
    QUICKBI_SHARING = "quickbi_sharing"
    QUICKBI_PEOPLE = "quickbi_people"


class CheckState(StrEnum):
    """``waiting`` means that nothing can be said before another check is green."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    WAITING = "waiting"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one look came to. ``found`` selects the words, ``facts`` fill them and hold nothing secret.

    ``failure`` is DingTalk's refusal where it is the reason; ``waits_for`` the check that has to be green first.
    """

    state: CheckState
    found: Found
    facts: Mapping[str, str] = field(default_factory=dict)
    failure: Failure | None = None
    waits_for: CheckName | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the doctor. ``look`` reads and asks, and changes nothing.

    With one of ``needs`` not green it is not looked at: so one fault turns one line red. ``counted_calls`` is how
    many of the organisation's monthly calls to DingTalk a look costs at most.
    """

    name: CheckName
    look: Callable[[Run], Verdict]
    needs: tuple[CheckName, ...] = ()
    counted_calls: int = 0


def ok(found: Found, **facts: str) -> Verdict:
    """All is well."""
    return Verdict(state=CheckState.OK, found=found, facts=facts)


def warning(found: Found, **facts: str) -> Verdict:
    """It works, but somebody should look at it."""
    return Verdict(state=CheckState.WARNING, found=found, facts=facts)


def failed(found: Found, **facts: str) -> Verdict:
    """Something does not work until it is mended."""
    return Verdict(state=CheckState.FAILED, found=found, facts=facts)


def waits_for(other: CheckName) -> Verdict:
    """Nothing can be said before ``other`` is green."""
    return Verdict(state=CheckState.WAITING, found=Found.WAITS, waits_for=other)


def not_applicable(found: Found) -> Verdict:
    """This portal does not use what the check is about."""
    return Verdict(state=CheckState.NOT_APPLICABLE, found=found)
