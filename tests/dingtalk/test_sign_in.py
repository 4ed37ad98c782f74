"""Sign-in: the address, the code that works once, and the user token that is not the app's."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from portal.dingtalk.client import DingTalkClient
from portal.dingtalk.failures import DingTalkError, FailureClass
from portal.dingtalk.sign_in import Profile, UserToken, authorize_url
from tests.dingtalk.scripted import TOKEN_PATH, ScriptedDingTalk

EXCHANGE = "/v1.0/oauth2/userAccessToken"
ME = "/v1.0/contact/users/me"
INSIDE = "/topapi/v2/user/getuserinfo"


@pytest.mark.parametrize("login_url", ["https://login.dingtalk.com", "https://login.dingtalk.com/"])
def test_the_sign_in_address_survives_odd_characters(login_url: str) -> None:
    redirect_uri = "https://portal.example/sign-in/return?next=/requests/新&x=1"
    address = authorize_url(
        login_url=login_url, client_id="dingappkey", redirect_uri=redirect_uri, state="a&b=c d"
    )
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "login.dingtalk.com", "/oauth2/auth")
    assert parse_qs(parts.query) == {
        "redirect_uri": [redirect_uri],
        "response_type": ["code"],
        "client_id": ["dingappkey"],
        "scope": ["openid corpid"],
        "state": ["a&b=c d"],
        "prompt": ["consent"],
    }
    assert "scope=openid%20corpid" in parts.query


def test_a_code_is_traded_for_a_user_token(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    answer = {"accessToken": "user-token", "refreshToken": "r", "expireIn": 7200, "corpId": "ding0123"}
    dingtalk.answer(EXCHANGE, answer)
    token = client.sign_in.exchange("the-code")
    assert (token.access_token, token.corp_id) == ("user-token", "ding0123")
    (request,) = dingtalk.requests_to(EXCHANGE)
    assert request.body == {
        "clientId": "dingappkey",
        "clientSecret": "s3cret-of-the-app",
        "code": "the-code",
        "grantType": "authorization_code",
    }
    assert "x-acs-dingtalk-access-token" not in request.headers
    assert dingtalk.requests_to(TOKEN_PATH) == []
    assert "user-token" not in repr(token)


def test_a_token_without_an_organisation_says_so(dingtalk: ScriptedDingTalk, client: DingTalkClient) -> None:
    dingtalk.answer(EXCHANGE, {"accessToken": "user-token", "expireIn": 7200})
    assert client.sign_in.exchange("the-code").corp_id is None


@pytest.mark.parametrize("code", ["invalidParameter.authCode.notFound", "invalidParameter", "40078"])
def test_a_used_code_is_invalid(dingtalk: ScriptedDingTalk, client: DingTalkClient, code: str) -> None:
    dingtalk.answer(EXCHANGE, {"code": code, "message": "不合法的临时授权码"}, status=400)
    with pytest.raises(DingTalkError) as caught:
        client.sign_in.exchange("used")
    assert caught.value.failure is FailureClass.AUTH_CODE_INVALID


def test_the_profile_is_read_with_the_persons_own_token(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(ME, {"nick": "Bob", "unionId": "z21H", "avatarUrl": "https://x/bob.png", "openId": "o"})
    profile = client.sign_in.profile(UserToken(access_token="user-token", corp_id="ding0123"))
    assert profile == Profile(name="Bob", union_id="z21H", avatar_url="https://x/bob.png")
    assert dingtalk.requests_to(ME)[0].headers["x-acs-dingtalk-access-token"] == "user-token"
    assert dingtalk.requests_to(TOKEN_PATH) == []


def test_a_refused_user_token_leaves_the_apps_token_alone(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    client.fetch_token()
    dingtalk.answer(ME, {"code": "InvalidAuthentication", "message": "不合法的access_token"}, status=400)
    with pytest.raises(DingTalkError) as caught:
        client.sign_in.profile(UserToken(access_token="stale-user-token", corp_id=None))
    client.fetch_token()
    assert caught.value.failure is FailureClass.TOKEN_REFUSED
    assert (len(dingtalk.requests_to(ME)), dingtalk.tokens_given) == (1, 1)


def test_a_profile_without_a_union_id_is_no_profile(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(ME, {"nick": "Mallory", "unionId": ""})
    with pytest.raises(DingTalkError) as caught:
        client.sign_in.profile(UserToken(access_token="user-token", corp_id=None))
    assert caught.value.code == "incompleteAnswer"


def test_a_code_of_a_page_inside_dingtalk_is_traded_for_the_union_id(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    result = {"userid": "user0001", "unionid": "z21H", "name": "张三", "sys": False, "sys_level": 0}
    dingtalk.answer(INSIDE, {"errcode": 0, "errmsg": "ok", "result": result})
    assert client.sign_in.union_id_of("the-code") == "z21H"
    (request,) = dingtalk.requests_to(INSIDE)
    assert request.body == {"code": "the-code"}
    assert request.query["access_token"] == "token-1"


def test_a_used_code_of_a_page_inside_dingtalk_is_invalid(
    dingtalk: ScriptedDingTalk, client: DingTalkClient
) -> None:
    dingtalk.answer(INSIDE, {"errcode": 40078, "errmsg": "不存在的临时授权码"})
    with pytest.raises(DingTalkError) as caught:
        client.sign_in.union_id_of("used")
    assert caught.value.failure is FailureClass.AUTH_CODE_INVALID
