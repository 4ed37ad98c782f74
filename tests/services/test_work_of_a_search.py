"""What a search costs does not grow with the number of requests: counted in SQLite's own steps, not in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from bench.big_database import PEOPLE, fill, person_name
from portal.application import create_app
from portal.clock import SystemClock
from portal.database import transaction
from portal.extensions import db
from portal.migrating import migrate_database
from portal.models import Person, PersonRole
from portal.models.person import Role
from portal.rules.request_number import request_number
from portal.services.requests.request_conditions import StateFilter
from portal.services.requests.request_search import RequestSearch, Wanted, Whose
from portal.settings import read_settings
from tests.portal_world import environment

FEW, MANY = 4_000, 40_000
STEPS_AT_ONCE = 100
# In hundreds, too: what rows that lie elsewhere make of it, and what a page may cost where conditions meet rarely.
STEPS_OF_CHANCE = 30
STEPS_OF_A_LONG_LOOK = 15_000


class CountedSearch:
    """Searches in a database of made-up requests and counts the steps that its statements take."""

    def __init__(self, folder: Path, requests: int) -> None:
        settings = read_settings(environment(folder, port=1, sandbox_url="http://127.0.0.1:1"))
        self._app = create_app(settings)
        self._steps = 0
        migrate_database(self._app, settings)
        with self._app.app_context():
            file = Path(str(db.engine.url.database))
            db.engine.dispose()
            fill(file, requests=requests)
            event.listen(db.engine, "connect", self._listen)
            with transaction() as session:
                role = Role.ORGANIZATION_ADMIN
                session.add(PersonRole(person_id=PEOPLE, role=role, given_at=datetime.now(UTC)))

    def steps(self, wanted: Wanted, *, person_id: int) -> int:
        """Return how many steps one page takes, in hundreds."""
        with self._app.app_context():
            person = db.session.get_one(Person, person_id)
            before = self._steps
            found = RequestSearch(clock=SystemClock()).find(person, wanted)
            assert found.requests or found.is_cut, wanted
            return self._steps - before

    def close(self) -> None:
        with self._app.app_context():
            db.engine.dispose()

    def _listen(self, connection: object, _record: object) -> None:
        set_handler: Callable[..., None] = connection.set_progress_handler  # type: ignore[attr-defined]
        set_handler(self._count, STEPS_AT_ONCE)

    def _count(self) -> int:
        self._steps += 1
        return 0


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CountedSearch, CountedSearch]]:
    made = (
        CountedSearch(tmp_path_factory.mktemp("few"), FEW),
        CountedSearch(tmp_path_factory.mktemp("many"), MANY),
    )
    yield made
    for each in made:
        each.close()


def test_ten_times_the_requests_take_the_same_work(sides: tuple[CountedSearch, CountedSearch]) -> None:
    work = [
        {name: side.steps(wanted, person_id=person) for name, (person, wanted) in looks(requests).items()}
        for side, requests in zip(sides, (FEW, MANY), strict=True)
    ]
    grown = {
        name: (few, work[1][name])
        for name, few in work[0].items()
        if work[1][name] > 1.5 * few + STEPS_OF_CHANCE
    }
    assert not grown


def test_conditions_that_have_to_be_looked_for_row_by_row_cost_a_bounded_page(
    sides: tuple[CountedSearch, CountedSearch],
) -> None:
    _, many = sides
    for wanted in (
        Wanted(text="华南 陈", state=StateFilter.REJECTED),
        Wanted(text="王 李 渠道"),
        Wanted(text="王", state=StateFilter.COULD_NOT_START),
        Wanted(text="AR-2024"),
    ):
        everybodys = replace(wanted, whose=Whose.EVERYBODYS)
        assert many.steps(everybodys, person_id=PEOPLE) < STEPS_OF_A_LONG_LOOK, wanted
    assert many.steps(Wanted(state=StateFilter.APPROVED), person_id=1) < STEPS_OF_A_LONG_LOOK


def looks(requests: int) -> dict[str, tuple[int, Wanted]]:
    """Return searches that find a page in either database, each with who looks."""
    newest = request_number(requests - 1, year=2026)
    texts = {
        "number": newest[:-2],
        "digits": newest[-6:-2],
        "person": person_name(1),
        "resource": "华南 0001",
        "frequent": "渠道",
        "one of many": "王",
    }
    everybodys = {
        "all": Wanted(whose=Whose.EVERYBODYS),
        "deep": Wanted(whose=Whose.EVERYBODYS, older_than=requests // 2),
        "state": Wanted(whose=Whose.EVERYBODYS, state=StateFilter.REJECTED),
        "states": Wanted(whose=Whose.EVERYBODYS, state=StateFilter.OPEN),
        **{name: Wanted(whose=Whose.EVERYBODYS, text=text) for name, text in texts.items()},
    }
    mine = {
        "mine": Wanted(),
        "decided": Wanted(whose=Whose.DECIDED),
    }
    return {
        **{name: (PEOPLE, wanted) for name, wanted in everybodys.items()},
        **{name: (1, wanted) for name, wanted in mine.items()},
    }
