"""What a sandbox is started with: where it keeps its state, its address, and the one app that may call it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class SandboxConfig:
    """Given by the caller; the demo generates the credentials.

    ``public_url`` is the address under which browsers and the portal reach the sandbox, without a trailing slash.
    ``secret_key`` signs the cookie of the console. ``stream_port`` is the gateway's, 0 any free one.
    The ``quickbi_`` key opens the pretended Quick BI.
    """

    database_path: Path
    public_url: str
    corp_id: str
    app_key: str
    app_secret: str = field(repr=False)
    agent_id: int
    secret_key: str = field(repr=False)
    stream_port: int = 0
    quickbi_key_id: str = "LTAIsandboxQuickBI0001"
    quickbi_key_secret: str = field(default="sandbox-secret-of-quick-bi", repr=False)
