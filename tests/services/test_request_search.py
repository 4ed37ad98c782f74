"""Finding requests: what a search means, that nobody finds what is not theirs, and that no page loses one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.extensions import db
from portal.models import AccessRequest
from portal.rules.approval_state import ApprovalState
from portal.services.lists.keyset_page import MOST_LOOKED_AT
from portal.services.permissions import NotAllowed
from portal.services.requests.request_conditions import MOST_NAMES, StateFilter
from portal.services.requests.request_search import PAGE_LENGTH, Found, Wanted, Whose
from tests.portal_world import World
from tests.services.engines import on_both_engines
from tests.services.made_up_requests import MadeUpRequests
from tests.services.story import ask, set_up

pytestmark = on_both_engines

SEARCHES = (
    ("AR-2026-000002", ["orders"]),
    ("ar-2026-00000", ["budget", "orders"]),
    ("AR-2025", ["sales"]),
    ("2026-000003", ["budget"]),
    ("000001", ["sales"]),
    ("0000", ["budget", "orders", "sales"]),
    ("3", ["budget"]),
    ("AR-2027", []),
    ("AR-2025-000002", []),
    ("999999999999", []),
    ("bob", ["budget", "sales"]),
    ("李博", ["budget", "sales"]),
    ("u-1077", ["orders"]),
    ("chen", ["sales"]),
    ("赵峰", ["budget", "orders"]),
    ("VIEW", ["sales"]),
    ("销售", ["sales"]),
    ("latfor", ["budget", "orders"]),
    ("华东", ["sales"]),
    ("bob platform", ["budget"]),
    ("  华东   陈伟 AR-2025 ", ["sales"]),
    ("bob orders", []),
    ("wang fang", ["orders"]),
    ("%", ["budget"]),
    ("_", ["orders"]),
    ("\\", []),
    ("bob\x00", ["budget", "sales"]),
    ("' OR 1=1 --", []),
    ("z" * 5_000, []),
)
STATES = (
    (
        StateFilter.OPEN,
        {
            *("awaiting_acceptance", "submitted", "starting", "start_unknown", "needs_choice"),
            *("could_not_start", "pending"),
        },
    ),
    (StateFilter.WAITING, {"pending"}),
    (StateFilter.APPROVED, {"approved", "partly_approved"}),
    (StateFilter.REJECTED, {"rejected"}),
    (StateFilter.ENDED, {"withdrawn", "terminated", "lapsed"}),
    (StateFilter.COULD_NOT_START, {"could_not_start"}),
)


@pytest.fixture
def made(world: World) -> MadeUpRequests:
    return MadeUpRequests(world)


@pytest.fixture
def asked(made: MadeUpRequests) -> dict[str, str]:
    """Three requests of an organisation that is easy to remember."""
    bob, fang = made.person("Bob Li 李博", "bob.li"), made.person("Wang Fang 王芳", "u-1077")
    chen, owner = made.person("Chen Wei 陈伟"), made.person("Frank Zhao 赵峰")
    sales = made.resource("Sales overview 销售总览", "East China 华东")
    orders, budget = (
        made.resource("Orders_2026 订单", "Platform"),
        made.resource("Budget 100% 预算", "Platform"),
    )
    return {
        "sales": made.request(bob, chen, sales, state="pending", year=2025),
        "orders": made.request(fang, owner, orders, state="rejected"),
        "budget": made.request(bob, owner, budget, state="withdrawn"),
    }


def find(world: World, made: MadeUpRequests, person: int | None = None, **wanted: object) -> Found:
    """Search as an admin among everybody's requests, unless a person is given."""
    whose = {"whose": Whose.EVERYBODYS} if person is None else {}
    return world.services.request_search.find(
        made.person_of(person or made.admin), Wanted(**{**whose, **wanted})
    )


def numbers(world: World, made: MadeUpRequests, person: int | None = None, **wanted: object) -> list[str]:
    with world.app.app_context():
        return [each.number for each in find(world, made, person, **wanted).requests]


