"""Keeps the old family's token, which travels in the address, out of urllib3's own log lines."""

from __future__ import annotations

import logging
import re

_TOKEN_IN_ADDRESS = re.compile(r"(access_token=)[^&\s'\"]+")
_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")


class HideAccessTokens(logging.Filter):
    """Blanks ``access_token`` in whatever a logger is about to write."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, rewritten where it needs to be."""
        words = record.getMessage()
        if "access_token=" in words:
            record.msg, record.args = _TOKEN_IN_ADDRESS.sub(r"\1***", words), ()
        return True


def hide_tokens_in_urllib3_logs() -> None:
    """Install the filter where urllib3 logs addresses; doing so again changes nothing."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, HideAccessTokens) for known in logger.filters):
            logger.addFilter(HideAccessTokens())
