"""The console shows what needs a person's eye, and the log file keeps everything."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.demo.log_tail import KEPT_BYTES, LogTail


@pytest.fixture
def tail(tmp_path: Path) -> Iterator[LogTail]:
    tail = LogTail(tmp_path / "logs" / "worker.log")
    yield tail
    tail.close()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"event": "no token", "level": "warning", "code": "40078"}', ["warning: no token code=40078"]),
        ('{"event": "fine", "level": "info", "note": "ERROR is a word here"}', []),
        ("\x1b[33m2026-01-01 [warning  ] no token\x1b[0m", ["2026-01-01 [warning  ] no token"]),
        ("WARNING:waitress:Task queue depth is 1", ["WARNING:waitress:Task queue depth is 1"]),
        ("Serving on http://127.0.0.1:8000", []),
        ("{half of json ERROR", ["{half of json ERROR"]),
        ("", []),
    ],
)
def test_only_warnings_and_worse_are_shown(tail: LogTail, line: str, shown: list[str]) -> None:
    _write(tail, f"{line}\n".encode())
    assert list(tail.new_warnings()) == shown


def test_a_line_that_is_still_being_written_waits_for_its_end(tail: LogTail) -> None:
    _write(tail, b"ERROR: half")
    assert list(tail.new_warnings()) == []
    _write(tail, b" and whole\n")
    assert list(tail.new_warnings()) == ["ERROR: half and whole"]


def test_a_flood_of_the_same_line_is_shown_once(tail: LogTail) -> None:
    _write(tail, b"ERROR: again\n" * 1000)
    assert list(tail.new_warnings()) == ["ERROR: again"]


def test_a_long_line_and_odd_bytes_do_not_spoil_the_console(tail: LogTail) -> None:
    _write(tail, b"ERROR \xff\xfe" + b"x" * 100_000 + b"\n")
    (shown,) = tail.new_warnings()
    assert len(shown) < 400


def test_what_an_earlier_run_said_is_not_shown_again(tmp_path: Path) -> None:
    path = tmp_path / "worker.log"
    path.write_text("ERROR: of yesterday\n")
    tail = LogTail(path)
    assert list(tail.new_warnings()) == []
    assert tail.last_line() == "ERROR: of yesterday"
    tail.close()


def test_a_large_log_makes_way_and_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "worker.log"
    path.write_bytes(b"x" * (KEPT_BYTES + 1))
    LogTail(path).close()
    assert path.stat().st_size == 0
    assert (tmp_path / "worker.old.log").stat().st_size == KEPT_BYTES + 1


def _write(tail: LogTail, said: bytes) -> None:
    os.write(tail.descriptor(), said)
