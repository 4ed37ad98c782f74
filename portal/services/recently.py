"""Answers of DingTalk that a form needs again with every change a person makes to it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
MOST_KEPT = 64


class Recently(Generic[Answer]):
    """Keeps what was read for ``kept_seconds``: each call is counted by DingTalk, and people change their minds.

    Every process keeps its own. Safe for threads; two of them may ask the same at the same time.
    """

    def __init__(self, *, kept_seconds: float) -> None:
        self._kept_seconds = kept_seconds
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, ...], tuple[float, Answer]] = OrderedDict()

    def read(self, key: tuple[str, ...], ask: Callable[[], Answer]) -> Answer:
        """Return the answer kept for ``key``, else ``ask``."""
        with self._lock:
            kept = self._answers.get(key)
        if kept is not None and time.monotonic() - kept[0] < self._kept_seconds:
            return kept[1]
        return self.read_again(key, ask)

    def read_again(self, key: tuple[str, ...], ask: Callable[[], Answer]) -> Answer:
        """Return what ``ask`` returns now, and keep it; what it raises is not kept."""
        answer = ask()
        with self._lock:
            self._answers[key] = (time.monotonic(), answer)
            self._answers.move_to_end(key)
            while len(self._answers) > MOST_KEPT:
                self._answers.popitem(last=False)
        return answer
