"""Where one demo lives: its folder and its two addresses. Several live side by side on different ones."""

from __future__ import annotations

import fcntl
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.demo.problems import DemoProblemError

PROJECT_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class DemoPlace:
    """The folder that keeps everything, and where portal and sandbox listen."""

    instance: Path
    host: str
    portal_port: int
    sandbox_port: int
    public_url: str

    @property
    def portal_url(self) -> str:
        """Where this machine reaches the portal, whatever the address that people use."""
        reachable = "127.0.0.1" if self.host in {"", "0.0.0.0", "::"} else self.host  # noqa: S104 - compares
        return f"http://{reachable}:{self.portal_port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def callback_url(self) -> str:
        return f"{self.portal_url}/callbacks/dingtalk"


def read_place(environ: Mapping[str, str]) -> DemoPlace:
    """Read PORTAL_INSTANCE, PORTAL_HOST, PORTAL_PORT, SANDBOX_PORT and PORTAL_PUBLIC_URL.

    Raises DemoProblemError for a port that is no port.
    """
    portal_port = _port(environ, "PORTAL_PORT", default=8000)
    return DemoPlace(
        instance=Path(environ.get("PORTAL_INSTANCE") or PROJECT_ROOT / "instance").resolve(),
        host=environ.get("PORTAL_HOST") or "127.0.0.1",
        portal_port=portal_port,
        sandbox_port=_port(environ, "SANDBOX_PORT", default=8001),
        public_url=environ.get("PORTAL_PUBLIC_URL") or f"http://127.0.0.1:{portal_port}",
    )


@contextmanager
def occupy(place: DemoPlace) -> Iterator[None]:
    """Keep a second demo out of the same folder, and make sure that both ports are free.

    Raises DemoProblemError with the variable to set.
    """
    try:
        place.instance.mkdir(parents=True, exist_ok=True)
        door = (place.instance / "demo.lock").open("w")
    except OSError as error:
        raise DemoProblemError(
            f"The folder {place.instance} cannot be used ({error.strerror}). "
            "Make it writable, or set PORTAL_INSTANCE to another."
        ) from error
    with door:
        try:
            fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoProblemError(
                f"A demo already runs in {place.instance}. For a second one beside it:\n"
                "    PORTAL_INSTANCE=instance/second PORTAL_PORT=8010 SANDBOX_PORT=8011 python3 run.py"
            ) from None
        if place.portal_port == place.sandbox_port:
            raise DemoProblemError("PORTAL_PORT and SANDBOX_PORT must differ.")
        _refuse_a_taken_port("PORTAL_PORT", place.host, place.portal_port)
        _refuse_a_taken_port("SANDBOX_PORT", "127.0.0.1", place.sandbox_port)
        yield


def _port(environ: Mapping[str, str], name: str, *, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise DemoProblemError(f"{name} must be a whole number from 1 to 65535; it is '{text}'.")
    return int(text)


def _refuse_a_taken_port(name: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise DemoProblemError(
                f"Port {port} on {host} cannot be used ({error.strerror}). "
                f"Set {name} to a free one, for example:\n    {name}={port + 10} python3 run.py"
            ) from error
