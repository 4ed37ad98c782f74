"""``portal stream``: listens while Stream is chosen, idles while it is not, and ends cleanly."""

from __future__ import annotations

import asyncio
import signal
from contextlib import ExitStack

import structlog
from flask import Flask

from portal.process_place import numbered_place
from portal.services.registry import Services
from portal.settings import Settings
from portal.streaming.listener import Listener

log = structlog.get_logger(__name__)


def run_stream(app: Flask, settings: Settings, portal: Services) -> None:
    """Listen until SIGTERM or SIGINT. Any number may run side by side: each message goes to one of them."""
    with ExitStack() as held:
        name = numbered_place(held, settings, kind="stream")
        log.info("stream.started", listener=name)
        asyncio.run(_listen(app, portal, name))
        log.info("stream.stopped", listener=name)


async def _listen(app: Flask, portal: Services, name: str) -> None:
    listener, loop = Listener(app, portal, name), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, listener.stop)
    await listener.listen()
