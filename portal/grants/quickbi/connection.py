"""The account that an admin gave, and the client that speaks with its key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from portal.channels.failures import Failure, Retry
from portal.grants.grant_target import TargetError
from portal.grants.quickbi.options import QuickBIOptions
from portal.grants.quickbi.refusals import Refusal, refusal
from portal.quickbi.client import QuickBI
from portal.quickbi.failures import QuickBIError
from portal.quickbi.sdk import AccessKey, Endpoint
from portal.secret_box import SecretUnreadable

# Quick BI answers within 10 s or not at all.
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class QuickBIBinding:
    """What an admin saved, opened. ``version`` changes with every save."""

    key_id: str
    secret: str = field(repr=False)
    host: str
    protocol: str
    options: QuickBIOptions
    version: int


class QuickBIConnection:
    """Hands out one client for the current binding, made anew when an admin changes it.

    ``read_binding`` must not leave a database transaction open: what follows is a call over the network.
    """

    def __init__(
        self,
        *,
        read_binding: Callable[[], QuickBIBinding | None],
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._read_binding = read_binding
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._cached: tuple[QuickBIBinding, QuickBI] | None = None

    def binding(self) -> QuickBIBinding:
        """Return the binding; raises ``TargetError`` when there is none or its secret does not open."""
        try:
            binding = self._read_binding()
        except SecretUnreadable:
            # Nothing was sent, and with the right secret key again all goes on.
            raise refusal(Refusal.SECRET_UNREADABLE, retry=Retry.RETRYABLE) from None
        if binding is None:
            raise refusal(Refusal.NOT_CONNECTED)
        return binding

    def options(self) -> QuickBIOptions:
        """What the admin decided; raises ``TargetError`` like ``binding``."""
        return self.binding().options

    def client(self) -> QuickBI:
        """Return the client for the current binding; raises ``TargetError``."""
        binding = self.binding()
        with self._lock:
            if self._cached is None or self._cached[0] != binding:
                with in_our_words():
                    self._cached = (binding, self._make_client(binding))
            return self._cached[1]

    def prove_access(self) -> None:
        """Make one call that changes nothing; raises ``TargetError``."""
        client = self.client()
        with in_our_words():
            client.list_workspaces()

    def _make_client(self, binding: QuickBIBinding) -> QuickBI:
        return QuickBI(
            endpoint=Endpoint(host=binding.host, protocol=binding.protocol),
            key=AccessKey(key_id=binding.key_id, secret=binding.secret),
            timeout_seconds=self._timeout_seconds,
        )


@contextmanager
def in_our_words(**facts: str) -> Iterator[None]:
    """Turn the vendor's error into ours, keeping what a remedy needs."""
    try:
        yield
    except QuickBIError as error:
        raise TargetError(
            Failure(
                kind=error.failure.value,
                retry=Retry(error.retry.value),
                operation=error.operation,
                code=error.code,
                http_status=error.http_status,
                message=error.message,
                request_id=error.request_id,
                facts=facts,
            )
        ) from None
