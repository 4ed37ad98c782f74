"""The sandbox as a process of its own: its settings from the environment."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from portal.sandbox.config import SandboxConfig
from portal.sandbox.server import serve

DEFAULT_PORT = 8001


def serve_from_environment(environ: Mapping[str, str]) -> None:
    """Serve until SIGTERM or SIGINT.

    Reads ``SANDBOX_PORT``, ``SANDBOX_HOST``, ``SANDBOX_PUBLIC_URL``, ``SANDBOX_DATABASE``, ``SANDBOX_STREAM_PORT``
    (where Stream clients connect; any free port when it is not given) and the credentials
    ``DINGTALK_*`` and ``QUICKBI_ACCESS_KEY_*`` that the portal is given too;
    what is missing gets a made-up value that never leaves loopback.
    """
    port = int(environ.get("SANDBOX_PORT", DEFAULT_PORT))
    host = environ.get("SANDBOX_HOST", "127.0.0.1")
    database = Path(environ.get("SANDBOX_DATABASE", "instance/sandbox.sqlite3"))
    database.parent.mkdir(parents=True, exist_ok=True)
    config = SandboxConfig(
        database_path=database,
        public_url=environ.get("SANDBOX_PUBLIC_URL", f"http://{host}:{port}"),
        corp_id=environ.get("DINGTALK_CORP_ID", "dingsandbox00000000000000000000000"),
        app_key=environ.get("DINGTALK_APP_KEY", "dingsandboxappkey0001"),
        app_secret=environ.get("DINGTALK_APP_SECRET", "sandbox-app-secret"),
        agent_id=int(environ.get("DINGTALK_AGENT_ID") or "1000000001"),
        secret_key=environ.get("SANDBOX_SECRET_KEY") or environ.get("PORTAL_SECRET_KEY", "sandbox"),
        stream_port=int(environ.get("SANDBOX_STREAM_PORT") or 0),
        quickbi_key_id=environ.get("QUICKBI_ACCESS_KEY_ID") or SandboxConfig.quickbi_key_id,
        quickbi_key_secret=environ.get("QUICKBI_ACCESS_KEY_SECRET") or secrets.token_urlsafe(24),
    )
    serve(config, host, port)
