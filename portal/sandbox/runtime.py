"""What a request of the sandbox needs at hand: its configuration, its file and the wake-up of the delivery."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app

from portal.sandbox.cast import seed
from portal.sandbox.config import SandboxConfig
from portal.sandbox.quickbi import organisation
from portal.sandbox.storage import Storage
from portal.sandbox.stream.gateway import Gateway

EXTENSION = "sandbox"


@dataclass
class Sandbox:
    """``wake`` is set after a commit that may have made an event due, and by what Stream clients answer."""

    config: SandboxConfig
    storage: Storage
    wake: threading.Event = field(default_factory=threading.Event)
    recent_calls: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    gateway: Gateway = field(init=False)

    def __post_init__(self) -> None:
        self.gateway = Gateway(wake=self.wake, port=self.config.stream_port)


def open_sandbox(config: SandboxConfig) -> Sandbox:
    """Open or create the file and make sure that the cast is there."""
    storage = Storage(
        config.database_path, facts={"corp_id": config.corp_id, "public_url": config.public_url}
    )
    with storage.write() as session:
        seed(session)
        organisation.seed(session)
    return Sandbox(config=config, storage=storage)


def attach(app: Flask, sandbox: Sandbox) -> None:
    """Make ``sandbox`` the one of ``app``."""
    app.extensions[EXTENSION] = sandbox


def current_sandbox() -> Sandbox:
    """The sandbox of the current app."""
    return cast(Sandbox, current_app.extensions[EXTENSION])
