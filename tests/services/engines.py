"""Runs a module's tests on both database engines: ``pytestmark = on_both_engines``; or on PostgreSQL alone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url

on_both_engines = pytest.mark.parametrize(
    "shared_world",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
    indirect=True,
)

on_postgresql = pytest.mark.parametrize(
    "shared_world", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


@contextmanager
def database_beside(url: str) -> Iterator[str]:
    """Make an empty PostgreSQL database on the server of ``url``, drop it afterwards."""
    name = f"portal_{secrets.token_hex(6)}"
    server = make_url(url).set(drivername="postgresql")
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield server.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
