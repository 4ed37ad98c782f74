"""Every address of the portal, and whom it lets in: a route that is not in the table fails, so none is forgotten.

The table of roles itself is ``portal/rules/permissions.py``; here every role, and nobody, walks every route with the
ids of somebody else's things, with htmx and without.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from werkzeug.test import TestResponse

from portal.database import transaction
from portal.extensions import db
from portal.models import AccessRequest, Approval, Grant, WorkspaceMember
from portal.models.person import Role
from portal.models.resource import WorkspaceRole
from portal.rules.permissions import Permission, allows
from portal.services.audit import PORTAL
from tests.portal_world import CORP_ID, World, csrf_token
from tests.services.story import actor_named, approval_of, ask, person_named, set_up, state_of

# Bob asks, about a resource that Chen owns in a workspace that Eve administers. Dora has nothing to do with it.
ROLE_OF = {
    "alice": Role.ORGANIZATION_ADMIN,
    "iris": Role.PERMISSION_ADMINISTRATOR,
    "henry": Role.ENTERPRISE_SECURITY_ADMINISTRATOR,
    "grace": Role.AUDITOR,
}
WORKSPACE_ADMINISTRATOR, OWNER, REQUESTER, OTHER, NOBODY = "eve", "chen", "bob", "dora", "nobody"
AUDITOR = "grace"
SIGNED_IN = frozenset({*ROLE_OF, WORKSPACE_ADMINISTRATOR, OWNER, REQUESTER, OTHER})
EVERYBODY = SIGNED_IN | {NOBODY}


def holders(permission: Permission) -> frozenset[str]:
    """Return who may by a role, as the table of the portal says."""
    return frozenset(person for person, role in ROLE_OF.items() if allows([role], permission))


READERS = holders(Permission.READ_EVERYTHING)
GRANT_KEEPERS = holders(Permission.KEEP_GRANTS)


@dataclass(frozen=True)
class Guard:
    """Who is let in, and what the others are answered: that they may not, or that nothing is there."""

    lets_in: frozenset[str]
    refuses_with: int = 403


def needs(permission: Permission) -> Guard:
    return Guard(holders(permission))


OPEN = Guard(EVERYBODY)
MEMBERS = Guard(SIGNED_IN)
READ_SETTINGS, CHANGE_SETTINGS = needs(Permission.READ_SETTINGS), needs(Permission.CHANGE_SETTINGS)
READ_EVERYTHING, GIVE_ROLES = needs(Permission.READ_EVERYTHING), needs(Permission.GIVE_ROLES)
KEEP_CATALOGUE, KEEP_GRANTS = needs(Permission.KEEP_CATALOGUE), needs(Permission.KEEP_GRANTS)
OVERSEE = Guard(READERS | {WORKSPACE_ADMINISTRATOR})
KEEP_RESOURCE = Guard(holders(Permission.KEEP_CATALOGUE) | {WORKSPACE_ADMINISTRATOR})
INVOLVED = Guard(READERS | {WORKSPACE_ADMINISTRATOR, OWNER, REQUESTER}, 404)
THE_REQUESTER = Guard(frozenset({REQUESTER}), 404)
THE_OWNER = Guard(frozenset({OWNER}), 404)
REQUESTER_OR_ADMIN = Guard(frozenset({REQUESTER, "alice"}), 404)
OWN_LEAVE = Guard(frozenset({REQUESTER, "alice"}))
OWN_HISTORY = Guard(READERS | {REQUESTER}, 404)
RESOURCE_HISTORY = Guard(READERS | {WORKSPACE_ADMINISTRATOR, OWNER}, 404)
REVOKE = BY_HAND = Guard(GRANT_KEEPERS | {WORKSPACE_ADMINISTRATOR, OWNER}, 404)
CHECK = Guard(GRANT_KEEPERS | {WORKSPACE_ADMINISTRATOR, OWNER, REQUESTER}, 404)
# What is theirs alone, of which nobody has any here.
NOT_HERE = Guard(frozenset(), 404)

GUARDS: dict[str, Guard] = {
    "static": OPEN,
    "health.live": OPEN,
    "health.ready": OPEN,
    "health.metrics": OPEN,  # to this machine, or with a token: see tests/web/health
    "preferences.language": OPEN,
    "preferences.theme": OPEN,
    "sign_in.page": OPEN,
    "sign_in.dingtalk": OPEN,
    "sign_in.dingtalk_return": OPEN,
    "sign_in.inside": OPEN,
    "sign_in.local": OPEN,
    "sign_in.sign_out": MEMBERS,
    "access_requests.colleagues": MEMBERS,
    "access_requests.create": MEMBERS,
    "access_requests.decided": MEMBERS,
    "access_requests.everybodys": OVERSEE,
    "access_requests.found": MEMBERS,
    "access_requests.home": MEMBERS,
    "access_requests.mine": MEMBERS,
    "access_requests.new": MEMBERS,
    "access_requests.page": INVOLVED,
    "access_requests.start": THE_REQUESTER,
    "access_requests.status": INVOLVED,
    "access_requests.to_decide": MEMBERS,
    "access_requests.withdraw": THE_REQUESTER,
    "approval_settings.custom_template.add_fields": CHANGE_SETTINGS,
    "approval_settings.custom_template.choices": CHANGE_SETTINGS,
    "approval_settings.custom_template.map_fields": CHANGE_SETTINGS,
    "approval_settings.default_approvers.preview": READ_SETTINGS,
    "approval_settings.default_approvers.save": CHANGE_SETTINGS,
    "approval_settings.default_approvers.undecided": READ_SETTINGS,
    "approval_settings.dingtalk_app.check_connection": CHANGE_SETTINGS,
    "approval_settings.dingtalk_app.edit": READ_SETTINGS,
    "approval_settings.dingtalk_app.generate": CHANGE_SETTINGS,
    "approval_settings.dingtalk_app.save": CHANGE_SETTINGS,
    "approval_settings.event_road.choose": CHANGE_SETTINGS,
    "approval_settings.event_road.listeners": READ_SETTINGS,
    "approval_settings.fallback_approver.choose": CHANGE_SETTINGS,
    "approval_settings.fallback_approver.search": READ_SETTINGS,
    "approval_settings.flow.accept_bypass": CHANGE_SETTINGS,
    "approval_settings.flow.check": CHANGE_SETTINGS,
    "approval_settings.flow.take_over": CHANGE_SETTINGS,
    "approval_settings.in_step.set_quota": CHANGE_SETTINGS,
    "approval_settings.in_step.sync_all": CHANGE_SETTINGS,
    "approval_settings.in_step.try_again_now": CHANGE_SETTINGS,
    "approval_settings.notices.save": CHANGE_SETTINGS,
    "approval_settings.page": READ_SETTINGS,
    "approval_settings.parked_events.event": READ_SETTINGS,
    "approval_settings.parked_events.ignore": CHANGE_SETTINGS,
    "approval_settings.parked_events.page": READ_SETTINGS,
    "approval_settings.parked_events.payload_retention.save": CHANGE_SETTINGS,
    "approval_settings.parked_events.try_again": CHANGE_SETTINGS,
    "approval_settings.parked_events.try_shown_again": CHANGE_SETTINGS,
    "approval_settings.quickbi.check": CHANGE_SETTINGS,
    "approval_settings.quickbi.save": CHANGE_SETTINGS,
    "approval_settings.request_rules.save": CHANGE_SETTINGS,
    "approval_settings.section": READ_SETTINGS,
    "approval_settings.switches.prefer_portal": CHANGE_SETTINGS,
    "approval_settings.switches.save": CHANGE_SETTINGS,
    "approval_settings.template.associate": CHANGE_SETTINGS,
    "approval_settings.template.generate": CHANGE_SETTINGS,
    "approval_settings.template.page": CHANGE_SETTINGS,
    "approval_settings.webhook.renew_secret": CHANGE_SETTINGS,
    "approval_settings.webhook.save": CHANGE_SETTINGS,
    "approval_settings.webhook.test": CHANGE_SETTINGS,
    "approvals.decide": THE_OWNER,
    "approvals.decide_selected": MEMBERS,  # each id by itself: see tests/web/approvals
    "approvals.handled": MEMBERS,
    "approvals.page": MEMBERS,
    "approvers.choice": THE_REQUESTER,
    "approvers.choose": THE_REQUESTER,
    "approvers.search": MEMBERS,  # and there only while a flow asks to choose: see test_choosing.py
    "doctor.check": READ_SETTINGS,
    "doctor.page": READ_SETTINGS,
    "doctor.summary": READ_SETTINGS,
    "grant_tasks.confirm": BY_HAND,
    "grant_tasks.page": MEMBERS,
    "grant_tasks.refuse": BY_HAND,
    "grants.check": CHECK,
    "grants.confirm_return": THE_REQUESTER,
    "grants.give_back": THE_REQUESTER,
    "grants.leave_to_hands": REVOKE,
    "grants.mine": MEMBERS,
    "grants.page": INVOLVED,
    "grants.revoke": REVOKE,
    "grants.try_again": REVOKE,
    "lists.delete_view": NOT_HERE,
    "lists.export": OVERSEE,
    "lists.grants": OVERSEE,
    "lists.keep_view": MEMBERS,
    "lists.my_history": MEMBERS,
    "lists.person_history": OWN_HISTORY,
    "lists.resource_history": RESOURCE_HISTORY,
    "own_password.change": NOT_HERE,  # people of DingTalk have none: see tests/web/people
    "own_password.page": NOT_HERE,
    "passing_on.pass_on": KEEP_GRANTS,
    "passing_on.page": KEEP_GRANTS,
    "pending_requests.answer": NOT_HERE,
    "pending_requests.remind": THE_REQUESTER,
    "people.add": GIVE_ROLES,
    "people.add_local": GIVE_ROLES,
    "people.end_leave": OWN_LEAVE,
    "people.give_role": GIVE_ROLES,
    "people.me": MEMBERS,
    "people.new_password": GIVE_ROLES,
    "people.page": READ_EVERYTHING,
    "people.person": READ_EVERYTHING,
    "people.search": CHANGE_SETTINGS,  # of a delegate everybody: see tests/web/people
    "people.set_leave": OWN_LEAVE,
    "people.take_role": GIVE_ROLES,
    "request_closing.close": REQUESTER_OR_ADMIN,
    "request_syncing.sync": INVOLVED,
    "resource_imports.apply": KEEP_CATALOGUE,
    "resource_imports.look": KEEP_CATALOGUE,
    "resource_imports.new": KEEP_CATALOGUE,
    "resource_imports.page": KEEP_CATALOGUE,
    "resource_reading.ask": KEEP_CATALOGUE,
    "resource_reading.page": KEEP_CATALOGUE,
    "resources.add": KEEP_RESOURCE,
    "resources.bring_back": KEEP_RESOURCE,
    "resources.catalogue": OVERSEE,
    "resources.change": KEEP_RESOURCE,
    "resources.edit": KEEP_RESOURCE,
    "resources.new": KEEP_RESOURCE,
    "resources.page": OVERSEE,
    "resources.retire": KEEP_RESOURCE,
    "trials.new": CHANGE_SETTINGS,
    "trials.start": CHANGE_SETTINGS,
    "trials.trial": CHANGE_SETTINGS,
    "workspaces.page": READ_EVERYTHING,
    "workspaces.put_member": GIVE_ROLES,
    "workspaces.remove_member": GIVE_ROLES,
    "workspaces.workspace": READ_EVERYTHING,
}
# An auditor changes nothing, but leaves, keeps filters and files of what they read, and a password of their own.
AUDITOR_MAY_SEND = frozenset(
    {"sign_in.sign_out", "lists.export", "lists.keep_view", "lists.delete_view", "own_password.change"}
)
# Signing out would end the walk; signing in has tests of its own.
NOT_WALKED = frozenset({"sign_in.sign_out"})
# Nothing is there under the address of the walk.
ABSENT = frozenset(
    {"approvers.search", "approval_settings.parked_events.event", "resource_imports.page", "trials.trial"}
)
QUERIES = {"people.search": {"field": "person"}}
# What a form must hold so that the guard, not the form, is what refuses.
FORMS: dict[str, dict[str, str]] = {
    "approvals.decide": {"verdict": "approve"},
    "pending_requests.answer": {"answer": "accept"},
    "people.give_role": {"role": "auditor"},
    "people.take_role": {"role": "organization_admin"},
    "grants.revoke": {"reason": "no longer needed"},
    "grant_tasks.refuse": {"reason": "cannot be done"},
    "workspaces.put_member": {"role": "administrator", "member": "dora"},
}


@dataclass(frozen=True, kw_only=True)
class Walked:
    """A portal in which something of everything exists, and the ids of it."""

    world: World
    number: str
    ids: dict[str, int]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    made = World(tmp_path_factory.mktemp("world"))
    made.subscribe()
    set_up(made)
    for person in SIGNED_IN:
        made.client(person)
    granted = _granted(made)
    with made.app.app_context():
        for person, role in ROLE_OF.items():
            made.services.people.grant_role(PORTAL, corp_id=CORP_ID, user_id=person, role=role)
        settings = made.services.approval_settings
        settings.prefer_portal(actor_named("alice"), is_preferred=True, version=settings.current().version)
    number = ask(made, entitlement="export")
    yield Walked(world=made, number=number, ids=made.look(lambda: _ids(number, granted)))
    made.close()


def _granted(world: World) -> str:
    """Let Chen agree to something, by whose grant he then has a task; return its number."""
    with world.app.app_context(), transaction() as session:
        session.query(WorkspaceMember).delete()
    number = ask(world)
    world.work_until(lambda: state_of(number) == "pending")
    world.act(world.look(lambda: str(approval_of(number).instance_id)), "chen", "agree")
    world.work_until(lambda: state_of(number) == "approved")
    world.work()
    with world.app.app_context(), transaction() as session:
        request = session.query(AccessRequest).filter_by(number=number).one()
        session.add(
            WorkspaceMember(
                workspace_id=request.items[0].resource.workspace_id,
                person=person_named(WORKSPACE_ADMINISTRATOR),
                role=WorkspaceRole.ADMINISTRATOR,
                given_at=world.clock.now(),
            )
        )
    return number


def _ids(number: str, granted: str) -> dict[str, int]:
    grant = db.session.query(Grant).join(AccessRequest).filter(AccessRequest.number == granted).one()
    resource = approval_of(number).request.items[0].resource  # type: ignore[union-attr]
    return {
        "grant_id": grant.id,
        "approval_id": db.session.query(Approval).filter_by(id=approval_of(number).id).one().id,
        "resource_id": resource.id,
        "workspace_id": resource.workspace_id or 0,
        "person_id": person_named(REQUESTER).id,
    }


def addresses(walked: Walked) -> Iterator[tuple[str, str, str]]:
    """Yield endpoint, method and an address of each route."""
    for rule in walked.world.app.url_map.iter_rules():
        name = "grants" if rule.endpoint.startswith("lists.") else "flow"
        address = rule.rule.replace("<number>", walked.number).replace("<name>", name)
        for what, its_id in walked.ids.items():
            address = re.sub(f"<int[^>]*:{what}>", str(its_id), address)
        address = re.sub("<path:[^>]*>", "portal.css", re.sub("<int[^>]*>", "1", address))
        assert "<" not in address, rule.rule
        for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            yield rule.endpoint, method, address


def is_let_in(person: str, endpoint: str, method: str) -> bool:
    if person == AUDITOR and method != "GET" and endpoint not in AUDITOR_MAY_SEND:
        return GUARDS[endpoint] is OPEN
    return person in GUARDS[endpoint].lets_in


def refusal(person: str, endpoint: str, method: str) -> int:
    if person == AUDITOR and method != "GET" and endpoint not in AUDITOR_MAY_SEND:
        return 403
    return GUARDS[endpoint].refuses_with


def assert_refused(answer: TestResponse, *, person: str, expected: int, told: object) -> None:
    if person == NOBODY:
        leads_to = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
        assert leads_to.startswith("/sign-in"), told
    else:
        assert answer.status_code == expected, told


def test_every_route_says_whom_it_lets_in(walked: Walked) -> None:
    assert {rule.endpoint for rule in walked.world.app.url_map.iter_rules()} == set(GUARDS)


@pytest.mark.parametrize("person", sorted(EVERYBODY))
@pytest.mark.parametrize("has_script", [False, True])
def test_whoever_is_not_let_in_gets_nothing(walked: Walked, person: str, has_script: bool) -> None:
    client = walked.world.client(None if person == NOBODY else person)
    token = csrf_token(client.get("/sign-in", follow_redirects=True).text)
    headers = {"HX-Request": "true"} if has_script else {}
    for endpoint, method, address in addresses(walked):
        if endpoint in NOT_WALKED or is_let_in(person, endpoint, method):
            continue
        form = {"csrf_token": token, **FORMS.get(endpoint, {})}
        answer = client.open(
            address, method=method, data=form, query_string=QUERIES.get(endpoint), headers=headers
        )
        told = (endpoint, method, answer.status_code)
        assert_refused(answer, person=person, expected=refusal(person, endpoint, method), told=told)
        assert walked.number not in answer.text.replace(address, ""), told


@pytest.mark.parametrize("person", sorted(SIGNED_IN))
def test_whoever_is_let_in_is_answered(walked: Walked, person: str) -> None:
    """Only what changes nothing is asked for: forms have tests of their own."""
    client = walked.world.client(person)
    for endpoint, method, address in addresses(walked):
        is_asked = method == "GET" and GUARDS[endpoint] is not OPEN and not endpoint.startswith("doctor.")
        if not is_asked or not is_let_in(person, endpoint, method):
            continue
        answer = client.get(address, query_string=QUERIES.get(endpoint))
        is_absent = endpoint in ABSENT and answer.status_code == 404
        assert is_absent or answer.status_code < 400, (endpoint, answer.status_code)


@pytest.mark.parametrize("person", [NOBODY, OTHER, REQUESTER, AUDITOR, "alice"])
def test_no_form_is_taken_without_its_token(walked: Walked, person: str) -> None:
    client = walked.world.client(None if person == NOBODY else person)
    for endpoint, method, address in addresses(walked):
        if method != "GET":
            assert client.open(address, method=method).status_code == 400, endpoint
