"""PostgreSQL's own programs for dumping and restoring, told where the server is by environment variables alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from psycopg import pq
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from portal.backups.problems import BackupProblem

OURS = ("PORTAL_", "DINGTALK_")


def connection_string(database_url: str) -> str:
    """Return the address of the database as PostgreSQL's own library reads it."""
    return make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)


def environment(database_url: str) -> dict[str, str]:
    """Return the environment for a program: a command line is there for everybody on the machine to read."""
    names = {option.keyword.decode(): option.envvar for option in pq.Conninfo.get_defaults()}
    told = conninfo_to_dict(connection_string(database_url))
    own = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    variables = {(names.get(key) or b"").decode(): str(value) for key, value in told.items() if value}
    variables.pop("", None)
    return {**own, **variables}


def program(name: str) -> str:
    """Return the path of a program; raises ``BackupProblem`` with what to install."""
    found = shutil.which(name)
    if found is None:
        raise BackupProblem(
            f"The program {name} is not installed.",
            "Install PostgreSQL's client programs (Debian and Ubuntu: apt-get install postgresql-client), "
            "of the server's version or newer.",
        )
    return found


def check_version(name: str, *, server_version: int) -> None:
    """Raise ``BackupProblem`` where a program is older than the server (PostgreSQL: pg_dump refuses that)."""
    told = subprocess.run([program(name), "--version"], capture_output=True, text=True, check=False).stdout
    major = re.search(r"\) (\d+)", told)
    needed = server_version // 10000
    if major is None or int(major[1]) < needed:
        raise BackupProblem(
            f"{name} is older than the server: {told.strip() or 'unknown version'}, the server is of version "
            f"{needed}.",
            f"Install postgresql-client-{needed} or newer and put it first in PATH.",
        )


def run(arguments: list[str], *, database_url: str, to: Path | None = None) -> None:
    """Run a program to its end, its output into ``to``; raises ``BackupProblem`` with what it said."""
    with (to or Path(os.devnull)).open("wb") as output:
        done = subprocess.run(
            [program(arguments[0]), *arguments[1:]],
            env=environment(database_url),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
        )
    if done.returncode != 0:
        raise failed(arguments[0], done.stderr)


def failed(name: str, said: bytes) -> BackupProblem:
    """Return the problem for a program that failed, in its own words."""
    lines = said.decode(errors="replace").strip().splitlines() or ["(it said nothing)"]
    telling = [line for line in lines if re.search(r"error|fatal", line, re.IGNORECASE)] or lines
    return BackupProblem(f"{name} failed. Nothing was changed.", *telling[:3])
