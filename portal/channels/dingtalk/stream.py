"""Stream mode in our words: a connection to hear events by, and each event checked before it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from portal.channels.callback_refusals import CallbackRefused, RefusalReason
from portal.channels.dingtalk.callback import OpenedEvent, OwnerKeyKind
from portal.channels.dingtalk.connection import Binding, DingTalkConnection, in_our_words
from portal.channels.failures import ChannelError, Failure, OwnFailure, Retry, own_failure
from portal.dingtalk.events import EventShapeError, parse_event

if TYPE_CHECKING:
    from portal.dingtalk.stream import StreamConnection
    from portal.dingtalk.stream_gateway import StreamTicket

# Frames without content carry it once the organisation's pushes are used up (DingTalk: quota pages).
PUSHES_USED_UP = "20001"


class StreamLine:
    """One connection from its opening to its end. Every method belongs to the event loop that made it."""

    def __init__(self, *, take: Callable[[str], Awaitable[bool]], notice: Callable[[], None]) -> None:
        """``take`` stores an event and says whether DingTalk may forget it; ``notice`` hears of every change."""
        self._take = take
        self._notice = notice
        self._client: StreamConnection | None = None
        self._serving: asyncio.Task[None] | None = None
        self.is_leaving = False
        self.failure: Failure | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing can come by this line any more."""
        return self._serving is not None and self._serving.done()

    async def open(self, ticket: StreamTicket) -> None:
        """Connect; raises ``ChannelError``."""
        self._client = self._new_client()
        is_connected = asyncio.Event()
        self._serving = asyncio.create_task(self._client.serve(ticket, connected=is_connected.set))
        self._serving.add_done_callback(lambda _task: self._notice())
        waiting = asyncio.create_task(is_connected.wait())
        await asyncio.wait({self._serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not is_connected.is_set():
            raise _unreachable(self._serving.exception())

    async def finish(self, *, within_seconds: float) -> None:
        """Let what has come be stored and acknowledged, then end the connection."""
        if self._client is not None and self._serving is not None:
            await self._client.finish(within_seconds=within_seconds)
            await asyncio.wait({self._serving}, timeout=within_seconds)

    def _new_client(self) -> StreamConnection:
        try:
            from portal.dingtalk.stream import Hearing, StreamConnection
        except ImportError as error:
            raise own_failure(OwnFailure.STREAM_LIBRARY_MISSING) from error
        return StreamConnection(
            Hearing(take=self._heard, leave=self._told_to_leave, fault=self._told_of_fault)
        )

    async def _heard(self, message: str) -> bool:
        self.failure = None
        return await self._take(message)

    def _told_to_leave(self) -> None:
        self.is_leaving = True
        self._notice()

    def _told_of_fault(self, code: str) -> None:
        kind = OwnFailure.PUSHES_USED_UP if code == PUSHES_USED_UP else "unexpected"
        self.failure = Failure(kind=kind, retry=Retry.RETRYABLE, code=code)
        self._notice()


class DingTalkStream:
    """Tickets and lines for whatever app is bound."""

    def __init__(self, connection: DingTalkConnection) -> None:
        self._connection = connection

    def ticket(self) -> StreamTicket:
        """Ask DingTalk for a connection; raises ``ChannelError``."""
        client = self._connection.client()
        with in_our_words():
            return client.stream_gateway.open()

    def line(self, *, take: Callable[[str], Awaitable[bool]], notice: Callable[[], None]) -> StreamLine:
        """Return a line that is not open yet; see ``StreamLine``."""
        return StreamLine(take=take, notice=notice)


def open_streamed(binding: Binding, message: str) -> OpenedEvent:
    """Check and parse one event; raises ``CallbackRefused``.

    It came over a connection that DingTalk gave to this app alone; it must be of the bound organisation all the same.
    """
    try:
        event = parse_event(message)
    except EventShapeError as error:
        raise CallbackRefused(RefusalReason.BAD_MESSAGE) from error
    if event.corp_id != binding.corp_id:
        raise CallbackRefused(RefusalReason.WRONG_CORP)
    return OpenedEvent(event=event, payload=message, owner_key_kind=OwnerKeyKind.CORP_ID)


def _unreachable(error: BaseException | None) -> ChannelError:
    return own_failure(
        OwnFailure.STREAM_UNREACHABLE,
        retry=Retry.RETRYABLE,
        error=str(error or "the connection ended at once"),
    )
