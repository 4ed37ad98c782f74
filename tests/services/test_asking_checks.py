"""What is refused when somebody asks: of each item, of the person who would get the access, of the time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.models import AccessRequest, RequestItem
from portal.services.faults import FieldFault, Problem, ProblemReason
from portal.services.requests.request_form import MOST_ITEMS
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.several_story import (
    ORDERS,
    PORTAL,
    SALES,
    approvals_of,
    change_resource,
    change_settings,
    form_of,
    requests_of,
)
from tests.services.story import ask, person_named, set_up


@pytest.fixture
def ready(world: World) -> World:
    set_up(world)
    return world


@pytest.mark.parametrize(
    ("items", "field", "index"),
    [
        ([SALES] * (MOST_ITEMS + 1), "resource", str(MOST_ITEMS)),
        ([SALES, SALES], "entitlement", "1"),
        ([SALES, PORTAL, {**SALES, "entitlement": "edit"}], "entitlement", "2"),
        ([SALES, {**PORTAL, "entitlement": "use"}], "entitlement", "1"),
        ([SALES, {"resource_id": 999_999}], "resource", "1"),
        ([{**ORDERS, "entitlement": "unmask"}], "entitlement", "0"),
    ],
)
def test_a_fault_names_its_item_and_nothing_is_stored(
    ready: World, items: list[dict[str, Any]], field: str, index: str
) -> None:
    with pytest.raises(FieldFault) as fault:
        ask(ready, items=items)
    assert (fault.value.field, fault.value.facts["index"]) == (field, index)
    assert requests_of(ready) == 0


@on_both_engines
def test_masked_columns_are_asked_for_by_name_and_only_those_there_are(ready: World) -> None:
    columns = [
        {"name": "phone", "label": "Phone", "is_masked": True},
        {"name": "city", "label": "City", "is_masked": False},
    ]
    change_resource(ready, "orders", columns=columns)
    unmask = {"resource": "orders", "entitlement": "unmask"}
    for wanted in ((), ("city",), ("nothing",)):
        with pytest.raises(FieldFault) as fault:
            ask(ready, items=[{**unmask, "columns": wanted}])
        assert fault.value.field == "columns"
    number = ask(ready, items=[{**unmask, "columns": ("phone", "city", "nothing")}, ORDERS])
    with ready.app.app_context():
        items = db.session.scalars(select(RequestItem).order_by(RequestItem.id)).all()
        assert [item.columns for item in items] == [["phone"], None]
        assert "Columns: Phone" in form_of(approvals_of(number)[0])["items"]
    change_settings(ready, is_column_entry_on=False)
    with pytest.raises(Problem) as problem:
        ask(ready, items=[{**unmask, "columns": ("phone",)}])
    assert problem.value.reason == ProblemReason.COLUMN_ENTRY_OFF


def test_what_must_be_confirmed_is_kept_as_it_was_read(ready: World) -> None:
    change_resource(ready, "sales-overview", confirmation="I pass it on to nobody.")
    with pytest.raises(FieldFault) as fault:
        ask(ready, items=[PORTAL, SALES])
    assert (fault.value.field, fault.value.facts["index"]) == ("confirmed", "1")
    ask(ready, items=[PORTAL, {**SALES, "confirmed": True}])
    change_resource(ready, "sales-overview", confirmation="Something else.")
    with ready.app.app_context():
        kept = [each.confirmed for each in db.session.scalars(select(RequestItem).order_by(RequestItem.id))]
    assert kept == ["", "I pass it on to nobody."]


def test_what_waits_already_is_asked_for_again_only_knowingly(ready: World) -> None:
    first = ask(ready, items=[{**SALES, "entitlement": "export"}, PORTAL])
    for level in ("view", "export"):
        with pytest.raises(FieldFault) as fault:
            ask(ready, items=[{**SALES, "entitlement": level, "is_meant_again": False}])
        assert (fault.value.field, fault.value.facts["number"]) == ("again", first)
    assert ask(ready, items=[{**SALES, "entitlement": "edit", "is_meant_again": False}]) != first
    assert ask(ready, items=[{**SALES, "is_meant_again": True}]) != first
    ready.client("grace")
    assert ask(ready, who="grace", items=[{**SALES, "is_meant_again": False}]) != first


@on_both_engines
def test_two_forms_for_the_same_at_the_same_moment_become_one_request(ready: World) -> None:
    together = threading.Barrier(4)

    def send(_: int) -> str:
        together.wait(30)
        try:
            return ask(ready, items=[{**SALES, "is_meant_again": False}])
        except FieldFault as fault:
            return f"refused: {fault.reason}"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert sorted(answers)[1:] == ["refused: pending"] * 3
    assert requests_of(ready) == 1


@pytest.mark.parametrize(
    ("who", "reason"), [("bob", "yourself"), ("frank", "not_active"), ("nobody", "not_active")]
)
def test_only_an_active_colleague_can_be_asked_for(ready: World, who: str, reason: str) -> None:
    with pytest.raises(FieldFault) as fault:
        ask(ready, on_behalf_of=who)
    assert (fault.value.field, fault.value.reason) == ("on_behalf_of", reason)
    assert requests_of(ready) == 0


def test_days_and_last_day_stay_within_what_the_admin_allows(ready: World) -> None:
    change_settings(ready, longest_days=10)
    with pytest.raises(FieldFault) as fault:
        ask(ready, days=11)
    assert (fault.value.field, fault.value.facts["limit"]) == ("days", "10")
    ask(ready, days=10)


def test_asking_again_begins_with_what_was_asked_and_only_for_whoever_asked(ready: World) -> None:
    number = ask(ready, items=[SALES, {**PORTAL, "entitlement": "edit"}], days=3, reason="For the audit")
    ready.client("dora")
    with ready.app.app_context():
        prefilling = ready.services.prefilling
        found = prefilling.of_request(person_named("bob"), number)
        assert found is not None
        assert [each.level for each in found.items] == ["view", "edit"]
        assert (found.days, found.reason, found.repeats) == (3, "For the audit", number)
        assert prefilling.of_request(person_named("dora"), number) is None
        assert prefilling.of_request(person_named("chen"), number) is None
        assert prefilling.of_request(person_named("bob"), "AR-2026-999999") is None
    again = ask(ready, repeats=number)
    foreign = ask(ready, who="dora", repeats=number)
    with ready.app.app_context():
        kept = {
            each.number: each.repeats_id
            for each in db.session.scalars(
                select(AccessRequest).where(AccessRequest.number.in_([again, foreign]))
            )
        }
    assert kept[again] is not None
    assert kept[foreign] is None
