"""Backup and restore of a PostgreSQL database."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import psycopg
from psycopg import Connection, IsolationLevel, errors, sql

from portal.backups import postgresql_programs as programs
from portal.backups.manifest import EngineName
from portal.backups.problems import BackupProblem
from portal.migrating import LOCK_NUMBER
from portal.settings import Settings

CONNECT_SECONDS = 10
# The work queue's own tables: what is promised stands in our rows, and it makes them anew.
QUEUES_SCHEMA = "dbos"
OUR_TABLES = r"""
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND (c.relname LIKE 'portal\_%' OR c.relname = 'alembic_version')
    AND pg_table_is_visible(c.oid)
"""
# Its own background work has no user; what others run in another database is their business.
OTHER_SESSIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
    AND COALESCE(backend_type, 'client backend') = 'client backend'
"""


class PostgresqlDatabase:
    """The database of several machines."""

    name = EngineName.POSTGRESQL

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database_url
        self._scratch_place = settings.instance_path

    def scratch_place(self) -> Path:
        return self._scratch_place

    def dump(self, to: Path) -> str:
        """Dump our tables with pg_dump, as of the same moment at which their migration is read."""
        with self._connected() as connection:
            programs.check_version("pg_dump", server_version=connection.info.server_version)
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            migration = _migration(connection)
            (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
            programs.run(
                [
                    "pg_dump",
                    "--format=custom",
                    "--no-owner",
                    "--no-privileges",
                    "--table=portal_*",
                    "--table=alembic_version",
                    f"--snapshot={snapshot}",
                    f"--file={to}",
                ],
                database_url=self._url,
            )
        return migration

    def check(self, dump: Path, *, migration: str) -> None:  # noqa: ARG002  the seal answers for it
        with self._connected() as connection:
            for name in ("pg_restore", "psql"):
                programs.check_version(name, server_version=connection.info.server_version)
        programs.run(["pg_restore", "--list", str(dump)], database_url=self._url)

    @contextmanager
    def nobody_at_work(self) -> Iterator[None]:
        """Hold the lock that every process takes at its start, and look who is connected already."""
        with self._connected() as connection:
            connection.autocommit = True
            (is_ours,) = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_NUMBER,)).fetchone() or (
                False,
            )
            (others,) = connection.execute(OTHER_SESSIONS).fetchone() or (0,)
            if not is_ours or others:
                raise BackupProblem(
                    "Somebody is connected to this database.",
                    "Stop `portal serve` and `portal worker` on every host, and other clients, first.",
                )
            yield

    def is_empty(self) -> bool:
        with self._connected() as connection:
            return connection.execute(OUR_TABLES).fetchone() is None

    def load(self, dump: Path, *, afterwards: Sequence[str]) -> Path | None:
        """Drop what is there, restore and correct in one transaction: a failure leaves everything as it was."""
        with self._connected() as connection:
            drops = [
                sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(*name)).as_string(connection)
                for name in connection.execute(OUR_TABLES).fetchall()
            ]
        before = ["BEGIN", "SET LOCAL lock_timeout = '10s'", *drops]
        before.append(f"DROP SCHEMA IF EXISTS {QUEUES_SCHEMA} CASCADE")
        # The dump's script ends with an empty search path.
        after = ["RESET search_path", *afterwards]
        with TemporaryFile(dir=dump.parent) as script:
            script.write(_script(before))
            script.flush()
            self._write_script(dump, to=script)
            script.seek(0, 2)
            script.write(_script([*after, "COMMIT"]))
            script.seek(0)
            self._run_script(script)
        return None

    def _write_script(self, dump: Path, *, to: IO[bytes]) -> None:
        done = subprocess.run(
            [programs.program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(dump)],
            env=programs.environment(self._url),
            stdin=subprocess.DEVNULL,
            stdout=to,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode != 0:
            raise programs.failed("pg_restore", done.stderr)

    def _run_script(self, script: IO[bytes]) -> None:
        done = subprocess.run(
            [programs.program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"],
            env=programs.environment(self._url),
            stdin=script,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode != 0:
            raise programs.failed("psql", done.stderr)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            connection = psycopg.connect(
                programs.connection_string(self._url), connect_timeout=CONNECT_SECONDS
            )
        except psycopg.OperationalError as error:
            raise BackupProblem(
                "The PostgreSQL server of PORTAL_DATABASE_URL does not answer.",
                *str(error).strip().splitlines()[:1],
            ) from None
        with connection:
            yield connection


def _script(statements: Sequence[str]) -> bytes:
    return "".join(f"{statement.strip()};\n" for statement in statements).encode()


def _migration(connection: Connection) -> str:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except errors.UndefinedTable:
        row = None
    if row is None:
        raise BackupProblem("This is not a database of the portal: it has no tables of it.")
    return str(row[0])
