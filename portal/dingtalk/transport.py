"""Calls as the bound app, in either of DingTalk's two API families: the address, the token, a second try."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from portal.dingtalk.answers import Family
from portal.dingtalk.failures import DingTalkError, FailureClass
from portal.dingtalk.loose_json import Json, text, whole_number
from portal.dingtalk.operations import Operation
from portal.dingtalk.tokens import AppToken, TokenCache
from portal.dingtalk.wire import CallRecord, Request, Wire

__all__ = ["CallRecord", "Credentials", "Endpoints", "Transport"]

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


class Transport:
    """Sends calls with the right token in the right place; every method may raise ``DingTalkError``."""

    def __init__(
        self, *, endpoints: Endpoints, credentials: Credentials, tokens: TokenCache, wire: Wire
    ) -> None:
        self.credentials = credentials
        self._endpoints = endpoints
        self._tokens = tokens
        self._wire = wire

    def api(
        self,
        operation: Operation,
        method: str,
        path: str,
        *,
        expects: str,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
    ) -> Json:
        """Call the new family as the app; ``expects`` names the value that a success must hold."""
        return self._with_app_token(
            lambda token: self.api_as(token, operation, method, path, expects=expects, query=query, body=body)
        )

    def api_as(
        self,
        token: str | None,
        operation: Operation,
        method: str,
        path: str,
        *,
        expects: str,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
    ) -> Json:
        """Call the new family with this token, or with none."""
        return self._wire.exchange(
            Request(
                operation=operation,
                family=Family.NEW,
                method=method,
                url=self._endpoints.api_url.rstrip("/") + path,
                expects=expects,
                headers={"Accept": "application/json"} | ({TOKEN_HEADER: token} if token else {}),
                query=query or {},
                body=body,
                secrets=(self.credentials.app_secret, token or ""),
            )
        )

    def oapi(self, operation: Operation, path: str, *, expects: str, body: Json) -> Json:
        """Call the old family as the app; its token travels in the address."""
        return self._with_app_token(
            lambda token: self._wire.exchange(
                Request(
                    operation=operation,
                    family=Family.OLD,
                    method="POST",
                    url=self._endpoints.oapi_url.rstrip("/") + path,
                    expects=expects,
                    headers={"Accept": "application/json"},
                    query={"access_token": token},
                    body=body,
                    secrets=(self.credentials.app_secret, token),
                )
            )
        )

    def app_token(self) -> str:
        """Return the app's token, fetching it when there is none."""
        return self._tokens.token(app_key=self.credentials.app_key, fetch=self._fetch_token)

    def forget_token(self) -> None:
        """Let the next call fetch a token."""
        self._tokens.drop(app_key=self.credentials.app_key)

    def _with_app_token(self, call: Callable[[str], Json]) -> Json:
        token = self.app_token()
        try:
            return call(token)
        except DingTalkError as error:
            if error.failure is not FailureClass.TOKEN_REFUSED:
                raise
        # The token is checked before the operation, so even a create may be repeated after this refusal.
        self._tokens.drop(app_key=self.credentials.app_key, refused=token)
        return call(self.app_token())

    def _fetch_token(self) -> AppToken:
        """Fetch the app token (DingTalk: obtain-the-access-token-of-an-internal-app)."""
        answer = self.api_as(
            None,
            Operation.ACCESS_TOKEN,
            "POST",
            "/v1.0/oauth2/accessToken",
            expects="accessToken",
            body={"appKey": self.credentials.app_key, "appSecret": self.credentials.app_secret},
        )
        lifetime_seconds = whole_number(answer.get("expireIn")) or DEFAULT_TOKEN_LIFETIME_SECONDS
        return AppToken(text=text(answer["accessToken"]), lifetime_seconds=lifetime_seconds)
