"""The app's access token: cached, shared between threads, fetched by one of them at a time."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

REFRESH_AFTER_SHARE = 0.8


@dataclass(frozen=True, kw_only=True)
class AppToken:
    """A token as DingTalk gave it, with its lifetime in seconds."""

    text: str = field(repr=False)
    lifetime_seconds: float


@dataclass(frozen=True)
class _Kept:
    token: AppToken
    refresh_at: float


class TokenCache:
    """Keeps one token for each app key and renews it after 80 % of its lifetime.

    DingTalk asks to cache the token and gives the same one while it is valid (obtain-the-access-token-of-an-
    internal-app). ``clock`` returns seconds that never run backwards.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._guard = threading.Lock()
        self._fetching: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def token(self, *, app_key: str, fetch: Callable[[], AppToken]) -> str:
        """Return a usable token, calling ``fetch`` when there is none; whatever it raises passes through."""
        with self._guard:
            fetching = self._fetching[app_key]
        with fetching:
            kept = self._kept.get(app_key)
            if kept is None or self._clock() >= kept.refresh_at:
                asked_at = self._clock()
                token = fetch()
                kept = _Kept(token, asked_at + token.lifetime_seconds * REFRESH_AFTER_SHARE)
                self._kept[app_key] = kept
            return kept.token.text

    def drop(self, *, app_key: str, refused: str | None = None) -> None:
        """Forget the token; with ``refused``, only if nobody renewed that one meanwhile."""
        with self._guard:
            fetching = self._fetching[app_key]
        with fetching:
            kept = self._kept.get(app_key)
            if kept is not None and refused in (None, kept.token.text):
                del self._kept[app_key]
