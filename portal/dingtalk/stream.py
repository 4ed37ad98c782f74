"""One Stream connection, by DingTalk's own library: frames, pings and acknowledgements are the library's.

Not the library's are when to connect and why it did not work. Its own loop swallows both, pauses ten seconds after a
connection was lost, writes the ticket into its log, and closes before the work under way is acknowledged. So each
connection has a client of its own, whose ``serve`` stands in the place of the library's ``start``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote_plus, urlsplit

import certifi

# The library names websockets.exceptions without importing it: the attribute is there only once somebody has.
import websockets.exceptions
from dingtalk_stream import AckMessage, Credential, DingTalkStreamClient, EventHandler, EventMessage
from dingtalk_stream.frames import Headers
from structlog import get_logger

from portal.dingtalk.loose_json import text
from portal.dingtalk.stream_gateway import StreamTicket

log = get_logger("portal.dingtalk")

OPEN_TIMEOUT_SECONDS = 10.0
# A connection that answers neither within this time is dead (websockets sends the pings).
PING_SECONDS = 20.0
CLOSE_TIMEOUT_SECONDS = 5.0
LARGEST_FRAME_BYTES = 1024 * 1024
DISCONNECT = "disconnect"


class StreamUnreachable(Exception):
    """No connection came about; the text names the kind of error and nothing secret."""


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """Who hears of a connection, each called in its event loop.

    ``take`` is given an event in the words of a callback's message and says whether it may be forgotten by DingTalk;
    ``leave`` is called when DingTalk announces the end, ``fault`` with a code that came in the place of an event.
    """

    take: Callable[[str], Awaitable[bool]]
    leave: Callable[[], None]
    fault: Callable[[str], None]


class StreamConnection(DingTalkStreamClient):  # type: ignore[misc]  # the library is untyped
    """Serves one connection, once."""

    def __init__(self, hearing: Hearing) -> None:
        # Its lines hold tickets and whole events; what matters is logged here.
        silent = logging.getLogger("portal.dingtalk.stream_library")
        silent.setLevel(logging.CRITICAL)
        super().__init__(Credential("", ""), logger=silent)
        self.register_all_event_handler(_Handler(hearing.take))
        self._hearing = hearing
        self._under_way: set[asyncio.Task[None]] = set()

    async def serve(self, ticket: StreamTicket, *, connected: Callable[[], None]) -> None:
        """Connect, call ``connected``, and hand on what comes until the connection ends, however it does.

        Raises ``StreamUnreachable`` when it never came about.
        """
        self.pre_start()
        try:
            websocket = await _connect(ticket)
        except (
            OSError,
            TimeoutError,
            ValueError,
            ImportError,
            websockets.exceptions.WebSocketException,
        ) as error:
            # Its text may hold the address with the ticket.
            raise StreamUnreachable(type(error).__name__) from None
        self.websocket = websocket
        connected()
        try:
            async for raw in websocket:
                self._begin(raw)
        except websockets.exceptions.ConnectionClosedError as error:
            log.info("stream.connection_lost", code=error.rcvd.code if error.rcvd else None)
        finally:
            await websocket.close()

    async def finish(self, *, within_seconds: float) -> None:
        """Let the events under way be stored and acknowledged, then close."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=within_seconds)
        if self.websocket is not None:
            await self.websocket.close()

    async def background_task(self, json_message: dict[str, Any]) -> None:
        try:
            await self.route_message(json_message)
        except websockets.exceptions.ConnectionClosed:
            log.info("stream.not_acknowledged")  # it comes again, and is known then
        except Exception as error:
            log.warning("stream.frame_unreadable", error=type(error).__name__)

    async def route_message(self, json_message: dict[str, Any]) -> str:
        """Let the library answer, but for what it would answer by closing at once."""
        if code := _fault_code(json_message):
            self._hearing.fault(code)
        if _is_planned_end(json_message):
            # The server closes ten seconds later (DingTalk: protocol of Stream mode).
            self._hearing.leave()
            return ""
        return str(await super().route_message(json_message))

    def _begin(self, raw: str | bytes) -> None:
        try:
            frame = json.loads(raw)
        except (ValueError, RecursionError):
            frame = None
        if not isinstance(frame, dict):
            log.warning("stream.frame_unreadable", error="not a JSON object")
            return
        task = asyncio.create_task(self.background_task(frame))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


class _Handler(EventHandler):  # type: ignore[misc]  # the library is untyped
    """Acknowledges once ``take`` has said how: the library would echo the event in the place of a status."""

    def __init__(self, take: Callable[[str], Awaitable[bool]]) -> None:
        super().__init__()
        self._take = take

    async def raw_process(self, event_message: EventMessage) -> AckMessage:
        is_fault = bool(
            _fault_code(event_message.extensions) or _fault_code(event_message.headers.extensions)
        )
        is_taken = is_fault or await self._take(message_of(event_message))
        ack = AckMessage()
        ack.code = AckMessage.STATUS_OK
        ack.message = "OK"
        ack.headers.message_id = event_message.headers.message_id
        ack.headers.content_type = Headers.CONTENT_TYPE_APPLICATION_JSON
        ack.data = {"status": "SUCCESS" if is_taken else "LATER", "message": ""}
        return ack


def message_of(event: EventMessage) -> str:
    """Return the event as a callback would have brought it: what stands in the headers here is at its top there."""
    headers = event.headers
    around = {
        "EventType": headers.event_type,
        "EventTime": headers.event_born_time or headers.time,
        "CorpId": headers.event_corp_id,
        "eventId": headers.event_id,
    }
    told = {name: value for name, value in around.items() if value}
    taken = {name.casefold() for name in told}
    content = event.data if isinstance(event.data, dict) else {}
    inner = {name: value for name, value in content.items() if name.casefold() not in taken}
    return text({**told, **inner})


async def _connect(ticket: StreamTicket) -> Any:
    address = urlsplit(ticket.endpoint)
    is_secure = address.scheme == "wss"
    return await websockets.connect(
        f"{ticket.endpoint}?ticket={quote_plus(ticket.ticket)}",
        open_timeout=OPEN_TIMEOUT_SECONDS,
        ping_interval=PING_SECONDS,
        ping_timeout=PING_SECONDS,
        close_timeout=CLOSE_TIMEOUT_SECONDS,
        max_size=LARGEST_FRAME_BYTES,
        ssl=_trusted() if is_secure else None,
        # A proxy would look for a loopback address on its own machine.
        proxy=None if _is_loopback(address.hostname or "") else True,
    )


def _trusted() -> ssl.SSLContext:
    """Trust whom every other call of ours trusts: the bundle of the environment, else the one of ``requests``."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()
    if os.path.isdir(bundle):  # noqa: PTH112 - as requests asks
        return ssl.create_default_context(capath=bundle)
    return ssl.create_default_context(cafile=bundle)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_planned_end(frame: dict[str, Any]) -> bool:
    headers = frame.get("headers")
    return frame.get("type") == "SYSTEM" and isinstance(headers, dict) and headers.get("topic") == DISCONNECT


def _fault_code(frame: dict[str, Any]) -> str:
    """Return the code that came in the place of an event, such as 20001; where it stands is not documented."""
    places = [frame, frame.get("headers")]
    return next(
        (str(each["errCode"]) for each in places if isinstance(each, dict) and each.get("errCode")), ""
    )
