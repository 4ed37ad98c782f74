"""Entry points, time limits and the usual grant target are saved together, or told what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from portal.extensions import db
from portal.models import ApprovalSettings
from portal.services.faults import Problem, ProblemReason
from portal.services.requests.entry_points import check_entry
from tests.portal_world import World
from tests.web.approval_settings.admin_browser import PAGE, AdminBrowser, hidden, words

SECTION = f"{PAGE}/sections/request_rules"
USUAL = {
    "is_data_work_entry_on": "y",
    "is_column_entry_on": "y",
    "usual_days": "30",
    "longest_days": "366",
    "escalates_after_days": "",
    "lapses_after_days": "",
    "nudge_pause_hours": "24",
    "grant_target": "manual",
}


def settings(world: World) -> ApprovalSettings:
    return world.look(world.services.approval_settings.current)  # type: ignore[no-any-return]


def send(alice: AdminBrowser, *, has_script: bool = False, **changes: Any) -> Any:
    version = hidden(alice.get(SECTION, has_script=True).text, "version")
    form = {name: value for name, value in {**USUAL, **changes}.items() if value is not None}
    return alice.post("/request-rules", has_script=has_script, **{"version": version, **form})


def test_all_rules_are_saved_at_once_and_shown_again(world: World, alice: AdminBrowser) -> None:
    changed = {
        "usual_days": "7",
        "longest_days": "90",
        "escalates_after_days": "3",
        "lapses_after_days": "14",
        "nudge_pause_hours": "8",
        "grant_target": "webhook",
    }
    answer = send(alice, has_script=True, **changed)
    assert answer.headers["HX-Trigger"] == '{"request-rules-saved": true}'
    kept = settings(world)
    assert {name: str(getattr(kept, name)) for name in changed} == changed
    assert 'value="14"' in alice.get(f"{PAGE}?show=request_rules").text


def test_a_closed_entry_closes_its_levels_alone(world: World, alice: AdminBrowser) -> None:
    assert send(alice, is_column_entry_on=None).status_code == 303
    with world.app.app_context(), pytest.raises(Problem) as closed:
        check_entry(db.session(), "unmask")
    assert closed.value.reason == ProblemReason.COLUMN_ENTRY_OFF
    world.look(lambda: check_entry(db.session(), "view"))
    assert send(alice, is_data_work_entry_on=None).status_code == 303
    with world.app.app_context(), pytest.raises(Problem) as closed:
        check_entry(db.session(), "view")
    assert closed.value.reason == ProblemReason.DATA_WORK_ENTRY_OFF
    world.look(lambda: check_entry(db.session(), "unmask"))


# Nothing is saved by any of them, so that one portal serves all.
REFUSED: list[tuple[dict[str, str], str]] = [
    ({"usual_days": ""}, "required"),
    ({"usual_days": "0"}, "from 1 to 366"),
    ({"usual_days": "367"}, "from 1 to 366"),
    ({"usual_days": "seven"}, "whole number"),
    ({"longest_days": "99999"}, "from 1 to 3660"),
    ({"longest_days": "-1"}, "whole number"),
    ({"escalates_after_days": "0"}, "or nothing"),
    ({"escalates_after_days": "\uff12"}, "whole number"),
    ({"lapses_after_days": "366"}, "or nothing"),
    ({"escalates_after_days": "5", "lapses_after_days": "5"}, "more days"),
    ({"nudge_pause_hours": "9999"}, "from 1 to 720"),
    ({"grant_target": "carrier pigeon"}, "Not a valid choice"),
]


@pytest.mark.parametrize("has_script", [False, True])
def test_what_makes_no_sense_is_told_and_saves_nothing(
    world: World, alice: AdminBrowser, has_script: bool
) -> None:
    for changes, said in REFUSED:
        refused = send(alice, has_script=has_script, **changes)
        assert refused.status_code == 422, changes
        assert said in words(refused.text), changes
        assert settings(world).usual_days == 30


def test_the_slower_of_two_admins_is_told(world: World, alice: AdminBrowser) -> None:
    assert send(alice, version="77").status_code == 409
    assert settings(world).grant_target == "manual"
