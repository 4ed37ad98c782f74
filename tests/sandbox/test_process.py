"""The process: what was committed outlives a kill, signals end it cleanly, and it stays small."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import requests
from pytest_httpserver import HTTPServer

from portal.sandbox import SandboxConfig

from .caller import Caller, until
from .receiver import AES_KEY, TOKEN, Receiver

PROGRAM = """
import sys
from pathlib import Path
from portal.sandbox import SandboxConfig
from portal.sandbox.server import serve
config = SandboxConfig(
    database_path=Path(sys.argv[1]), public_url="http://127.0.0.1", corp_id="dingcorp0123456789",
    app_key="dingappkey0123456", app_secret="app-secret", agent_id=1234567890, secret_key="k")
serve(config, "127.0.0.1", int(sys.argv[2]))
"""
LARGEST_RESIDENT_KIB = 75 * 1024
Start = Callable[[], AbstractContextManager["subprocess.Popen[bytes]"]]


@pytest.fixture
def port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.fixture
def start(config: SandboxConfig, port: int) -> Start:
    @contextmanager
    def started() -> Iterator[subprocess.Popen[bytes]]:
        arguments = [sys.executable, "-c", PROGRAM, str(config.database_path), str(port)]
        with subprocess.Popen(arguments, cwd=Path(__file__).parents[2]) as process:
            try:
                until(lambda: is_up(port), seconds=20)
                yield process
            finally:
                process.kill()

    return started


@pytest.fixture
def far_caller(config: SandboxConfig, port: int) -> Iterator[Caller]:
    with Caller(url=f"http://127.0.0.1:{port}", config=config) as caller:
        yield caller


def is_up(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/gettoken", timeout=10).ok
    except requests.RequestException:
        return False


def test_a_pending_delivery_and_its_instance_outlive_a_kill(
    start: Start, far_caller: Caller, httpserver: HTTPServer, config: SandboxConfig
) -> None:
    receiver = Receiver(server=httpserver, owner_key=config.app_key)
    receiver.failures_left = 1
    with start() as process:
        subscription = {
            "url": receiver.url,
            "aes_key": AES_KEY,
            "token": TOKEN,
            "events": ["bpms_instance_change"],
        }
        far_caller.control("PUT", "subscription", subscription)
        far_caller.control("PUT", "settings", {"retry_delays_seconds": [3, 3]})
        instance = far_caller.start(far_caller.make_template())
        until(lambda: receiver.queries)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert receiver.events == []
    far_caller.http.close()
    with start():
        event = until(lambda: receiver.events)[0]
        assert event["processInstanceId"] == instance
        assert far_caller.detail(instance)["status"] == "RUNNING"


def test_an_instance_made_before_a_killed_answer_exists_after_the_restart(
    start: Start, far_caller: Caller
) -> None:
    with start() as process:
        code = far_caller.make_template()
        body = far_caller.start_body(code)
        far_caller.control("POST", "faults", {"fault": "time_out_after_commit"})
        with pytest.raises(requests.exceptions.ReadTimeout):
            far_caller.new("POST", "workflow/processInstances", json=body, timeout=4)
        process.send_signal(signal.SIGKILL)
        process.wait()
    far_caller.http.close()
    with start():
        assert len(far_caller.control("GET", "instances")["instances"]) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(start: Start, number: signal.Signals) -> None:
    with start() as process:
        process.send_signal(number)
        assert process.wait(timeout=60) == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_it_is_small_and_starts_soon(start: Start) -> None:
    began = time.monotonic()
    with start() as process:
        seconds = time.monotonic() - began
        status = Path(f"/proc/{process.pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    print(f"sandbox: {resident // 1024} MiB resident, up after {seconds:.2f} s, {os.cpu_count()} cores")  # noqa: T201
    assert resident < LARGEST_RESIDENT_KIB
    assert seconds < 15
