"""One HTTP exchange: sent once, timed, logged without secrets, with a failure to send told from no answer."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
import structlog
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.util import Retry as ConnectionAttempts

from portal.dingtalk.answers import Family, Fault, read_answer, request_id_of
from portal.dingtalk.failure_codes import CONNECTION_FAILED, NO_ANSWER, classify
from portal.dingtalk.failures import DingTalkError
from portal.dingtalk.loose_json import Json
from portal.dingtalk.url_secrets import hide_tokens_in_urllib3_logs

CONNECTION_RETRIES = 2

_NO_PROXY = {"http": "", "https": ""}

_NOTHING_SENT = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    # Raised only while the proxy itself has not been reached yet.
    urllib3.exceptions.ProxyError,
    ssl.SSLCertVerificationError,
)


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """What is kept of a call: enough to count it and to ask DingTalk about it, nothing secret."""

    operation: str
    ok: bool
    code: str
    http_status: int
    milliseconds: float
    request_id: str | None


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request ready to be sent. ``secrets`` must not come back in any text of a failure."""

    operation: str
    family: Family
    method: str
    url: str
    expects: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: Json | None
    secrets: tuple[str, ...]


class Wire:
    """Sends requests, each thread on a session of its own. Time-outs are in seconds.

    Proxies and ``REQUESTS_CA_BUNDLE`` of the environment are honoured. A bundle path that does not exist, or
    one without the public authorities, makes every call fail as ``UNREACHABLE``. A loopback address is never
    asked through a proxy, which would look for it on its own machine. ``permit`` is entered around every call,
    with the name of its operation.
    """

    def __init__(
        self,
        *,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        on_call: Callable[[CallRecord], None] | None,
        permit: Callable[[str], AbstractContextManager[object]],
    ) -> None:
        self._timeouts = (connect_timeout_seconds, read_timeout_seconds)
        self._permit = permit
        self._on_call = on_call
        self._own = threading.local()
        self._log = structlog.get_logger("portal.dingtalk")
        hide_tokens_in_urllib3_logs()

    def exchange(self, request: Request) -> Json:
        """Send a request once and return the answer's JSON object; raises ``DingTalkError``."""
        with self._permit(request.operation):
            started_at = time.perf_counter()
            outcome, http_status, request_id = self._send(request)
        fault = outcome if isinstance(outcome, Fault) else None
        self._tell(
            CallRecord(
                operation=request.operation,
                ok=fault is None,
                code=fault.code if fault else "",
                http_status=http_status,
                milliseconds=round((time.perf_counter() - started_at) * 1000, 1),
                request_id=request_id,
            )
        )
        if isinstance(outcome, Fault):
            raise _error(request.operation, outcome)
        return outcome

    def _send(self, request: Request) -> tuple[Json | Fault, int, str | None]:
        try:
            response = self._session().request(
                request.method,
                request.url,
                params=request.query,
                json=request.body,
                headers=request.headers,
                timeout=self._timeouts,
                proxies=_NO_PROXY if _is_loopback(request.url) else None,
                allow_redirects=False,
            )
        except OSError as error:
            # The cause is not chained: its text holds the address and with it the old family's token.
            return _unanswered(error), 0, None
        body = _json_of(response)
        request_id = request_id_of(body, response.headers)
        outcome = read_answer(
            body,
            family=request.family,
            http_status=response.status_code,
            expects=request.expects,
            request_id=request_id,
        )
        if isinstance(outcome, Fault):
            outcome = _without_secrets(outcome, request.secrets)
        return outcome, response.status_code, request_id

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = requests.Session()
            # Only a failed connect is repeated; read=False hands every other error through unchanged.
            attempts = ConnectionAttempts(
                connect=CONNECTION_RETRIES, read=False, other=0, status=0, redirect=0, allowed_methods=None
            )
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(max_retries=attempts))
        return session

    def _tell(self, record: CallRecord) -> None:
        log = self._log.info if record.ok else self._log.warning
        log("dingtalk_call", **vars(record))
        if self._on_call is None:
            return
        try:
            self._on_call(record)
        except Exception:
            # A listener's trouble must not cost us the answer, which may be the id of a new instance.
            self._log.exception("dingtalk_call_listener_failed", operation=record.operation)


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _json_of(response: requests.Response) -> object:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _unanswered(error: OSError) -> Fault:
    if _nothing_was_sent(error):
        return Fault(code=CONNECTION_FAILED, http_status=0, message="DingTalk could not be reached.")
    return Fault(code=NO_ANSWER, http_status=0, message="DingTalk did not answer.")


def _nothing_was_sent(error: OSError) -> bool:
    # Anything but requests' own errors comes from its local preparation, such as a missing CA bundle.
    return not isinstance(error, requests.RequestException) or any(
        isinstance(reason, _NOTHING_SENT) for reason in _reasons(error)
    )


def _reasons(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        inner = (getattr(current, "reason", None), *current.args)
        current = next((reason for reason in inner if isinstance(reason, BaseException)), None)


def _without_secrets(fault: Fault, secrets: tuple[str, ...]) -> Fault:
    message, code, apply_url = fault.message, fault.code, fault.apply_url
    for secret in filter(None, secrets):
        message, code = message.replace(secret, "***"), code.replace(secret, "***")
        apply_url = apply_url and apply_url.replace(secret, "***")
    return replace(fault, message=message, code=code, apply_url=apply_url)


def _error(operation: str, fault: Fault) -> DingTalkError:
    failure, retry = classify(operation=operation, http_status=fault.http_status, code=fault.code)
    return DingTalkError(
        operation=operation,
        code=fault.code,
        http_status=fault.http_status,
        message=fault.message,
        failure=failure,
        retry=retry,
        request_id=fault.request_id,
        required_scopes=fault.required_scopes,
        apply_url=fault.apply_url,
    )
