"""The sandbox's file is kept over restarts, and made anew when it comes from another version."""

from __future__ import annotations

import sqlite3

from sqlalchemy import select

from portal.sandbox import SandboxConfig
from portal.sandbox.runtime import open_sandbox
from portal.sandbox.tables import Person


def names(config: SandboxConfig) -> list[str]:
    sandbox = open_sandbox(config)
    with sandbox.storage.read() as session:
        found = list(session.scalars(select(Person.name).order_by(Person.position)))
    sandbox.storage.close()
    return found


def test_what_changed_is_still_changed_after_a_restart(config: SandboxConfig) -> None:
    sandbox = open_sandbox(config)
    with sandbox.storage.write() as session:
        session.get_one(Person, "alice").name = "Alice Renamed"
    sandbox.storage.close()
    assert names(config)[0] == "Alice Renamed"


def test_a_file_of_another_version_starts_afresh(config: SandboxConfig) -> None:
    with sqlite3.connect(config.database_path) as connection:
        connection.execute("CREATE TABLE person (userid TEXT, nothing_else TEXT)")
        connection.execute("INSERT INTO person VALUES ('old', 'old')")
    connection.close()
    assert names(config)[0] == "Alice Zhang 张爱丽"
