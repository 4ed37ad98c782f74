"""Every address of the portal, and who is let in: a route that is not in the table fails, so none is forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.portal_world import World, csrf_token
from tests.services.story import ask, set_up

# Everybody, also a machine; people who are signed in; organization admins.
OPEN, SIGNED_IN, ADMINS = "open", "signed in", "admins"
# The requester of the request in the address, its approver, admins; and of these the requester alone.
INVOLVED, REQUESTER = "involved", "requester"
# The requester and admins, who are nobody's approver here.
REQUESTER_AND_ADMINS = "requester and admins"
# Who decides it in the portal; what runs in DingTalk is decided by nobody here.
DECIDERS = "deciders in the portal"
# The walk has no grant, so that nobody finds one: see tests/web/grants.
GRANTEES = "people of a grant"
# Who sees everybody's, or what stands in a workspace of theirs, as chen does.
OVERSEERS = "overseers"

GUARDS: dict[str, str] = {
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
    "sign_in.sign_out": SIGNED_IN,
    "access_requests.home": SIGNED_IN,
    "access_requests.mine": SIGNED_IN,
    "access_requests.to_decide": SIGNED_IN,
    "access_requests.decided": SIGNED_IN,
    "approvals.page": SIGNED_IN,
    "approvals.handled": SIGNED_IN,
    "approvals.decide_selected": SIGNED_IN,
    "approvals.decide": DECIDERS,
    "access_requests.new": SIGNED_IN,
    "access_requests.create": SIGNED_IN,
    "access_requests.everybodys": OVERSEERS,
    "access_requests.page": INVOLVED,
    "access_requests.status": INVOLVED,
    "access_requests.withdraw": REQUESTER,
    "access_requests.start": REQUESTER,
    "approvers.search": SIGNED_IN,  # and there only while a flow asks to choose: see test_choosing.py
    "approvers.choice": REQUESTER,
    "approvers.choose": REQUESTER,
    "request_closing.close": REQUESTER_AND_ADMINS,
    "request_syncing.sync": INVOLVED,
    "grants.mine": SIGNED_IN,
    "grants.page": GRANTEES,
    "grants.confirm_return": GRANTEES,
    "grants.give_back": GRANTEES,
    "grants.revoke": GRANTEES,
    "grants.try_again": GRANTEES,
    "grants.check": GRANTEES,
    "grant_tasks.page": SIGNED_IN,
    "grant_tasks.confirm": GRANTEES,
    "grant_tasks.refuse": GRANTEES,
    "people.search": ADMINS,
    "lists.grants": OVERSEERS,
    "lists.export": SIGNED_IN,  # and of a list only what they see: see tests/web/lists
    "lists.keep_view": SIGNED_IN,
    "lists.delete_view": SIGNED_IN,
    "lists.my_history": SIGNED_IN,
    "lists.person_history": SIGNED_IN,  # their own, or of others to those who read everything
    "lists.resource_history": SIGNED_IN,
    "resources.catalogue": OVERSEERS,
    "resources.page": OVERSEERS,
    "resources.new": OVERSEERS,
    "resources.add": OVERSEERS,
    "resources.edit": OVERSEERS,
    "resources.change": OVERSEERS,
    "resources.retire": OVERSEERS,
    "resources.bring_back": OVERSEERS,
    "resource_imports.new": ADMINS,
    "resource_imports.look": ADMINS,
    "resource_imports.page": ADMINS,
    "resource_imports.apply": ADMINS,
    "approval_settings.page": ADMINS,
    "approval_settings.section": ADMINS,
    "approval_settings.switches.save": ADMINS,
    "approval_settings.switches.prefer_portal": ADMINS,
    "approval_settings.dingtalk_app.check_connection": ADMINS,
    "approval_settings.dingtalk_app.edit": ADMINS,
    "approval_settings.dingtalk_app.save": ADMINS,
    "approval_settings.dingtalk_app.generate": ADMINS,
    "approval_settings.event_road.choose": ADMINS,
    "approval_settings.event_road.listeners": ADMINS,
    "approval_settings.parked_events.page": ADMINS,
    "approval_settings.parked_events.event": ADMINS,
    "approval_settings.parked_events.ignore": ADMINS,
    "approval_settings.parked_events.try_again": ADMINS,
    "approval_settings.parked_events.try_shown_again": ADMINS,
    "approval_settings.parked_events.payload_retention.save": ADMINS,
    "approval_settings.fallback_approver.search": ADMINS,
    "approval_settings.fallback_approver.choose": ADMINS,
    "approval_settings.flow.accept_bypass": ADMINS,
    "approval_settings.flow.check": ADMINS,
    "approval_settings.flow.take_over": ADMINS,
    "approval_settings.notices.save": ADMINS,
    "approval_settings.in_step.set_quota": ADMINS,
    "approval_settings.in_step.try_again_now": ADMINS,
    "approval_settings.in_step.sync_all": ADMINS,
    "approval_settings.template.page": ADMINS,
    "approval_settings.template.associate": ADMINS,
    "approval_settings.template.generate": ADMINS,
    "approval_settings.custom_template.choices": ADMINS,
    "approval_settings.custom_template.add_fields": ADMINS,
    "approval_settings.custom_template.map_fields": ADMINS,
    "approval_settings.webhook.save": ADMINS,
    "approval_settings.webhook.renew_secret": ADMINS,
    "approval_settings.webhook.test": ADMINS,
    "doctor.page": ADMINS,
    "doctor.check": ADMINS,
    "doctor.summary": ADMINS,
    "trials.start": ADMINS,
    "trials.trial": ADMINS,
    "trials.new": ADMINS,
}
# Signing out would end the walk; signing in has tests of its own.
NOT_WALKED = frozenset({"sign_in.sign_out"})
# Nothing is there under the address of the walk.
ABSENT = frozenset(
    {
        "approvers.search",
        "approval_settings.parked_events.event",
        "people.search",
        "trials.trial",
        "lists.person_history",
        "lists.resource_history",
        "resource_imports.page",
    }
)
# Who asks is bob, about whom chen decides; dora has nothing to do with it.
LET_IN: dict[str, frozenset[str]] = {
    OPEN: frozenset({"nobody", "dora", "chen", "bob", "alice"}),
    SIGNED_IN: frozenset({"dora", "chen", "bob", "alice"}),
    ADMINS: frozenset({"alice"}),
    OVERSEERS: frozenset({"chen", "alice"}),
    INVOLVED: frozenset({"chen", "bob", "alice"}),
    REQUESTER: frozenset({"bob"}),
    REQUESTER_AND_ADMINS: frozenset({"bob", "alice"}),
    DECIDERS: frozenset(),
    GRANTEES: frozenset(),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """A portal in which Bob has asked for something, and the number of that."""
    made = World(tmp_path_factory.mktemp("world"))
    made.subscribe()
    set_up(made)
    yield made, ask(made)
    made.close()


def addresses(world: World, number: str) -> Iterator[tuple[str, str, str]]:
    """Yield endpoint, method and an address of each route."""
    for rule in world.app.url_map.iter_rules():
        address = rule.rule.replace("<number>", number).replace("<name>", "flow")
        address = re.sub("<path:[^>]*>", "portal.css", re.sub("<int[^>]*>", "1", address))
        assert "<" not in address, rule.rule
        for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            yield rule.endpoint, method, address


def test_every_route_says_whom_it_lets_in(asked: tuple[World, str]) -> None:
    world, _number = asked
    assert {rule.endpoint for rule in world.app.url_map.iter_rules()} == set(GUARDS)


@pytest.mark.parametrize("person", ["nobody", "dora", "chen", "bob"])
@pytest.mark.parametrize("has_script", [False, True])
def test_whoever_is_not_let_in_gets_nothing(asked: tuple[World, str], person: str, has_script: bool) -> None:
    world, number = asked
    client = world.client(None if person == "nobody" else person)
    token = csrf_token(client.get("/sign-in", follow_redirects=True).text)
    headers = {"HX-Request": "true"} if has_script else {}
    for endpoint, method, address in addresses(world, number):
        guard = GUARDS[endpoint]
        if endpoint in NOT_WALKED or person in LET_IN[guard]:
            continue
        answer = client.open(address, method=method, data={"csrf_token": token}, headers=headers)
        told = (endpoint, method, answer.status_code)
        if person == "nobody":
            leads_to = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
            assert leads_to.startswith("/sign-in"), told
        else:
            assert answer.status_code == (403 if guard in (ADMINS, OVERSEERS) else 404), told
        assert number not in answer.text.replace(address, ""), told


@pytest.mark.parametrize("person", ["dora", "chen", "bob", "alice"])
def test_whoever_is_let_in_is_answered(asked: tuple[World, str], person: str) -> None:
    """Only what changes nothing is asked for: forms have tests of their own."""
    world, number = asked
    client = world.client(person)
    for endpoint, method, address in addresses(world, number):
        guard = GUARDS[endpoint]
        if method != "GET" or endpoint.startswith("doctor.") or guard == OPEN or person not in LET_IN[guard]:
            continue
        answer = client.get(address)
        is_absent = endpoint in ABSENT and answer.status_code == 404
        assert is_absent or answer.status_code < 400, (endpoint, answer.status_code)


@pytest.mark.parametrize("person", ["nobody", "dora", "bob", "alice"])
def test_no_form_is_taken_without_its_token(asked: tuple[World, str], person: str) -> None:
    world, number = asked
    client = world.client(None if person == "nobody" else person)
    for endpoint, method, address in addresses(world, number):
        if method != "GET":
            assert client.open(address, method=method).status_code == 400, endpoint