def pages(world: World, made: MadeUpRequests, person: int | None = None, **wanted: object) -> Iterator[Found]:
    """Turn all pages, however often one has to look further back."""
    older_than = None
    while True:
        found = find(world, made, person, **{**wanted, "older_than": older_than})
        yield found
        if found.older_than is None:
            return
        assert older_than is None or found.older_than < older_than
        older_than = found.older_than


def test_a_word_is_a_number_a_person_a_resource_or_a_workspace_and_all_words_match(
    world: World, made: MadeUpRequests, asked: dict[str, str]
) -> None:
    for text, expected in SEARCHES:
        assert numbers(world, made, text=text) == [asked[each] for each in expected], text


def test_the_state_filter_shows_its_states_and_no_others(world: World, made: MadeUpRequests) -> None:
    bob, chen, sales = made.person("Bob"), made.person("Chen"), made.resource("Sales")
    all_of_them = made.requests([(bob, chen, sales, each) for each in ApprovalState])
    for state, states in STATES:
        expected = [
            number for number, each in zip(all_of_them, ApprovalState, strict=True) if each.value in states
        ][::-1]
        assert numbers(world, made, state=state) == expected
        assert numbers(world, made, state=state, text="bob") == expected
        assert numbers(world, made, bob, state=state) == expected


def test_nobody_finds_what_is_not_theirs(world: World, made: MadeUpRequests, asked: dict[str, str]) -> None:
    dora = made.person("Dora Wu 吴朵")
    for text in ("", *asked.values(), "bob", "李博", "chen", "Sales", "华东", "bob.li", "0000", "wang fang"):
        for state in (None, StateFilter.APPROVED):
            for whose in (Whose.MINE, Whose.TO_DECIDE, Whose.DECIDED):
                with world.app.app_context():
                    found = find(world, made, dora, text=text, state=state, whose=whose)
                assert (list(found.requests), found.older_than, found.is_cut) == ([], None, False)
    with world.app.app_context(), pytest.raises(NotAllowed):
        find(world, made, dora, whose=Whose.EVERYBODYS, text="bob")


def test_requester_and_approver_find_theirs_each_in_their_own_list(
    world: World, made: MadeUpRequests
) -> None:
    bob, chen, sales = made.person("Bob"), made.person("Chen"), made.resource("Sales")
    theirs = made.request(bob, chen, sales)
    made.request(chen, made.person("Frank"), sales)
    assert numbers(world, made, bob, text="chen") == [theirs]
    assert numbers(world, made, chen, whose=Whose.DECIDED, text="bob sales") == [theirs]
    assert theirs not in numbers(world, made, chen)
    assert numbers(world, made, bob, whose=Whose.DECIDED) == []


def test_every_page_of_every_search_is_what_reading_all_rows_would_find(
    world: World, made: MadeUpRequests
) -> None:
    chance = random.Random(7)  # noqa: S311
    people = [
        made.person(f"{given} {surname}") for given in ("Ann", "Ben", "Cy") for surname in ("Li 李", "Wu 吴")
    ]
    resources = [made.resource(f"{name} {n}", "East") for name in ("Sales", "Costs") for n in (1, 2)]
    states = list(ApprovalState)
    made.requests(
        [(*chance.sample(people, 2), chance.choice(resources), chance.choice(states)) for _ in range(130)]
    )
    with world.app.app_context():
        rows = [row_of(each) for each in newest_first(db.session())]
        for text in (
            "",
            "ann",
            "李",
            "sales 1",
            "ben costs",
            "ann ben",
            "0001",
            "000123",
            "east wu",
            "ann li",
        ):
            for state in (None, StateFilter.OPEN, StateFilter.REJECTED):
                for person, whose in ((made.admin, Whose.EVERYBODYS), (people[0], Whose.MINE)):
                    wanted = {"text": text, "state": state, "whose": whose}
                    found = [
                        each.id for page in pages(world, made, person, **wanted) for each in page.requests
                    ]
                    assert found == [each.id for each in rows if each.is_wanted(person, **wanted)], wanted


