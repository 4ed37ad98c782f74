"""The official SDK, loaded only when used: one call, its answer's parts, and every way in which it can fail.

The SDK is asked to repeat nothing: which call may be repeated is for the caller to say. Its exceptions carry the
whole request, signature included, so none of them leaves this module.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from portal.quickbi import failures
from portal.quickbi.failures import QuickBIError

PACKAGE = "alibabacloud_quickbi_public20220101"
# Quick BI answers within 10 s or not at all (OpenAPI: limits).
TIMEOUT_SECONDS = 10
LONGEST_MESSAGE = 300


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """The key of an account that is organisation administrator in Quick BI, or may call its API."""

    key_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where Quick BI answers: host and port, and ``http`` on this machine only."""

    host: str
    protocol: str = "https"


class Sdk:
    """Calls by name. Safe for several threads: the SDK's client holds no state of a call."""

    def __init__(
        self, *, endpoint: Endpoint, key: AccessKey, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        try:
            self._models = importlib.import_module(f"{PACKAGE}.models")
            client = importlib.import_module(f"{PACKAGE}.client")
            config = importlib.import_module("alibabacloud_tea_openapi.utils_models")
        except ImportError:
            raise QuickBIError(
                operation="import",
                code=failures.SDK_MISSING,
                http_status=0,
                message="the package alibabacloud-quickbi-public20220101 is not installed",
                is_write=False,
            ) from None
        self._key = key
        self._client = client.Client(
            config.Config(
                access_key_id=key.key_id,
                access_key_secret=key.secret,
                endpoint=endpoint.host,
                protocol=endpoint.protocol,
                connect_timeout=int(timeout_seconds * 1000),
                read_timeout=int(timeout_seconds * 1000),
            )
        )

    def call(self, action: str, *, is_write: bool = False, **parameters: Any) -> Any:
        """Call ``action`` (its name in snake case) and return what ``Result`` holds; raises ``QuickBIError``."""
        request = getattr(self._models, _camel(action) + "Request")(**parameters)
        try:
            answer = getattr(self._client, action)(request)
        except Exception as error:
            # Whatever the SDK raises: its exceptions have no common base that tells anything.
            raise self._failed(action, error, is_write=is_write) from None
        body = answer.body
        if body is None or body.success is not True:
            raise QuickBIError(
                operation=_camel(action),
                code=failures.NOT_SUCCESSFUL,
                http_status=int(answer.status_code or 0),
                message="the answer does not say that it succeeded",
                is_write=is_write,
                request_id=body.request_id if body is not None else None,
            )
        return body.result

    def _failed(self, action: str, error: Exception, *, is_write: bool) -> QuickBIError:
        status = getattr(error, "status_code", None)
        if status is None:
            code, message = _without_answer(error), type(error).__name__
            status = 0
        else:
            told = getattr(error, "data", None) or {}
            code = str(getattr(error, "code", "") or failures.UNREADABLE_ANSWER)
            message = self._harmless(str(told.get("Message") or told.get("message") or ""))
        return QuickBIError(
            operation=_camel(action),
            code=code,
            http_status=int(status),
            message=message,
            is_write=is_write,
            request_id=getattr(error, "request_id", None),
        )

    def _harmless(self, message: str) -> str:
        # A refused signature is answered with the text that was signed, which names the key.
        message = message.partition(" server string to sign")[0]
        for hidden in (self._key.secret, self._key.key_id):
            message = message.replace(hidden, "…") if hidden else message
        return message[:LONGEST_MESSAGE]


def _without_answer(error: Exception) -> str:
    chain = {type(each).__name__ for each in _chain(getattr(error, "inner_exception", error))}
    if chain & {"NewConnectionError", "ConnectTimeout", "ConnectTimeoutError", "NameResolutionError"}:
        return failures.CONNECTION_FAILED
    if chain & {"RetryError", "ReadTimeout", "ConnectionError"}:
        return failures.NO_ANSWER
    return failures.UNREADABLE_ANSWER


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        # urllib3 keeps the reason of its last try beside, not below, the exception it raises.
        reason = getattr(error, "reason", None)
        if isinstance(reason, BaseException):
            yield reason
        error = error.__cause__ or error.__context__


def _camel(action: str) -> str:
    return "".join(part.capitalize() for part in action.split("_"))
