"""The bound DingTalk app: its secrets, its credentials, from where it may call, and what it may call."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select

from portal.channels.dingtalk.connection import DingTalkConnection
from portal.channels.dingtalk.probes import TOKEN_OPERATION, PermissionProbe, Probes
from portal.channels.failures import ChannelError, Failure, OwnFailure
from portal.extensions import db
from portal.models import ApprovalSettings, Person
from portal.services.doctor.checks import (
    Check,
    CheckName,
    CheckState,
    Verdict,
    failed,
    ok,
    waits_for,
    warning,
)
from portal.services.doctor.findings import Found
from portal.services.doctor.run import Run

# Refusals that are another check's to explain.
_EXPLAINED_BY = {
    "credentials_wrong": CheckName.CREDENTIALS,
    "token_refused": CheckName.CREDENTIALS,
    "ip_not_allowed": CheckName.IP_ALLOWED,
    "quota_exhausted": CheckName.CALLS_USED,
    OwnFailure.NOT_BOUND: CheckName.APP_BOUND,
    OwnFailure.SECRETS_UNREADABLE: CheckName.APP_BOUND,
}
# After these nothing can be said about what was to be proved.
_TELL_NOTHING = frozenset(
    {"throttled", "unreachable", "no_answer", "server_trouble", "address_wrong", "unexpected"}
)
_NEW = (CheckName.CREDENTIALS, CheckName.IP_ALLOWED)
_OLD = (*_NEW, CheckName.OAPI_ADDRESS)

# Which permission each check proves, over which address, and how many counted calls that costs.
PERMISSIONS: tuple[tuple[CheckName, PermissionProbe, tuple[CheckName, ...], int], ...] = (
    (CheckName.FORM_READ, PermissionProbe.FORM_READ, _NEW, 1),
    (CheckName.FORM_WRITE, PermissionProbe.FORM_WRITE, _NEW, 1),
    (CheckName.INSTANCE_READ, PermissionProbe.INSTANCE_READ, _NEW, 1),
    (CheckName.INSTANCE_WRITE, PermissionProbe.INSTANCE_WRITE, _NEW, 1),
    (CheckName.MEMBERS, PermissionProbe.MEMBERS, _OLD, 0),
    (CheckName.MEMBER_SEARCH, PermissionProbe.MEMBER_SEARCH, _NEW, 0),
    (CheckName.DEPARTMENTS, PermissionProbe.DEPARTMENTS, _OLD, 0),
    (CheckName.DEPARTMENT_MEMBERS, PermissionProbe.DEPARTMENT_MEMBERS, _OLD, 0),
)


@dataclass(frozen=True, kw_only=True)
class AppChecks:
    """Proves the app by calls that change nothing."""

    connection: DingTalkConnection
    probes: Probes

    def checks(self) -> tuple[Check, ...]:
        """All of them."""
        reached = (CheckName.APP_BOUND, CheckName.API_ADDRESS)
        return (
            Check(name=CheckName.APP_BOUND, look=self._bound, needs=(CheckName.DATABASE,)),
            Check(name=CheckName.CREDENTIALS, look=self._credentials, needs=reached),
            Check(name=CheckName.IP_ALLOWED, look=self._ip_allowed, needs=(*reached, CheckName.OAPI_ADDRESS)),
            *(
                Check(name=name, look=_Permission(self.probes, probe), needs=needs, counted_calls=calls)
                for name, probe, needs, calls in PERMISSIONS
            ),
            Check(
                name=CheckName.CONTACT_SCOPE,
                look=self._contact_scope,
                needs=(CheckName.MEMBERS, CheckName.DEPARTMENTS),
            ),
            Check(
                name=CheckName.FALLBACK_APPROVER,
                look=self._fallback_approver,
                needs=(CheckName.CONTACT_SCOPE,),
            ),
        )

    def _bound(self, _run: Run) -> Verdict:
        try:
            self.connection.binding()
        except ChannelError as error:
            is_missing = error.failure.kind == OwnFailure.NOT_BOUND
            return failed(Found.NOT_BOUND if is_missing else Found.SECRETS_UNREADABLE)
        return ok(Found.BOUND)

    def _credentials(self, _run: Run) -> Verdict:
        failure = self.probes.token()
        if failure is None:
            return ok(Found.ACCEPTED)
        if failure.kind == "ip_not_allowed":
            return waits_for(CheckName.IP_ALLOWED)
        # Red even where nothing was told: without a token nothing else can be asked.
        return (
            replace(not_told(failure), state=CheckState.FAILED)
            if tells_nothing(failure)
            else refused(failure)
        )

    def _ip_allowed(self, _run: Run) -> Verdict:
        failure = self.probes.permission(PermissionProbe.DEPARTMENTS)
        if failure is None:
            return ok(Found.ADDRESS_ALLOWED)
        if failure.kind == "ip_not_allowed":
            return refused(failure)
        if failure.operation == TOKEN_OPERATION:
            return waits_for(CheckName.CREDENTIALS)
        # Whatever else it refused: it looked at the call, so it let the address in.
        return not_told(failure) if tells_nothing(failure) else ok(Found.ADDRESS_ALLOWED)

    def _contact_scope(self, _run: Run) -> Verdict:
        person = _fallback_approver()
        failure = None
        if person is not None:
            name, user_id = person.name, person.user_id or ""
            db.session.rollback()
            _, failure = self.probes.person(user_id)
            if failure is not None and failure.kind == "outside_contact_scope":
                return replace(refused(failure), found=Found.SCOPE_LEAVES_OUT, facts={"name": name})
        failure = failure or self.probes.permission(PermissionProbe.DEPARTMENTS)
        if failure is None:
            return ok(Found.SCOPE_WHOLE)
        if failure.kind == "outside_contact_scope":
            return warning(Found.SCOPE_PART)
        return explained(failure) or not_told(failure)

    def _fallback_approver(self, _run: Run) -> Verdict:
        person = _fallback_approver()
        if person is None:
            return warning(Found.FALLBACK_NONE)
        name, user_id = person.name, person.user_id or ""
        if not person.is_active:
            return failed(Found.FALLBACK_LEFT, name=name)
        db.session.rollback()
        is_there, failure = self.probes.person(user_id)
        if failure is not None:
            return explained(failure) or not_told(failure)
        return ok(Found.FALLBACK_ACTIVE, name=name) if is_there else failed(Found.FALLBACK_LEFT, name=name)


@dataclass(frozen=True)
class _Permission:
    """Proves one permission."""

    probes: Probes
    probe: PermissionProbe

    def __call__(self, _run: Run) -> Verdict:
        failure = self.probes.permission(self.probe)
        permission = self.probe.value
        is_write = self.probe is PermissionProbe.FORM_WRITE
        if failure is None:
            # An update of what cannot exist was accepted: DingTalk made something after all.
            return warning(Found.TEMPLATE_MADE) if is_write else ok(Found.PERMITTED, permission=permission)
        if failure.kind == "permission_missing":
            return refused(failure)
        other = explained(failure)
        if other is not None:
            return other
        if tells_nothing(failure):
            return not_told(failure)
        # It was refused for what was asked, not for who asks.
        found = Found.PERMITTED_INFERRED if is_write else Found.PERMITTED
        return ok(found, permission=permission)


def refused(failure: Failure) -> Verdict:
    """Red, in DingTalk's own words."""
    return Verdict(state=CheckState.FAILED, found=Found.REFUSED, failure=failure)


def not_told(failure: Failure) -> Verdict:
    """DingTalk did not get as far as telling it."""
    return Verdict(state=CheckState.WARNING, found=Found.NOT_TOLD, failure=failure)


def tells_nothing(failure: Failure) -> bool:
    """Whether DingTalk did not get as far as looking at the call; an "internal error" with a 4xx did."""
    is_about_the_call = failure.kind == "server_trouble" and 400 <= failure.http_status < 500
    return failure.kind in _TELL_NOTHING and not is_about_the_call


def explained(failure: Failure) -> Verdict | None:
    """Leave a refusal to the check that is about it, if there is one."""
    is_about_the_token = failure.operation == TOKEN_OPERATION and failure.kind != "ip_not_allowed"
    other = CheckName.CREDENTIALS if is_about_the_token else _EXPLAINED_BY.get(failure.kind)
    return waits_for(other) if other else None


def _fallback_approver() -> Person | None:
    return db.session.scalar(
        select(Person).join(ApprovalSettings, ApprovalSettings.fallback_approver_id == Person.id)
    )
