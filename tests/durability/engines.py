"""On which engine a test runs when: starting processes takes seconds, so the everyday suite has SQLite's only."""

from __future__ import annotations

import pytest

SLOW_POSTGRESQL = [pytest.mark.postgresql, pytest.mark.slow]

both_engines_sqlite_daily = pytest.mark.parametrize(
    "shared_world", ["sqlite", pytest.param("postgresql", marks=SLOW_POSTGRESQL)], indirect=True
)
FEW, MANY = 12, 300
few_daily_many_on_both_engines = pytest.mark.parametrize(
    ("shared_world", "count"),
    [
        ("sqlite", FEW),
        pytest.param("sqlite", MANY, marks=pytest.mark.slow),
        pytest.param("postgresql", MANY, marks=SLOW_POSTGRESQL),
    ],
    indirect=["shared_world"],
)
