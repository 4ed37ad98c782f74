"""A wire to a server that can be cut, or fall silent without a word."""

from __future__ import annotations

import contextlib
import select
import socket
import threading


class LyingWire:
    """Passes bytes between a port of its own and ``target``; ``is_silent`` keeps them, in both directions."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.port: int = self._listening.getsockname()[1]
        self.is_silent = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        for each in (self._listening, *self._ends):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with contextlib.suppress(OSError, ValueError):
            while True:
                readable, _, _ = select.select([near, far], [], [], 0.1)
                if self.is_silent:
                    continue
                for each in readable:
                    passed = each.recv(65536)
                    if not passed:
                        near.close()
                        far.close()
                        return
                    other[each].sendall(passed)
