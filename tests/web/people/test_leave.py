"""Who is on leave names who decides instead, and that is who requesters are shown."""

from __future__ import annotations

from datetime import timedelta

from tests.portal_world import World
from tests.services.story import approval_of, ask, set_up, state_of
from tests.web.approval_settings.admin_browser import words
from tests.web.people.browsing import absence_of, audited, id_of, visit


def days(world: World, first: int, last: int) -> dict[str, str]:
    today = world.look(world.services.absences.today)
    return {
        "starts_on": (today + timedelta(days=first)).isoformat(),
        "ends_on": (today + timedelta(days=last)).isoformat(),
    }


def test_a_request_goes_to_who_stands_in_and_says_for_whom(world: World) -> None:
    set_up(world)
    chen, bob = visit(world, "chen"), world.client("bob")
    leave = f"/people/{id_of(world, 'chen')}/leave"
    assert chen.post(leave, delegate="dora", **days(world, 0, 3)).status_code == 303
    assert "Dora Wu 吴朵 is asked to decide instead" in words(chen.get("/people/me").text)
    assert "Stands in for Chen Wei 陈伟" in words(visit(world, "dora").get("/people/me").text)
    number = ask(world)
    approval = world.look(lambda: _decides(number))
    assert approval == ("Dora Wu 吴朵", "Chen Wei 陈伟")
    world.work_until(lambda: state_of(number) == "pending")
    assert bob.get(f"/requests/{number}").status_code == 200
    assert [actor for actor, _told in audited(world, "absence.set")] == ["Chen Wei 陈伟"]


def _decides(number: str) -> tuple[str, str | None]:
    approval = approval_of(number)
    return approval.approver.name, approval.stands_in_for.name if approval.stands_in_for else None


def test_a_leave_that_is_over_or_removed_counts_no_more(world: World) -> None:
    set_up(world)
    chen = visit(world, "chen")
    leave = f"/people/{id_of(world, 'chen')}/leave"
    chen.post(leave, delegate="dora", **days(world, 0, 0))
    world.let_pass(days=2)
    visit(world, "bob")
    assert world.look(lambda: _decides(ask(world))) == ("Chen Wei 陈伟", None)
    chen = visit(world, "chen")
    chen.post(leave, delegate="dora", **days(world, 0, 5))
    assert chen.post(f"{leave}/end").status_code == 303
    assert world.look(lambda: _decides(ask(world, resource="regional-revenue"))) == ("Chen Wei 陈伟", None)


REFUSED = [
    ({"delegate": ""}, "Choose who decides instead"),
    ({"delegate": "chen"}, "Choose somebody else to decide instead"),
    ({"delegate": "nobody-of-that-name"}, "not an active member"),
    ({"delegate": "local:1"}, "not an active member"),
    ({"delegate": "local:99999999999999999999"}, "not an active member"),
    ({"starts_on": ""}, "Enter the first day"),
    ({"ends_on": "tomorrow"}, "Enter the last day"),
    ({"ends_on": "2020-01-01"}, "cannot lie before"),
    ({"ends_on": "9999-12-31"}, "within a year"),
]


def test_a_leave_that_makes_no_sense_is_told_beside_its_field(world: World) -> None:
    chen = visit(world, "chen")
    for typed, said in REFUSED:
        sent = {"delegate": "dora", **days(world, 0, 1), **typed}
        refused = chen.post(f"/people/{id_of(world, 'chen')}/leave", **sent)
        assert refused.status_code == 422, typed
        assert said in words(refused.text), typed
        assert absence_of(world, "chen") is None


def test_nobody_but_an_admin_sets_the_leave_of_others(world: World) -> None:
    visit(world, "chen")
    leave = f"/people/{id_of(world, 'chen')}/leave"
    bob = visit(world, "bob")
    assert bob.post(leave, delegate="bob", **days(world, 0, 9)).status_code == 403
    assert bob.post(f"{leave}/end").status_code == 403
    assert absence_of(world, "chen") is None
    alice = visit(world, "alice")
    assert alice.post(leave, delegate="dora", **days(world, 0, 9)).status_code == 303
    assert alice.post(f"{leave}/end").status_code == 303
