"""The bound DingTalk app, and the client that talks as it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

from portal.channels.dingtalk.call_counting import CallMade, call_made
from portal.channels.failures import ChannelError, Failure, OwnFailure, Retry, own_failure
from portal.dingtalk.client import CallRecord, Credentials, DingTalkClient, Endpoints
from portal.dingtalk.failure_codes import asked_wait_seconds
from portal.dingtalk.failures import DingTalkError
from portal.secret_box import SecretUnreadable


@dataclass(frozen=True, kw_only=True)
class Binding:
    """The app that an admin bound, opened. ``version`` changes with every save."""

    corp_id: str
    app_key: str
    agent_id: int | None
    app_secret: str = field(repr=False)
    callback_token: str = field(repr=False)
    callback_aes_key: str = field(repr=False)
    version: int


class DingTalkConnection:
    """Hands out one client for the current binding, made anew when an admin changes it.

    ``read_binding`` must not leave a database transaction open: what follows is a call over the network.
    ``on_call`` hears of every call after its answer, from any thread; what it raises is logged and dropped.
    ``permit`` is entered around every call.
    """

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        read_binding: Callable[[], Binding | None],
        read_timeout_seconds: float = 10.0,
        on_call: Callable[[CallMade], None] | None = None,
        permit: Callable[[str], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._endpoints = endpoints
        self._read_timeout_seconds = read_timeout_seconds
        self._read_binding = read_binding
        self._on_call = on_call
        self._permit = permit
        self._lock = threading.Lock()
        self._cached: tuple[Binding, DingTalkClient] | None = None

    def binding(self) -> Binding:
        """Return the binding; raises ``ChannelError`` when no app is bound or its secrets do not open."""
        try:
            binding = self._read_binding()
        except SecretUnreadable as error:
            # Nothing was sent, and with the right secret key again all goes on.
            raise own_failure(OwnFailure.SECRETS_UNREADABLE, retry=Retry.RETRYABLE) from error
        if binding is None:
            raise own_failure(OwnFailure.NOT_BOUND)
        return binding

    def client(self) -> DingTalkClient:
        """Return the client for the current binding; raises ``ChannelError`` when no app is bound."""
        binding = self.binding()
        with self._lock:
            if self._cached is None or self._cached[0] != binding:
                self._cached = (binding, self._make_client(binding))
            return self._cached[1]

    def prove_access(self, *, with_fresh_token: bool = False) -> None:
        """Obtain the app token, afresh where a permission was granted just now; raises ``ChannelError``."""
        client = self.client()
        if with_fresh_token:
            client.forget_token()
        with in_our_words():
            client.fetch_token()

    def _make_client(self, binding: Binding) -> DingTalkClient:
        return DingTalkClient(
            endpoints=self._endpoints,
            credentials=Credentials(
                corp_id=binding.corp_id,
                app_key=binding.app_key,
                app_secret=binding.app_secret,
                agent_id=binding.agent_id,
            ),
            read_timeout_seconds=self._read_timeout_seconds,
            on_call=self._hear_of,
            permit=self._permit,
        )

    def _hear_of(self, record: CallRecord) -> None:
        if self._on_call is not None:
            self._on_call(call_made(record))


@contextmanager
def in_our_words() -> Iterator[None]:
    """Turn the vendor's error into ours, keeping what a remedy needs."""
    try:
        yield
    except DingTalkError as error:
        raise ChannelError(
            Failure(
                kind=error.failure.value,
                retry=Retry(error.retry.value),
                operation=error.operation,
                code=error.code,
                http_status=error.http_status,
                message=error.message,
                request_id=error.request_id,
                required_scopes=error.required_scopes,
                apply_url=error.apply_url,
                wait_seconds=asked_wait_seconds(error.code),
            )
        ) from error
