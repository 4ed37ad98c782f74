"""The way in to DingTalk: one object for one bound app, with a part for each area of its API."""

from __future__ import annotations

from collections.abc import Callable

from portal.dingtalk.directory import Directory
from portal.dingtalk.forms import Forms
from portal.dingtalk.instances import Instances
from portal.dingtalk.sign_in import SignIn
from portal.dingtalk.tokens import TokenCache
from portal.dingtalk.transport import CallRecord, Credentials, Endpoints

__all__ = ["CallRecord", "Credentials", "DingTalkClient", "Endpoints"]


class DingTalkClient:
    """Talks to DingTalk as one internal app; safe to share between threads. Every call may raise ``DingTalkError``.

    Time-outs are in seconds; DingTalk's servers are expected to answer within 3 s and its own advice is to
    allow more. ``on_call`` hears of every HTTP exchange, failed ones too.
    """

    forms: Forms
    instances: Instances
    directory: Directory
    sign_in: SignIn

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        credentials: Credentials,
        tokens: TokenCache | None = None,
        connect_timeout_seconds: float = 3.05,
        read_timeout_seconds: float = 10.0,
        on_call: Callable[[CallRecord], None] | None = None,
    ) -> None: ...

    def fetch_token(self) -> None:
        """Obtain the app token, or prove that we hold one; raises ``DingTalkError`` of ``accessToken``."""

    def forget_token(self) -> None:
        """Fetch afresh on the next call: a permission granted just now may need a new token."""
