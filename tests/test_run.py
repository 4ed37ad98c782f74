"""`run.py` makes a working `.venv` from nothing, and never believes in one that was interrupted.

The slow tests install from the package index that this machine is set up for.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NEEDED = (
    "run.py",
    "pyproject.toml",
    "README.md",
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-uv.lock",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without `.venv`, beside an empty home folder."""
    for name in NEEDED:
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "portal", tmp_path / "portal", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "home").mkdir()
    return tmp_path


def test_an_unknown_command_is_answered_with_those_that_exist(checkout: Path) -> None:
    answer = _run(checkout, "tset")
    assert answer.returncode == 2
    assert "run.py does not know 'tset'" in answer.stdout
    assert "python3 run.py test " in answer.stdout
    assert not (checkout / ".venv").exists()


def test_help_sets_nothing_up(checkout: Path) -> None:
    assert _run(checkout, "--help").returncode == 0
    assert not (checkout / ".venv").exists()


def test_an_unreachable_package_index_is_named_with_its_remedy(checkout: Path) -> None:
    answer = _run(checkout, "set-up", PIP_INDEX_URL="http://127.0.0.1:9/", PIP_RETRIES="0")
    assert answer.returncode == 1
    assert "PIP_INDEX_URL to your mirror" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (checkout / ".venv" / "set-up.json").exists()


@pytest.mark.slow
def test_two_at_once_make_one_working_venv_and_a_third_finds_nothing_to_do(checkout: Path) -> None:
    both = [_start(checkout), _start(checkout)]
    assert [process.wait(120) for process in both] == [0, 0]
    assert _works(checkout)
    started = time.monotonic()
    third = _run(checkout, "set-up")
    assert third.returncode == 0
    assert third.stdout == ""
    assert time.monotonic() - started < 1


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.3, 2.0, 4.5, 5.5])
def test_a_set_up_that_was_killed_is_made_anew(checkout: Path, seconds: float) -> None:
    first = _start(checkout)
    time.sleep(seconds)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert _run(checkout, "set-up").returncode == 0
    assert _works(checkout)


@pytest.mark.slow
def test_a_moved_checkout_gets_a_venv_of_its_own(checkout: Path) -> None:
    assert _run(checkout, "set-up").returncode == 0
    moved = checkout / "elsewhere"
    moved.mkdir()
    for name in (*NEEDED, "portal", ".venv", "home"):
        (checkout / name).rename(moved / name)
    assert _run(moved, "set-up").returncode == 0
    assert str(moved) in (moved / ".venv" / "bin" / "portal").read_text().splitlines()[0]


def _run(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=checkout,
        env=_environment(checkout) | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _start(checkout: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "run.py", "set-up"]
    return subprocess.Popen(
        command, cwd=checkout, env=_environment(checkout), stdout=subprocess.DEVNULL, start_new_session=True
    )


def _environment(checkout: Path) -> dict[str, str]:
    """As on a fresh machine, but for what tells this one's way to its package index."""
    ways = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))}
    return {"HOME": str(checkout / "home"), "PATH": "/usr/bin:/bin", **ways}


def _works(checkout: Path) -> bool:
    asked = [str(checkout / ".venv" / "bin" / "python"), "-c", "import dbos, flask, portal"]
    return subprocess.run(asked, cwd=checkout, check=False).returncode == 0
