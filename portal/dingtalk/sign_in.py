"""Sign-in with DingTalk in any browser (OAuth): where to send it, and what the returned code is worth."""

from __future__ import annotations

from dataclasses import dataclass, field


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
    """Return the address of DingTalk's sign-in page. It returns to ``redirect_uri?authCode=…&state=…`` or ``?error=…``."""
    raise NotImplementedError


class SignIn:
    """The server's side of a sign-in."""

    def exchange(self, code: str) -> UserToken:
        """Trade the single-use ``authCode`` for a user token; raises ``AUTH_CODE_INVALID``."""
        raise NotImplementedError

    def profile(self, user_token: UserToken) -> Profile:
        """Read who stands behind a user token."""
        raise NotImplementedError
