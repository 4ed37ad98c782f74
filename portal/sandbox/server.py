"""Runs the sandbox: waitress for the HTTP side, one thread that delivers events, a clean end on signals."""

from __future__ import annotations

import signal
import socket
import struct
import threading
from typing import Any

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.server import create_server
from waitress.task import WSGITask

from portal.sandbox.api.fault_answers import RESET_CONNECTION
from portal.sandbox.app import create_sandbox
from portal.sandbox.config import SandboxConfig
from portal.sandbox.push.delivery import DeliveryThread
from portal.sandbox.runtime import EXTENSION, Sandbox

# A held answer keeps its thread, and people shall still be able to click meanwhile.
THREADS = 16
STOP_SECONDS = 5.0


class RunningSandbox:
    """A sandbox that answers on ``url`` until ``stop``; also what tests start on a free port (``port`` 0)."""

    def __init__(self, config: SandboxConfig, *, host: str, port: int) -> None:
        app = create_sandbox(config)
        self._sandbox: Sandbox = app.extensions[EXTENSION]
        self._sandbox.gateway.host = host
        self._server = create_server(app, host=host, port=port, threads=THREADS, ident="sandbox")
        self._server.channel_class = _Channel
        self._delivery = DeliveryThread(self._sandbox)
        self._serving: threading.Thread | None = None
        self.url = f"http://{host}:{self._server.effective_port}"

    def run(self) -> None:
        """Serve until ``stop`` is called from another thread or a signal handler raises."""
        self._delivery.start()
        try:
            self._server.run()
        finally:
            self._server.task_dispatcher.shutdown(timeout=STOP_SECONDS)
            self._sandbox.gateway.stop()
            self._delivery.stop(timeout_seconds=STOP_SECONDS)
            self._sandbox.storage.close()

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._serving = threading.Thread(target=self.run, name="sandbox-server", daemon=True)
        self._serving.start()

    def stop(self) -> None:
        """End serving, also where clients keep their connections, and wait for the threads."""
        try:
            self._server.trigger.pull_trigger(self._close_everything)
        except OSError:  # waitress has closed its own pipe already, so nothing is left to wake
            self._close_everything()
        if self._serving is not None:
            self._serving.join(3 * STOP_SECONDS)

    def _close_everything(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.close()
        self._server.close()


def serve(config: SandboxConfig, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is being answered and return."""
    running = RunningSandbox(config, host=host, port=port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    running.run()


def _leave(_number: int, _frame: Any) -> None:
    # waitress ends its loop on SystemExit and lets its threads finish.
    raise SystemExit(0)


class _Task(WSGITask):  # type: ignore[misc]  # waitress is untyped
    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[RESET_CONNECTION] = self.channel.reset
        return environ


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress is untyped
    """A connection that a fault can cut with a TCP reset instead of an answer."""

    task_class = _Task

    def reset(self) -> None:
        """Raise out of the task; the loop closes the socket, which then sends a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ClientDisconnected
