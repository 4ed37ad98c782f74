"""Access tokens: both token calls, the user token of the sign-in, and the check before every other call."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.sandbox.api.errors import ApiError, refused, refused_old, wrapped
from portal.sandbox.api.operations import Family, Operation, TokenNeed
from portal.sandbox.clock import now_ms
from portal.sandbox.tables import AuthCode, Person, Relation, Token
from portal.sandbox.tables.credentials import TokenKind

if TYPE_CHECKING:
    from portal.sandbox.api.gate import Call

HEADER = "x-acs-dingtalk-access-token"
LIFETIME_SECONDS = 7200
REFRESH_LIFETIME_SECONDS = 30 * 24 * 3600
OTHER_CORP_ID = "dingother0000000000000000"


def access_token(call: Call) -> dict[str, Any]:
    """DingTalk: obtain-the-access-token-of-an-internal-app."""
    body, config = call.body, call.sandbox.config
    if body.get("appKey") != config.app_key or body.get("appSecret") != config.app_secret:
        raise _wrong_client()
    return {"accessToken": _app_token(call.session, call.now), "expireIn": LIFETIME_SECONDS}


def gettoken(call: Call) -> dict[str, Any]:
    """The old family's token call: parameters in the query only."""
    key, secret, config = call.args.get("appkey"), call.args.get("appsecret"), call.sandbox.config
    if key is None:
        raise refused_old(40035, "缺少参数 corpid or appkey")
    if key != config.app_key or secret != config.app_secret:
        raise refused_old(40096, "不合法的appKey或appSecret")
    token = _app_token(call.session, call.now)
    return {"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": LIFETIME_SECONDS}


def user_access_token(call: Call) -> dict[str, Any]:
    """Exchange a one-time code, or refresh (DingTalk: obtain-user-token)."""
    body, config = call.body, call.sandbox.config
    if body.get("clientId") != config.app_key or body.get("clientSecret") != config.app_secret:
        raise _wrong_client()
    if body.get("grantType") == "refresh_token":
        old = call.session.get(Token, str(body.get("refreshToken") or ""))
        if old is None or old.kind != TokenKind.REFRESH or old.expires_at <= call.now:
            raise refused("invalidParameter.refreshToken.notFound", "不存在的refreshToken")
        return _user_tokens(call, userid=old.userid, with_corp_id=old.with_corp_id)
    if body.get("grantType") != "authorization_code":
        raise refused("invalidParameter.grantType", "不合法的grantType")
    code = call.session.get(AuthCode, str(body.get("code") or ""))
    if code is None or code.expires_at <= call.now:
        raise refused("invalidParameter.authCode.notFound", "不存在的authCode")
    call.session.delete(code)
    return _user_tokens(call, userid=code.userid, with_corp_id=code.with_corp_id)


def contact_me(call: Call) -> dict[str, Any]:
    """The profile behind a user token (DingTalk: dingtalk-retrieve-user-information)."""
    person = call.session.get(Person, call.userid)
    if person is None:
        raise refused("invalidParameter.user.notFound", "用户不存在", status=404)
    return {
        "nick": person.name,
        "avatarUrl": "",
        "openId": f"o{person.union_id[1:]}",
        "unionId": person.union_id,
    }


def check_token(session: Session, operation: Operation) -> str:
    """Check the caller's token at its place; returns the userid of a user token, else empty text.

    Raises ``ApiError``: MissingParameter or InvalidAuthentication as HTTP 400, or errcode 88.
    """
    if operation.token is TokenNeed.NONE:
        return ""
    if operation.family is Family.OLD:
        return _old_family_token(session)
    value = request.headers.get(HEADER)
    if not value:
        raise refused("AuthenticationFailed.MissingParameter", f"缺少参数：{HEADER}")
    token = session.get(Token, value)
    wanted = TokenKind.USER if operation.token is TokenNeed.USER else TokenKind.APP
    if token is None or token.kind != wanted or token.expires_at <= now_ms():
        raise invalid_token(operation)
    return token.userid


def invalid_token(operation: Operation) -> ApiError:
    """What an expired or made-up token is answered with."""
    if operation.family is Family.OLD:
        return wrapped("40014", "不合法的access_token")
    return refused("InvalidAuthentication", "不合法的access_token")


def _old_family_token(session: Session) -> str:
    value = request.args.get("access_token")
    if not value:
        raise wrapped("40000", "不合法的access_token")
    token = session.get(Token, value)
    if token is None or token.kind != TokenKind.APP or token.expires_at <= now_ms():
        raise wrapped("40014", "不合法的access_token")
    return ""


def _wrong_client() -> ApiError:
    return refused("invalidClientIdOrSecret", "无效的clientId或者clientSecret")


def _app_token(session: Session, now: int) -> str:
    # Asking again while a token is valid returns the same one and extends it.
    valid = select(Token).where(Token.kind == TokenKind.APP, Token.expires_at > now)
    token = session.scalars(valid.order_by(Token.expires_at.desc())).first()
    if token is None:
        token = Token(value=secrets.token_hex(16), kind=TokenKind.APP, expires_at=0)
        session.add(token)
    token.expires_at = now + LIFETIME_SECONDS * 1000
    return token.value


def _user_tokens(call: Call, *, userid: str, with_corp_id: bool) -> dict[str, Any]:
    values = {}
    for kind, seconds in ((TokenKind.USER, LIFETIME_SECONDS), (TokenKind.REFRESH, REFRESH_LIFETIME_SECONDS)):
        values[kind] = secrets.token_hex(16)
        call.session.add(
            Token(
                value=values[kind],
                kind=kind,
                userid=userid,
                with_corp_id=with_corp_id,
                expires_at=call.now + seconds * 1000,
            )
        )
    answer: dict[str, Any] = {
        "accessToken": values[TokenKind.USER],
        "refreshToken": values[TokenKind.REFRESH],
        "expireIn": LIFETIME_SECONDS,
    }
    if with_corp_id:
        person = call.session.get_one(Person, userid)
        outside = person.relation == Relation.OTHER_ORGANISATION
        answer["corpId"] = OTHER_CORP_ID if outside else call.sandbox.config.corp_id
    return answer
