"""A running sandbox on a free port, and a caller that speaks to it as an app would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.sandbox import SandboxConfig
from portal.sandbox.server import RunningSandbox

from .caller import Caller


@pytest.fixture
def config(tmp_path: Path) -> SandboxConfig:
    return SandboxConfig(
        database_path=tmp_path / "sandbox.sqlite3",
        public_url="http://127.0.0.1:8001",
        corp_id="dingcorp0123456789",
        app_key="dingappkey0123456",
        app_secret="app-secret",
        agent_id=1234567890,
        secret_key="secret-key-of-the-sandbox",
    )


@pytest.fixture
def running(config: SandboxConfig) -> Iterator[RunningSandbox]:
    sandbox = RunningSandbox(config, host="127.0.0.1", port=0)
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def caller(running: RunningSandbox, config: SandboxConfig) -> Iterator[Caller]:
    with Caller(url=running.url, config=config) as made:
        yield made


@pytest.fixture
def make_template(caller: Caller) -> Callable[..., str]:
    return caller.make_template
