"""Who decides is known before submitting, and it is never the person who asks."""

from __future__ import annotations

from datetime import date

import pytest

from portal.extensions import db
from portal.models import AccessRequest, Resource
from portal.services.faults import FieldFault, NotThere, Problem, ProblemReason
from portal.services.people import FRESH_FOR
from portal.services.requests.approver_choice import PossibleApprover
from portal.services.requests.request_form import LONGEST_REASON
from tests.portal_world import World
from tests.services.story import actor_named, approval_of, ask, person_named, set_up, state_of

LEVELS = {"web-traffic": "use"}


@pytest.fixture
def ready(world: World) -> World:
    set_up(world)
    return world


def choose_fallback(world: World, who: str) -> None:
    with world.app.app_context():
        settings = world.services.approval_settings
        settings.choose_fallback_approver(
            actor_named("alice"), user_id=who, version=settings.current().version
        )


def shown_for(world: World, resource: str, *, who: str = "bob") -> PossibleApprover | None:
    """Return whom the form shows as the one who decides unless another is chosen."""
    wanted = db.session.query(Resource).filter_by(external_id=resource).one()
    person = person_named(who)
    offer = world.services.request_offers.offer(person, [wanted], grantee_id=person.id)
    return offer.groups[0].who.default


@pytest.mark.parametrize(
    ("resource", "name", "reason"),
    [
        ("sales-overview", "Chen Wei 陈伟", "owner"),
        ("monthly-targets", "Iris He 何静", "fallback_owner_asks"),
        ("supply-chain", "Iris He 何静", "fallback_owner_left"),
        ("web-traffic", "Iris He 何静", "fallback_no_owner"),
    ],
)
def test_the_approver_and_the_reason_are_shown_and_asked(
    ready: World, resource: str, name: str, reason: str
) -> None:
    choose_fallback(ready, "iris")
    with ready.app.app_context():
        shown = shown_for(ready, resource)
        assert shown is not None
        assert (shown.person.name, shown.reason) == (name, reason)
    number = ask(ready, resource=resource, entitlement=LEVELS.get(resource, "view"))
    with ready.app.app_context():
        assert (approval_of(number).approver.name, approval_of(number).approver_reason) == (name, reason)
    ready.work_until(lambda: state_of(number) == "pending")


@pytest.mark.parametrize("fallback", ["", "bob"])
@pytest.mark.parametrize("resource", ["monthly-targets", "supply-chain", "web-traffic"])
def test_where_nobody_can_decide_nothing_is_submitted(ready: World, resource: str, fallback: str) -> None:
    if fallback:
        choose_fallback(ready, fallback)
    with pytest.raises(Problem) as nobody:
        ask(ready, resource=resource, entitlement=LEVELS.get(resource, "view"))
    assert nobody.value.reason == ProblemReason.NOBODY_DECIDES
    assert ready.look(lambda: db.session.query(AccessRequest).count()) == 0


def test_a_fallback_approver_who_left_does_not_decide(ready: World) -> None:
    choose_fallback(ready, "iris")
    ready.control("PATCH", "/people/iris", {"active": False})
    ready.let_pass(seconds=FRESH_FOR.total_seconds())
    with pytest.raises(Problem):
        ask(ready, resource="web-traffic", entitlement="use")


def test_the_same_form_sent_twice_is_one_request(ready: World) -> None:
    assert ask(ready, submission_key="same") == ask(ready, submission_key="same")
    assert ready.look(lambda: db.session.query(AccessRequest).count()) == 1


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("resource", {"items": [{"resource_id": 99999}]}),
        ("entitlement", {"entitlement": "use"}),
        ("entitlement", {"entitlement": "owner"}),
        ("reason", {"reason": "  \n "}),
        ("reason", {"reason": "x" * (LONGEST_REASON + 1)}),
        ("reason", {"reason": "x" * 100_000}),
        ("until", {"days": None, "until": date(2020, 1, 1)}),
        ("until", {"days": None, "until": date(2099, 1, 1)}),
        ("until", {"days": None}),
        ("days", {"days": 0}),
        ("days", {"days": 10**6}),
        ("department", {"department_id": 12345}),
    ],
)
def test_bad_input_is_a_fault_of_its_field(ready: World, field: str, changes: dict[str, object]) -> None:
    with pytest.raises(FieldFault) as fault:
        ask(ready, **changes)
    assert fault.value.field == field
    assert ready.look(lambda: db.session.query(AccessRequest).count()) == 0


@pytest.mark.parametrize("who", ["eve", "grace", "bob"])
def test_people_of_the_root_of_two_departments_or_of_one_can_ask(ready: World, who: str) -> None:
    ready.client(who)
    number = ask(ready, who=who)
    ready.work_until(lambda: state_of(number) == "pending")


def test_somebody_without_a_department_is_told(ready: World) -> None:
    ready.control("PATCH", "/people/henry", {"department_ids": []})
    ready.client("henry")
    with pytest.raises(Problem) as none:
        ask(ready, who="henry")
    assert none.value.reason == ProblemReason.NO_DEPARTMENT


def test_only_requester_approver_and_admin_see_a_request(ready: World) -> None:
    number = ask(ready)
    for who in ("chen", "dora"):
        ready.client(who)
    with ready.app.app_context():
        requests = ready.services.access_requests
        for who in ("bob", "chen", "alice"):
            assert requests.view(person_named(who), number).request.number == number
        with pytest.raises(NotThere):
            requests.view(person_named("dora"), number)
        with pytest.raises(NotThere):
            requests.view(person_named("bob"), "AR-2026-999999")
