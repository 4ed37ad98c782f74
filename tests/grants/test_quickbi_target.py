"""Quick BI as a grant target: what it makes of an order, of what is there already, and of every refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portal.channels.failures import Retry
from portal.grants.grant_target import Doing, Finding, TargetError
from portal.grants.quickbi.options import EditOnPrivate, PortalCall, RetrievalCall, WhenNotSettled
from portal.grants.quickbi.refusals import Refusal
from portal.quickbi.failures import FailureClass
from tests.grants.quickbi_world import QuickBIWorld, other

FAR_MS = 4_102_416_000_000


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickBIWorld]:
    world = QuickBIWorld(tmp_path_factory.mktemp("quickbi"))
    yield world
    world.close()


@pytest.fixture
def world(shared: QuickBIWorld) -> QuickBIWorld:
    shared.control("POST", "/reset", {})
    shared.clock.ahead = timedelta()
    shared.options = type(shared.options)()
    return shared


def test_what_was_approved_can_be_opened_and_no_longer_once_it_is_taken_away(world: QuickBIWorld) -> None:
    assert not world.can_open("sales-overview")
    order = world.delivered(world.order(entitlement="export"))
    assert world.can_open("sales-overview")
    assert order.known["is_ours"] is True
    assert world.finding(order) == Finding.AS_WANTED
    removed = world.target.remove(order)
    assert not world.can_open("sales-overview")
    assert removed.facts["can_open"] is False
    assert world.finding(order) == Finding.MISSING


def test_delivering_and_removing_again_changes_nothing(world: QuickBIWorld) -> None:
    order = world.delivered(world.order())
    again = world.delivered(order)
    assert world.grants("sales-overview") == [("authorization", 1)]
    gone = world.later(again, world.target.remove(again))
    world.target.remove(gone)
    assert world.grants("sales-overview") == []


def test_a_kill_before_our_commit_gives_once_and_still_counts_as_ours(world: QuickBIWorld) -> None:
    order = world.order()
    world.target.deliver(order)
    again = world.delivered(replace(order, is_first_try=False))
    assert world.grants("sales-overview") == [("authorization", 1)]
    world.target.remove(again)
    assert not world.can_open("sales-overview")


@pytest.mark.parametrize("fault", ["time_out_after_commit", "http_500_after_commit", "reset_after_commit"])
def test_an_answer_that_never_came_leaves_the_outcome_open_and_the_next_try_looks_first(
    world: QuickBIWorld, fault: str
) -> None:
    world.fault(fault, "AddWorksAuthorization", seconds=4)
    order = world.order()
    assert world.refusal(order).failure.retry == Retry.OUTCOME_UNKNOWN
    world.delivered(replace(order, is_first_try=False))
    assert world.grants("sales-overview") == [("authorization", 1)]


@pytest.mark.parametrize(
    ("resource_type", "resource_id", "entitlement", "expected"),
    [
        ("dashboard", "sales-overview", "edit", ("authorization", 11)),
        ("workbook", "monthly-targets", "view", ("authorization", 1)),
        ("ad_hoc_analysis", "customer-cohorts", "export", ("authorization", 3)),
        ("self_service_retrieval", "order-extract", "view", ("authorization", 1)),
        ("data_screen", "war-room", "view", ("authorization", 1)),
        ("data_entry_form", "budget-entry", "edit", ("authorization", 11)),
        ("data_source", "warehouse", "edit", ("authorization", 11)),
        ("data_portal", "executive-portal", "export", ("share", 3)),
        ("dataset", "orders", "edit", ("authorization", 11)),
        ("dataset", "orders", "unmask", ("white_list", 1)),
    ],
)
def test_each_type_is_given_by_its_own_call_and_taken_back_by_the_same(
    world: QuickBIWorld,
    resource_type: str,
    resource_id: str,
    entitlement: str,
    expected: tuple[str, int],
) -> None:
    # Grace owns none of these.
    order = world.order(
        person="grace", resource_type=resource_type, resource_id=resource_id, entitlement=entitlement
    )
    told = world.delivered(order)
    assert world.grants(resource_id, "grace") == [expected]
    assert world.finding(told) == Finding.AS_WANTED
    world.target.remove(told)
    assert world.grants(resource_id, "grace") == []


def test_menus_are_given_leaf_by_leaf_and_links_never_more_than_viewed(world: QuickBIWorld) -> None:
    world.decide(portal_call=PortalCall.MENUS)
    order = world.order(resource_type="data_portal", resource_id="executive-portal", entitlement="export")
    told = world.delivered(order)
    assert sorted(world.grants("executive-portal")) == [("menu", 1), ("menu", 3), ("menu", 3)]
    assert world.finding(told) == Finding.AS_WANTED
    # What an admin chooses later does not change how it is taken back.
    world.decide(portal_call=PortalCall.SHARE)
    world.target.remove(told)
    assert world.grants("executive-portal") == []


def test_single_menus_given_by_hand_bring_no_other_menu_back_when_ours_goes(world: QuickBIWorld) -> None:
    world.decide(portal_call=PortalCall.MENUS)
    world.give_by_hand("executive-portal", "bob", kind="menu", menu_id="menu-quarter", points=1)
    order = world.order(resource_type="data_portal", resource_id="executive-portal", entitlement="view")
    told = world.delivered(order)
    assert world.grants("executive-portal") == [("menu", 1)] * 3
    gone = world.later(told, world.target.remove(told))
    assert world.grants("executive-portal") == []
    assert world.finding(gone) == Finding.MISSING


def test_what_somebody_gave_by_hand_is_left_alone(world: QuickBIWorld) -> None:
    world.give_by_hand("sales-overview", "bob", points=3, expires_ms=FAR_MS)
    told = world.delivered(world.order())
    assert told.known["was_held_already"] is True
    assert told.known["is_ours"] is False
    world.target.remove(told)
    assert world.grants("sales-overview") == [("authorization", 3)]


def test_less_by_hand_comes_back_when_ours_goes(world: QuickBIWorld) -> None:
    world.give_by_hand("sales-overview", "bob", points=1, expires_ms=FAR_MS)
    told = world.delivered(world.order(entitlement="export"))
    assert world.grants("sales-overview") == [("authorization", 1), ("authorization", 3)]
    gone = world.later(told, world.target.remove(told))
    assert world.grants("sales-overview") == [("authorization", 1)]
    world.target.remove(gone)
    assert world.grants("sales-overview") == [("authorization", 1)]


def test_more_by_hand_is_not_lowered_though_it_ends_sooner(world: QuickBIWorld) -> None:
    soon = int((world.clock.now() + timedelta(days=2)).timestamp() * 1000)
    world.give_by_hand("sales-overview", "bob", points=3, expires_ms=soon)
    told = world.delivered(world.order())
    assert world.grants("sales-overview") == [("authorization", 3)]
    assert world.finding(told) == Finding.ENDS_EARLIER
    world.clock.ahead = timedelta(days=3)
    world.delivered(told)
    assert world.grants("sales-overview") == [("authorization", 3), ("authorization", 1)]


def test_a_renewal_outlives_the_grant_it_prolongs(world: QuickBIWorld) -> None:
    first = world.delivered(world.order())
    longer = world.clock.now() + timedelta(days=30)
    renewal = world.delivered(
        world.order(grant_id=2, expires_at=longer, others=(other("view", expires_at=first.expires_at),))
    )
    world.target.remove(replace(first, others=(other("view", expires_at=longer),)))
    assert world.can_open("sales-overview")
    assert world.finding(renewal) == Finding.AS_WANTED
    world.target.remove(replace(renewal, others=()))
    assert world.grants("sales-overview") == []


def test_the_lower_of_two_grants_stays_when_the_higher_goes(world: QuickBIWorld) -> None:
    until = world.clock.now() + timedelta(days=30)
    world.delivered(world.order(expires_at=until))
    edit = world.delivered(
        world.order(grant_id=2, entitlement="edit", others=(other("view", expires_at=until),))
    )
    world.target.remove(replace(edit, others=(other("view", expires_at=until),)))
    assert world.grants("sales-overview") == [("authorization", 1)]


def test_edit_which_quick_bi_never_ends_is_still_there_after_its_end_until_it_is_removed(
    world: QuickBIWorld,
) -> None:
    told = world.delivered(world.order(entitlement="edit"))
    world.clock.ahead = timedelta(days=8)
    assert world.finding(told) == Finding.STILL_THERE
    world.target.remove(told)
    assert world.finding(told) == Finding.MISSING


def test_access_by_a_group_cannot_be_taken_from_one_person_and_the_group_is_named(
    world: QuickBIWorld,
) -> None:
    told = world.delivered(
        world.order(
            person="dora", resource_id="supply-chain", resource_name="Supply chain", entitlement="export"
        )
    )
    with pytest.raises(TargetError) as caught:
        world.target.remove(told)
    assert caught.value.failure.kind == FailureClass.INHERITED_FROM_GROUP
    assert caught.value.failure.retry == Retry.PERMANENT
    assert caught.value.failure.facts["through"] == "Finance 财务"
    world.control("PUT", "/quickbi/groups/group-finance", {"members": ["kate"]})
    world.target.remove(told)
    assert not world.can_open("supply-chain", "dora")


def test_access_by_the_workspace_is_taken_for_what_it_is(world: QuickBIWorld) -> None:
    world.give_by_hand("sales-overview", "ws-sales", scope=3, points=3)
    told = world.delivered(world.order())
    assert (told.known["was_held_already"], told.known["is_ours"]) == (True, False)
    removed = world.target.remove(told)
    assert removed.facts["is_inherited_from"] == "workspace"
    assert removed.facts["can_open"] is True


def _private(world: QuickBIWorld) -> dict[str, Any]:
    return {"resource_id": "regional-revenue", "entitlement": "edit"}


def _unpublished(world: QuickBIWorld) -> dict[str, Any]:
    world.change_work("sales-overview", status=0)
    return {}


def _workspace_off(world: QuickBIWorld) -> dict[str, Any]:
    world.change_workspace("ws-sales", allows_sharing=False)
    return {}


def _organisation_off(world: QuickBIWorld) -> dict[str, Any]:
    world.control("PUT", "/settings", {"quickbi_sharing_allowed": False})
    return {}


def _caller_refused(world: QuickBIWorld) -> dict[str, Any]:
    world.control("PUT", "/settings", {"quickbi_caller_allowed": False})
    return {}


def _old_columns(world: QuickBIWorld) -> dict[str, Any]:
    world.control("PUT", "/settings", {"quickbi_new_column_rules": False})
    return {"resource_type": "dataset", "resource_id": "orders", "entitlement": "unmask"}


def _gone(world: QuickBIWorld) -> dict[str, Any]:
    world.control("DELETE", "/quickbi/works/sales-overview")
    return {}


def _throttled(world: QuickBIWorld) -> dict[str, Any]:
    world.fault("throttle_429", "QueryWorks")
    return {}


def _internal(world: QuickBIWorld) -> dict[str, Any]:
    world.fault("http_500_before", "QueryWorks")
    return {}


@pytest.mark.parametrize(
    ("arrange", "kind", "retry"),
    [
        (lambda _w: {"person": "eve"}, Refusal.PERSON_NOT_BOUND, Retry.PERMANENT),
        (lambda _w: {"person_union_id": ""}, Refusal.PERSON_NOT_BOUND, Retry.PERMANENT),
        (_private, Refusal.EDIT_ON_PRIVATE, Retry.PERMANENT),
        (lambda _w: {"workspace_id": "ws-of-others"}, Refusal.CATALOGUED_ELSEWHERE, Retry.PERMANENT),
        (lambda _w: {"resource_type": "data_screen"}, Refusal.CATALOGUED_ELSEWHERE, Retry.PERMANENT),
        (_unpublished, Refusal.NOT_PUBLISHED, Retry.PERMANENT),
        (_workspace_off, Refusal.WORKSPACE_SHARING_OFF, Retry.PERMANENT),
        (_organisation_off, FailureClass.SHARING_OFF, Retry.PERMANENT),
        (_caller_refused, FailureClass.CALLER_NOT_ALLOWED, Retry.PERMANENT),
        (_old_columns, FailureClass.COLUMN_MODEL_OLD, Retry.PERMANENT),
        (_gone, FailureClass.RESOURCE_GONE, Retry.PERMANENT),
        (_throttled, FailureClass.THROTTLED, Retry.RETRYABLE),
        (_internal, FailureClass.SERVER_TROUBLE, Retry.RETRYABLE),
        (
            lambda _w: {"resource_type": "dataset", "resource_id": "orders", "entitlement": "use"},
            Refusal.LEVEL_NOT_SETTLED,
            Retry.PERMANENT,
        ),
        (
            lambda _w: {
                "resource_type": "data_portal",
                "resource_id": "executive-portal",
                "entitlement": "edit",
            },
            Refusal.PORTAL_EDIT,
            Retry.PERMANENT,
        ),
    ],
)
def test_a_refusal_says_why_and_whether_to_try_again(
    world: QuickBIWorld, arrange: Callable[[QuickBIWorld], dict[str, Any]], kind: str, retry: Retry
) -> None:
    failure = world.refusal(world.order(**arrange(world))).failure
    assert (failure.kind, failure.retry) == (kind, retry)
    assert world.config.quickbi_key_secret not in str(failure.to_json())


def test_with_an_admins_consent_a_private_work_is_opened_for_edit(world: QuickBIWorld) -> None:
    world.decide(edit_on_private=EditOnPrivate.SET_SPECIFIED)
    told = world.delivered(world.order(**_private(world)))
    assert told.known["edit_property"] == "was private, set to specified members"
    assert world.can_open("regional-revenue")


def test_what_is_not_settled_goes_by_hand_where_an_admin_chose_that(world: QuickBIWorld) -> None:
    world.decide(when_not_settled=WhenNotSettled.BY_HAND)
    order = world.order(resource_type="dataset", resource_id="orders", entitlement="use")
    assert world.target.deliver(order).doing == Doing.BY_HAND
    given = replace(order, known={"given_at": "2026-01-01"})
    assert world.target.remove(given).doing == Doing.BY_HAND


def test_a_value_that_an_admin_gave_settles_a_level(world: QuickBIWorld) -> None:
    world.decide(use_points=1)
    told = world.delivered(world.order(resource_type="dataset", resource_id="orders", entitlement="use"))
    assert world.grants("orders") == [("authorization", 1)]
    world.target.remove(told)
    assert world.grants("orders") == []


def test_other_spellings_of_what_is_held_are_understood(world: QuickBIWorld) -> None:
    world.control("PUT", "/settings", {"quickbi_authority_words": "codes"})
    told = world.delivered(world.order(entitlement="export"))
    assert world.finding(told) == Finding.AS_WANTED
    world.delivered(told)
    assert world.grants("sales-overview") == [("authorization", 3)]


def test_access_without_an_end_is_given_as_long_as_quick_bi_can(world: QuickBIWorld) -> None:
    told = world.delivered(world.order(expires_at=None))
    assert world.finding(told) == Finding.AS_WANTED


def test_retrieval_is_shared_where_an_admin_chose_that(world: QuickBIWorld) -> None:
    world.decide(retrieval_call=RetrievalCall.SHARE)
    order = world.order(resource_type="self_service_retrieval", resource_id="order-extract")
    assert world.delivered(order).known["way"] == "share"
