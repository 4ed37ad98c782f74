"""Runs DingTalk's own Stream client beside a test, and hears what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portal.sandbox import SandboxConfig

PROGRAM = Path(__file__).with_name("official_stream_client.py")


class OfficialClient:
    """One process of it. ``events`` is what it has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes], printed: Path) -> None:
        self.process = process
        self._printed = printed

    @property
    def events(self) -> list[dict[str, Any]]:
        # The last line may still be being written.
        whole = self._printed.read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]


@contextmanager
def official_client(
    folder: Path, config: SandboxConfig, *, url: str, name: str = "client"
) -> Iterator[OfficialClient]:
    """Start the client, unmodified, against ``url``; it is killed at the end, as it would run for ever."""
    printed = folder / f"{name}.jsonl"
    environment = {**os.environ, "DINGTALK_OPENAPI_ENDPOINT": url, "no_proxy": "127.0.0.1"}
    with printed.open("wb") as out, (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), config.app_key, config.app_secret],
            env=environment,
            stdout=out,
            stderr=log,
        )
        try:
            yield OfficialClient(process, printed)
        finally:
            process.kill()
            process.wait()
