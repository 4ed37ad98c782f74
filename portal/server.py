"""The web process: waitress, which buffers slow requests and needs no proxy in front."""

from __future__ import annotations

import logging
import signal
from typing import Any

import structlog
from flask import Flask
from waitress.server import create_server

from portal.graceful_stop import StoppableLoop
from portal.request_lanes import LaneDispatcher
from portal.settings import Settings

log = structlog.get_logger(__name__)

# The largest body that any address takes is an import file; every other one is held to less by the app.
LARGEST_REQUEST_BYTES = 17 * 1024 * 1024
CHANNEL_TIMEOUT_SECONDS = 30


def serve_portal(app: Flask, settings: Settings, *, callback_address: str) -> None:
    """Answer until SIGTERM or SIGINT; requests under way are answered first, new connections are refused.

    Requests for ``callback_address`` (a path) and all others never wait for each other's threads.
    """
    sockets: dict[int, Any] = {}
    server = create_server(
        app,
        map=sockets,
        host=settings.host,
        port=settings.port,
        _dispatcher=LaneDispatcher(callback_address=callback_address, threads=settings.threads),
        max_request_body_size=LARGEST_REQUEST_BYTES,
        channel_timeout=CHANNEL_TIMEOUT_SECONDS,
        ident=None,
        **_proxy(settings),
    )
    # One line for each request that finds every thread busy: no news, and dear just then.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    loop = StoppableLoop(sockets, server.task_dispatcher)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    log.info("web.started", address=f"{settings.host}:{settings.port}")
    unanswered = loop.run()
    log.info("web.stopped", unanswered=unanswered)


def _proxy(settings: Settings) -> dict[str, Any]:
    if not settings.trusted_proxy:
        return {}
    return {
        "trusted_proxy": settings.trusted_proxy,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
        "clear_untrusted_proxy_headers": True,
    }
