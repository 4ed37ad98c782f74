"""Every worker has an id of its own, and finds it again."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from portal.process_place import LONGEST_ID
from portal.settings import Settings, read_settings
from portal.workflows.worker_place import WorkerAlreadyRunning, worker_place
from tests.portal_world import SECRET_KEY

SOMEWHERE = "postgresql://portal@127.0.0.1/portal"


def settings_in(folder: Path, **environment: str) -> Settings:
    folder.mkdir(exist_ok=True)
    return read_settings(
        {
            "PORTAL_SECRET_KEY": SECRET_KEY,
            "PORTAL_INSTANCE": str(folder),
            "PORTAL_DATABASE_URL": SOMEWHERE,
            **environment,
        }
    )


def test_workers_of_one_folder_have_numbers_and_who_comes_back_gets_the_free_one(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with ExitStack() as others, worker_place(settings) as first:
        second = others.enter_context(worker_place(settings))
        with worker_place(settings) as third:
            pass
        with worker_place(settings) as back:
            assert back == third
        assert len({first, second, third}) == 3
        assert max(map(len, (first, second, third))) <= LONGEST_ID


def test_folders_of_one_name_on_one_host_are_different_places(tmp_path: Path) -> None:
    ids = set()
    for site in ("a", "b"):
        (tmp_path / site).mkdir()
        with worker_place(settings_in(tmp_path / site / "instance")) as worker_id:
            ids.add(worker_id)
    assert len(ids) == 2


def test_an_id_that_was_given_is_taken_once(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, PORTAL_WORKER_ID="blue")
    with worker_place(settings) as worker_id:
        assert worker_id == "blue"
        with pytest.raises(WorkerAlreadyRunning, match="already running as blue"), worker_place(settings):
            pass
    with worker_place(settings):
        pass


def test_a_sqlite_database_has_one_place_whatever_the_ids(tmp_path: Path) -> None:
    with worker_place(settings_in(tmp_path, PORTAL_DATABASE_URL="", PORTAL_WORKER_ID="a")):
        other = settings_in(tmp_path, PORTAL_DATABASE_URL="", PORTAL_WORKER_ID="b")
        with pytest.raises(WorkerAlreadyRunning, match="SQLite"), worker_place(other):
            pass
