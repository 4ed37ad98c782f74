"""Names are looked up within a time, whatever the name servers do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from portal.name_lookup import NameUnknown, numbers_of


@pytest.fixture
def silent_name_servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the system's lookup hang, as it does where packets to the name servers are dropped."""
    is_over = threading.Event()

    def hang(*_asked: Any, **_named: Any) -> list[Any]:
        is_over.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield
    is_over.set()


def test_a_number_is_its_own_answer() -> None:
    assert [str(each) for each in numbers_of("127.0.0.1", 443, seconds=20)] == ["127.0.0.1"]
    assert [str(each) for each in numbers_of("::1", 443, seconds=20)] == ["::1"]


@pytest.mark.parametrize("host", ["portal.invalid", "a" * 64 + ".example", "\udcff.example"])
def test_a_name_that_nobody_knows_has_no_numbers(host: str) -> None:
    with pytest.raises(NameUnknown):
        numbers_of(host, 443, seconds=20)


@pytest.mark.usefixtures("silent_name_servers")
def test_nobody_waits_longer_than_they_said_for_silent_name_servers() -> None:
    began = time.monotonic()
    with pytest.raises(NameUnknown):
        numbers_of("bi.example.com", 443, seconds=0.05)
    assert time.monotonic() - began < 10
