"""Calls as the bound app, in either of DingTalk's two API families: the address, the token, a second try."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from portal.dingtalk.answers import Family
from portal.dingtalk.failures import DingTalkError, FailureClass, Retry
from portal.dingtalk.loose_json import Json, text, whole_number
from portal.dingtalk.operations import Operation
from portal.dingtalk.tokens import AppToken, TokenCache
from portal.dingtalk.wire import CallRecord, Request, Wire

__all__ = ["Call", "CallRecord", "Credentials", "Endpoints", "Transport"]

TOKEN_HEADER = "x-acs-dingtalk-access-token"  # noqa: S105  a name, not a password
DEFAULT_TOKEN_LIFETIME_SECONDS = 7200


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Base addresses of the new family (``https://api.dingtalk.com``) and the old (``https://oapi.…``)."""

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
class Call:
    """One call to make. ``expects`` is the dotted path of the value that a success must hold."""

    operation: Operation
    method: str
    path: str
    expects: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None


class Transport:
    """Sends calls with the right token in the right place; every method may raise ``DingTalkError``."""

    def __init__(
        self, *, endpoints: Endpoints, credentials: Credentials, tokens: TokenCache, wire: Wire
    ) -> None:
        self.credentials = credentials
        self._endpoints = endpoints
        self._tokens = tokens
        self._wire = wire

    def api(self, call: Call) -> Json:
        """Call the new family as the app."""
        return self._with_app_token(lambda token: self.api_as(call, token=token))

    def api_as(self, call: Call, *, token: str | None) -> Json:
        """Call the new family with this token, or with none."""
        headers = {TOKEN_HEADER: token} if token else {}
        return self._send(call, family=Family.NEW, headers=headers, query=call.query, token=token)

    def oapi(self, call: Call) -> Json:
        """Call the old family as the app; its token travels in the address."""
        return self._with_app_token(
            lambda token: self._send(
                call,
                family=Family.OLD,
                headers={},
                query={**call.query, "access_token": token},
                token=token,
            )
        )

    def app_token(self) -> str:
        """Return the app's token, fetching it when there is none."""
        return self._tokens.token(app_key=self.credentials.app_key, fetch=self._fetch_token)

    def forget_token(self) -> None:
        """Let the next call fetch a token."""
        self._tokens.drop(app_key=self.credentials.app_key)

    def _with_app_token(self, send: Callable[[str], Json]) -> Json:
        token = self.app_token()
        try:
            return send(token)
        except DingTalkError as error:
            if error.failure is not FailureClass.TOKEN_REFUSED or error.retry is Retry.OUTCOME_UNKNOWN:
                raise
        # The token is checked before the operation, so even a create may be repeated after this refusal.
        self._tokens.drop(app_key=self.credentials.app_key, refused=token)
        return send(self.app_token())

    def _fetch_token(self) -> AppToken:
        """Fetch the app token (DingTalk: obtain-the-access-token-of-an-internal-app)."""
        call = Call(
            operation=Operation.ACCESS_TOKEN,
            method="POST",
            path="/v1.0/oauth2/accessToken",
            expects="accessToken",
            body={"appKey": self.credentials.app_key, "appSecret": self.credentials.app_secret},
        )
        answer = self.api_as(call, token=None)
        lifetime_seconds = whole_number(answer.get("expireIn")) or DEFAULT_TOKEN_LIFETIME_SECONDS
        return AppToken(text=text(answer["accessToken"]), lifetime_seconds=lifetime_seconds)

    def _send(
        self,
        call: Call,
        *,
        family: Family,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        token: str | None,
    ) -> Json:
        base_url = self._endpoints.api_url if family is Family.NEW else self._endpoints.oapi_url
        return self._wire.exchange(
            Request(
                operation=call.operation,
                family=family,
                method=call.method,
                url=base_url.rstrip("/") + call.path,
                expects=call.expects,
                headers={"Accept": "application/json", **headers},
                query=query,
                body=call.body,
                secrets=(self.credentials.app_secret, token or ""),
            )
        )