@dataclass(frozen=True, kw_only=True)
class Row:
    """A request as somebody reads it."""

    id: int
    requester_id: int
    state: str
    digits: str
    texts: tuple[str, ...]

    def is_wanted(self, person: int, *, text: str, state: StateFilter | None, whose: Whose) -> bool:
        finished = {
            *("approved", "partly_approved", "rejected", "withdrawn", "terminated"),
            *("lapsed", "escalated"),
        }
        is_state = {
            None: True,
            StateFilter.OPEN: self.state not in finished,
            StateFilter.REJECTED: self.state == "rejected",
        }[state]
        is_somebody = text == "ann li" and whose == Whose.EVERYBODYS
        words = [text] if is_somebody else text.split()
        is_visible = whose == Whose.EVERYBODYS or self.requester_id == person
        return is_state and is_visible and all(self._mentions(word) for word in words)

    def _mentions(self, word: str) -> bool:
        is_number = word.isdigit() and (self.digits.startswith(word) or self.digits.lstrip("0") == word)
        return is_number or any(word in text.lower() for text in self.texts)


def newest_first(session: Session) -> Sequence[AccessRequest]:
    return session.scalars(select(AccessRequest).order_by(AccessRequest.id.desc())).all()


def row_of(request: AccessRequest) -> Row:
    people = [request.requester, *(each.approver for each in request.approvals)]
    resources = [each.resource for each in request.items]
    return Row(
        id=request.id,
        requester_id=request.requester_id,
        state=request.state,
        digits=request.number.rsplit("-", 1)[1],
        texts=(
            *(text for each in people for text in (each.name, each.user_id or "")),
            *(text for each in resources for text in (each.name, each.workspace)),
        ),
    )


def test_pages_follow_each_other_without_a_gap(world: World, made: MadeUpRequests) -> None:
    bob, chen, sales = made.person("Bob"), made.person("Chen"), made.resource("Sales")
    everything = made.requests([(bob, chen, sales, "approved")] * (2 * PAGE_LENGTH + 5))
    with world.app.app_context():
        for wanted in ({}, {"text": "bob"}, {"text": "sales chen", "state": StateFilter.APPROVED}):
            turned = list(pages(world, made, **wanted))
            assert [len(each.requests) for each in turned] == [PAGE_LENGTH, PAGE_LENGTH, 5]
            assert [each.number for page in turned for each in page.requests] == everything[::-1]
            assert not any(each.is_cut for each in turned)


def test_frequent_words_that_meet_rarely_are_found_by_looking_further_back(
    world: World, made: MadeUpRequests
) -> None:
    """Each page looks at a bounded number of requests and says where it ended; nothing is left out for good."""
    wangs = [made.person(f"Wang {n} 王") for n in range(MOST_NAMES + 1)]
    lis = [made.person(f"Li {n} 李") for n in range(MOST_NAMES + 1)]
    chen, sales = made.person("Chen 陈"), made.resource("Sales")
    usual = [(wangs[n % len(wangs)], chen, sales, "approved") for n in range(MOST_LOOKED_AT)]
    usual += [(lis[n % len(lis)], chen, sales, "approved") for n in range(MOST_LOOKED_AT)]
    rare = made.request(wangs[0], lis[0], sales)
    made.requests(usual)
    with world.app.app_context():
        turned = list(pages(world, made, text="王 李"))
    assert [each.number for page in turned for each in page.requests] == [rare]
    assert [page.is_cut for page in turned] == [True, True, False]
    assert not turned[0].requests


def test_a_frequent_name_and_a_rare_state_are_found_at_once(world: World, made: MadeUpRequests) -> None:
    wangs = [made.person(f"Wang {n} 王") for n in range(MOST_NAMES + 1)]
    chen, sales = made.person("Chen 陈"), made.resource("Sales")
    rare = made.request(wangs[0], chen, sales, state="could_not_start")
    made.requests([(wangs[n % 50], chen, sales, "approved") for n in range(MOST_LOOKED_AT + 100)])
    with world.app.app_context():
        found = find(world, made, text="王", state=StateFilter.COULD_NOT_START)
    assert ([each.number for each in found.requests], found.is_cut) == ([rare], False)


def test_the_number_that_a_request_is_given_is_the_one_it_is_found_by(world: World) -> None:
    set_up(world)
    number = ask(world)
    made = MadeUpRequests(world)
    assert numbers(world, made, text=number) == [number]
    assert numbers(world, made, text=number[-6:]) == [number]
