"""One HTTP exchange with DingTalk, in either of its two API families; failures become ``DingTalkError``."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Base addresses of the new family (``https://api.dingtalk.com``) and of the old (``https://oapi.dingtalk.com``)."""

    api_url: str
    oapi_url: str


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The internal app that the portal is bound to."""

    corp_id: str
    app_key: str
    app_secret: str = field(repr=False)
    agent_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """What is kept of a call: enough to count it and to ask DingTalk about it, nothing secret."""

    operation: str
    ok: bool
    code: str
    http_status: int
    milliseconds: float
    request_id: str | None
