"""Hundreds of requests through random faults and kills: none lost, none doubled, all as DingTalk shows them.

A failure prints its seed; PORTAL_TEST_SEED repeats it (the same choices; how processes interleave is theirs).
"""

from __future__ import annotations

import os
import secrets

from tests.durability.crowd import Crowd, settle
from tests.durability.engines import few_daily_many_on_both_engines
from tests.durability.running_portal import RunningPortal
from tests.durability.storm import Storm
from tests.durability.truth import judge


@few_daily_many_on_both_engines
def test_requests_survive_faults_and_kills_at_a_fifth_of_all_steps(portal: RunningPortal, count: int) -> None:
    seed = int(os.environ.get("PORTAL_TEST_SEED") or secrets.randbelow(10**6))
    again = f"repeat with PORTAL_TEST_SEED={seed}"
    print(f"\nseed {seed}")  # noqa: T201  kept by pytest, shown when the test fails
    crowd, storm = Crowd(portal, seed=seed), Storm(portal, seed=seed)
    storm.begin()
    try:
        crowd.ask(count=count)
    finally:
        storm.end()
    settle(portal, crowd)
    crowd.close()

    verdict = judge(portal.world, crowd.numbers)
    summary = (
        f"{verdict}; {storm.steps} steps, {storm.kills.total()} kills {dict(storm.kills)}, "
        f"{storm.faults.total()} faults {dict(storm.faults)}; {again}"
    )
    print(summary)  # noqa: T201
    assert verdict.is_kept, f"{summary}\n{verdict.details()}"
    assert len(crowd.numbers) == count, summary
    assert storm.disturbed >= 0.2 * storm.steps, summary
