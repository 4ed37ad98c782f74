"""`portal demo` brings up everything, wired together, and takes everything down again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PORTAL_COMMAND = str(Path(sys.executable).with_name("portal"))
LAST_WORDS = "Ctrl-C ends it."


class Demo:
    """One demo in a folder of its own, started and at work."""

    def __init__(self, instance: Path) -> None:
        self.instance = instance
        self.portal_port, self.sandbox_port = _free_ports()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(instance),
            "PORTAL_INSTANCE": str(instance),
            "PORTAL_PORT": str(self.portal_port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "HTTP_PROXY": "http://127.0.0.1:9",  # leads nowhere: nothing in a demo may go through it
        }
        self.said = ""
        self.start()

    def start(self) -> None:
        console = self.instance / "console"
        with console.open("wb") as written:
            self.process = subprocess.Popen(
                [PORTAL_COMMAND, "demo"], env=self.environment, stdout=written, stderr=written
            )
        _until(lambda: LAST_WORDS in console.read_text() or self.process.poll() is not None)
        self.said = console.read_text()
        assert self.process.poll() is None, self.said

    def ask(self, port: int, path: str, body: object = None) -> tuple[int, str]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Sandbox-Control": "1", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()

    def children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.process.kill()
    demo.process.wait()


def test_both_addresses_and_the_cast_are_printed(demo: Demo) -> None:
    assert f"http://127.0.0.1:{demo.portal_port}" in demo.said
    assert f"http://127.0.0.1:{demo.sandbox_port}" in demo.said
    for name in ("Alice Zhang 张爱丽", "Bob Li 李博", "Chen Wei 陈伟", "Dora Wu 吴朵"):
        assert name in demo.said


def test_no_secret_is_printed_or_logged(demo: Demo) -> None:
    keys = json.loads((demo.instance / "demo.json").read_text())
    logs = "".join(path.read_text() for path in (demo.instance / "logs").iterdir())
    for name in ("secret_key", "sandbox_secret_key", "app_secret", "callback_token", "callback_aes_key"):
        assert keys[name] not in demo.said + logs


def test_the_portal_is_ready_and_shows_a_page(demo: Demo) -> None:
    assert demo.ask(demo.portal_port, "/health/ready")[0] == 200
    assert demo.ask(demo.portal_port, "/health/live")[0] == 200


def test_the_sandbox_sends_events_to_the_portal(demo: Demo) -> None:
    state = json.loads(demo.ask(demo.sandbox_port, "/control/state")[1])
    assert state["subscription"]["url"] == f"http://127.0.0.1:{demo.portal_port}/callbacks/dingtalk"
    assert set(state["subscription"]["events"]) == {"bpms_instance_change", "bpms_task_change"}
    demo.ask(demo.sandbox_port, "/control/events", {"payload": {"EventType": "bpms_task_change"}})
    _until(lambda: "delivered" in demo.ask(demo.sandbox_port, "/control/deliveries")[1])


def test_a_second_demo_in_the_same_folder_is_told_how_to_live_beside_the_first(demo: Demo) -> None:
    second = subprocess.run(
        [PORTAL_COMMAND, "demo"],
        env=demo.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert second.returncode == 1
    assert "PORTAL_INSTANCE=" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_killed_portal_comes_back(demo: Demo) -> None:
    portal = next(pid for pid in demo.children() if b"serve" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(portal, signal.SIGKILL)
    _until(lambda: portal not in demo.children())
    _until(lambda: _answers(demo))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_killed_demo_leaves_nobody_behind_and_starts_again_with_the_same_keys(demo: Demo) -> None:
    children, keys = demo.children(), (demo.instance / "demo.json").read_text()
    demo.process.kill()
    demo.process.wait()
    _until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
    demo.start()
    assert (demo.instance / "demo.json").read_text() == keys
    assert demo.ask(demo.portal_port, "/health/ready")[0] == 200


def test_asked_to_end_it_ends_with_everything_it_started(demo: Demo) -> None:
    children = demo.children()
    assert len(children) == 4
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(15) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    for port in (demo.portal_port, demo.sandbox_port):
        with socket.create_server(("127.0.0.1", port)):
            pass
    logs = "".join(path.read_text() for path in (demo.instance / "logs").iterdir())
    assert "Traceback" not in logs


def _answers(demo: Demo) -> bool:
    try:
        return demo.ask(demo.portal_port, "/health/ready")[0] == 200
    except OSError:
        return False


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _until(condition: Callable[[], object], *, within_seconds: float = 60) -> None:
    until = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < until, "It did not happen in time."
        time.sleep(0.05)
