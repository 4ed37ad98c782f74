"""Sign-in with DingTalk, in any browser (OAuth) or inside its client: what the returned code is worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from portal.dingtalk.loose_json import mapping, optional_text, text, web_address
from portal.dingtalk.operations import Operation
from portal.dingtalk.transport import Call, Transport


@dataclass(frozen=True, kw_only=True)
class UserToken:
    """A person's own token; ``corp_id`` is the organisation they picked and must be checked against ours."""

    access_token: str = field(repr=False)
    corp_id: str | None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Who signed in. The name is their nickname; the directory knows the proper one."""

    name: str
    union_id: str
    avatar_url: str | None


def authorize_url(*, login_url: str, client_id: str, redirect_uri: str, state: str) -> str:
    """Return the address of the sign-in page below ``login_url`` (``https://login.dingtalk.com``).

    It comes back to ``redirect_uri`` with ``authCode`` and ``state``, or with ``error`` and ``state``. The
    scope lets the person pick an organisation (DingTalk: obtain-identity-credentials).
    """
    query = {
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "client_id": client_id,
        "scope": "openid corpid",
        "state": state,
        "prompt": "consent",
    }
    return f"{login_url.rstrip('/')}/oauth2/auth?{urlencode(query, quote_via=quote)}"


class SignIn:
    """The server's side of a sign-in. Every method may raise ``DingTalkError``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def exchange(self, code: str) -> UserToken:
        """Trade the single-use ``authCode`` for a user token (DingTalk: obtain-user-token).

        Raises ``AUTH_CODE_INVALID`` for a code that is unknown or used.
        """
        credentials = self._transport.credentials
        answer = self._transport.api_as(
            Call(
                operation=Operation.USER_ACCESS_TOKEN,
                method="POST",
                path="/v1.0/oauth2/userAccessToken",
                expects="accessToken",
                body={
                    "clientId": credentials.app_key,
                    "clientSecret": credentials.app_secret,
                    "code": code,
                    "grantType": "authorization_code",
                },
            ),
            token=None,
        )
        return UserToken(
            access_token=text(answer["accessToken"]), corp_id=optional_text(answer.get("corpId"))
        )

    def profile(self, user_token: UserToken) -> Profile:
        """Read who stands behind a user token (DingTalk: dingtalk-retrieve-user-information)."""
        answer = self._transport.api_as(
            Call(
                operation=Operation.USER_PROFILE,
                method="GET",
                path="/v1.0/contact/users/me",
                expects="unionId",
            ),
            token=user_token.access_token,
        )
        return Profile(
            name=text(answer.get("nick")),
            union_id=text(answer["unionId"]),
            avatar_url=web_address(answer.get("avatarUrl")),
        )

    def union_id_of(self, code: str) -> str:
        """Trade the single-use code of a page inside DingTalk's client for the person's union id.

        DingTalk: obtain-the-userid-of-a-user-by-using-the-log-free; a code lives five minutes. Raises
        ``AUTH_CODE_INVALID`` for one that is unknown or used.
        """
        answer = self._transport.oapi(
            Call(
                operation=Operation.USER_OF_CODE,
                method="POST",
                path="/topapi/v2/user/getuserinfo",
                expects="result.unionid",
                body={"code": code},
            )
        )
        return text(mapping(answer["result"]).get("unionid"))
