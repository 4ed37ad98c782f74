"""`portal doctor`: the same lines on a terminal and as JSON, an exit code, and no secret anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from portal.services.doctor.checks import CheckName
from tests.portal_world import AES_KEY, APP_SECRET, SECRET_KEY, TOKEN, World
from tests.services.doctor_faults import deny, grant

PATIENCE_SECONDS = 180


def run(world: World, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "portal", "doctor", *arguments],
        env={**os.environ, **world.environment, **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    for secret in (APP_SECRET, AES_KEY, TOKEN, SECRET_KEY):
        assert secret not in done.stdout + done.stderr
    return done


def test_one_broken_line_is_printed_with_its_remedy_and_ends_with_one(world: World) -> None:
    try:
        deny("Workflow.Instance.Read")(world)
        done = run(world)
    finally:
        grant("Workflow.Instance.Read")(world)
    assert done.returncode == 1
    assert "BROKEN    Permission to read approvals: The DingTalk app lacks a permission." in done.stdout
    assert "-> In DingTalk's developer console open your app" in done.stdout
    assert "Something is broken. 1 line is broken." in done.stdout
    assert done.stderr == ""


def test_json_is_for_programs(world: World) -> None:
    try:
        deny("Workflow.Instance.Read")(world)
        done = run(world, "--json")
    finally:
        grant("Workflow.Instance.Read")(world)
    told = json.loads(done.stdout)
    assert (done.returncode, told["state"]) == (1, "failed")
    assert [each["name"] for each in told["checks"]] == list(CheckName)
    broken = next(each for each in told["checks"] if each["state"] == "failed")
    assert (broken["name"], broken["found"]) == ("instance_read", "refused")
    assert broken["failure"]["required_scopes"] == ["Workflow.Instance.Read"]


def test_an_environment_that_cannot_start_ends_with_two(world: World) -> None:
    done = run(world, PORTAL_SECRET_KEY="short")
    assert done.returncode == 2
    assert "PORTAL_SECRET_KEY must hold at least" in done.stderr
    assert done.stdout == ""


def test_a_database_that_was_never_set_up_is_a_finding_and_stays_as_it_is(
    world: World, tmp_path: Path
) -> None:
    done = run(world, "--json", PORTAL_INSTANCE=str(tmp_path))
    told = {each["name"]: each for each in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    assert told["database"]["found"] == "database_unreachable"
    assert [name for name, each in told.items() if each["state"] == "failed"] == ["database"]
    assert told["form_read"]["waits_for"] == "database"
