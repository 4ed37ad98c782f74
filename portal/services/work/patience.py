"""Asking somebody who may never answer: whoever waits gets a verdict in time, and at most one question hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from flask import Flask, current_app

Answer = TypeVar("Answer")


class NoAnswer(Exception):
    """There is none yet; the question goes on and may still be answered."""


class Patience(Generic[Answer]):
    """Puts one question at a time, in a thread of its own; who asks meanwhile waits for the same answer.

    A database whose server stands still neither answers nor refuses: without this every health check would keep a
    thread of the web server for good.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: _Question[Answer] | None = None

    def ask(self, question: Callable[[], Answer], *, seconds: float) -> Answer:
        """Return the answer; raises what ``question`` raised, or ``NoAnswer`` after ``seconds``."""
        with self._lock:
            if self._open is None or self._open.is_over.is_set():
                self._open = _Question(question)
            mine = self._open
        return mine.answer(seconds)


def in_app_context(question: Callable[[], Answer]) -> Callable[[], Answer]:
    """Return ``question`` with the present app's context around it, for a thread that has none."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def ask() -> Answer:
        with app.app_context():
            return question()

    return ask


class _Question(Generic[Answer]):
    def __init__(self, question: Callable[[], Answer]) -> None:
        self._question = question
        self.is_over = threading.Event()
        self._found: list[Answer] = []
        self._error: Exception | None = None
        # A daemon: it must not keep the process from ending.
        threading.Thread(target=self._run, daemon=True).start()

    def answer(self, seconds: float) -> Answer:
        if not self.is_over.wait(seconds):
            raise NoAnswer
        if self._error is not None:
            raise self._error
        return self._found[0]

    def _run(self) -> None:
        try:
            self._found.append(self._question())
        except Exception as error:
            self._error = error
        finally:
            self.is_over.set()
