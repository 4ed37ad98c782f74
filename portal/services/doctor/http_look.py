"""One HTTP look at an address, told apart by how it went: name, connection, certificate, time, or an answer."""

from __future__ import annotations

import errno
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from portal.services.doctor.findings import Found

LARGEST_ANSWER_BYTES = 64 * 1024
_NO_PROXY = {"http": "", "https": ""}


class NotReached(Exception):
    """There was no answer, for the reason ``found``; never chained or worded, addresses may hold secrets."""

    def __init__(self, found: Found) -> None:
        super().__init__(found.value)
        self.found = found


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. ``date`` is the header of that name, as it stands; ``seconds`` how long it took."""

    status: int
    body: bytes
    date: str
    seconds: float


def look_at(
    url: str,
    *,
    connect_seconds: float,
    answer_seconds: float,
    method: str = "GET",
    query: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Ask once, without following redirects; proxies of the environment are honoured but for this machine itself.

    Raises ``NotReached``.
    """
    began_at = time.monotonic()
    try:
        with requests.Session() as session:
            response = session.request(
                method,
                url,
                params=query,
                data=body,
                headers={"Content-Type": "application/json", "Connection": "close"},
                timeout=(connect_seconds, answer_seconds),
                proxies=_NO_PROXY if is_loopback(urlsplit(url).hostname or "") else None,
                allow_redirects=False,
                stream=True,
            )
            content = _read(response, ends_at=began_at + connect_seconds + answer_seconds)
            date = response.headers.get("Date", "")
            return Answer(
                status=response.status_code, body=content, date=date, seconds=time.monotonic() - began_at
            )
    except OSError as error:
        raise NotReached(_reason(error)) from None
    except (urllib3.exceptions.HTTPError, ValueError):
        raise NotReached(Found.NOT_REACHED) from None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or number."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def shown_address(url: str) -> str:
    """Return scheme and host of an address: a password in it is nobody's to read."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _read(response: requests.Response, *, ends_at: float) -> bytes:
    # The read limit counts from byte to byte: a trickling answer would never reach it.
    content = b""
    while len(content) < LARGEST_ANSWER_BYTES:
        chunk = response.raw.read1(LARGEST_ANSWER_BYTES, decode_content=True)
        if not chunk:
            break
        content += chunk
        if time.monotonic() > ends_at:
            raise NotReached(Found.ANSWER_TIMED_OUT)
    return content


def _reason(error: OSError) -> Found:
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError | requests.exceptions.SSLError) for cause in causes):
        return Found.CERTIFICATE_REFUSED
    if any(isinstance(cause, urllib3.exceptions.ProxyError) for cause in causes):
        return Found.PROXY_REFUSED
    if any(isinstance(cause, urllib3.exceptions.NameResolutionError) for cause in causes):
        return Found.HOST_UNKNOWN
    if any(isinstance(cause, OSError) and cause.errno == errno.ECONNREFUSED for cause in causes):
        return Found.CONNECTION_REFUSED
    if any(isinstance(cause, urllib3.exceptions.ConnectTimeoutError) for cause in causes):
        # A refused connection is of this kind, too, so it comes after that.
        is_new = any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes)
        return Found.NOT_REACHED if is_new else Found.CONNECTING_TIMED_OUT
    if any(isinstance(cause, urllib3.exceptions.ReadTimeoutError | TimeoutError) for cause in causes):
        return Found.ANSWER_TIMED_OUT
    return Found.NOT_REACHED


def _causes(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (getattr(cause, "reason", None), *cause.args, cause.__cause__, cause.__context__)
        waiting += [each for each in inner if isinstance(each, BaseException)]
