"""The way in to DingTalk: one object for one bound app, with a part for each area of its API."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from portal.dingtalk.directory import Directory
from portal.dingtalk.failed_pushes import FailedPushes
from portal.dingtalk.forms import Forms
from portal.dingtalk.instances import Instances
from portal.dingtalk.process_config import ProcessConfigs
from portal.dingtalk.sign_in import SignIn
from portal.dingtalk.stream_gateway import StreamGateway
from portal.dingtalk.tokens import TokenCache
from portal.dingtalk.transport import CallRecord, Credentials, Endpoints, Transport
from portal.dingtalk.wire import Wire
from portal.dingtalk.work_notices import WorkNotices

__all__ = ["CallRecord", "Credentials", "DingTalkClient", "Endpoints"]


class DingTalkClient:
    """Talks to DingTalk as one internal app; safe to share between threads.

    Every call may raise ``DingTalkError``. Time-outs are in seconds; DingTalk's servers are expected to
    answer within 3 s, so allow more. ``on_call`` hears of every HTTP exchange, of failed ones too;
    ``permit`` is entered around each, with the name of its operation.
    """

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        credentials: Credentials,
        tokens: TokenCache | None = None,
        connect_timeout_seconds: float = 3.05,
        read_timeout_seconds: float = 10.0,
        on_call: Callable[[CallRecord], None] | None = None,
        permit: Callable[[str], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._transport = Transport(
            endpoints=endpoints,
            credentials=credentials,
            tokens=tokens or TokenCache(),
            wire=Wire(
                connect_timeout_seconds=connect_timeout_seconds,
                read_timeout_seconds=read_timeout_seconds,
                on_call=on_call,
                permit=permit,
            ),
        )
        self.forms = Forms(self._transport)
        self.instances = Instances(self._transport)
        self.process_configs = ProcessConfigs(self._transport)
        self.directory = Directory(self._transport)
        self.sign_in = SignIn(self._transport)
        self.failed_pushes = FailedPushes(self._transport)
        self.stream_gateway = StreamGateway(self._transport)
        self.work_notices = WorkNotices(self._transport)

    def fetch_token(self) -> None:
        """Obtain the app token, or prove that we hold one; raises ``DingTalkError`` of ``accessToken``."""
        self._transport.app_token()

    def forget_token(self) -> None:
        """Fetch afresh on the next call: a permission granted just now may need a new token."""
        self._transport.forget_token()
