"""What a channel's failure means and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext

from portal.channels.failures import Failure


@dataclass(frozen=True, kw_only=True)
class FailureWords:
    """``title`` what happened, ``reason`` why, ``remedy`` what to do next."""

    title: str
    reason: str
    remedy: str


def failure_words(failure: Failure) -> FailureWords:
    """Return the words for one failure."""
    return FailureWords(
        title=gettext("DingTalk did not accept that"), reason=failure.sentence, remedy=gettext("Try again.")
    )
