"""The one exception that the DingTalk client raises, with everything a remedy needs and nothing secret."""

from __future__ import annotations

from portal.dingtalk.failure_codes import FailureClass, Retry, classify

__all__ = ["DingTalkError", "FailureClass", "Retry", "classify"]


class DingTalkError(Exception):
    """A call to DingTalk that did not succeed.

    ``code`` is DingTalk's code; where the old family wraps it in errcode 88, the wrapped one. Failures that
    never got an answer carry the codes ``connectionFailed`` and ``noAnswer`` and the status 0. ``message``
    is DingTalk's own text, ``required_scopes`` and ``apply_url`` what it names when a permission is missing.
    """

    def __init__(
        self,
        *,
        operation: str,
        code: str,
        http_status: int,
        message: str,
        failure: FailureClass,
        retry: Retry,
        request_id: str | None = None,
        required_scopes: tuple[str, ...] = (),
        apply_url: str | None = None,
    ) -> None:
        # The wording is fixed by the product's help page, administrators search for it.
        super().__init__(f"DingTalk API call failed[{operation}], [{code} - code: {http_status}, {message}]")
        self.operation = operation
        self.code = code
        self.http_status = http_status
        self.message = message
        self.failure = failure
        self.retry = retry
        self.request_id = request_id
        self.required_scopes = required_scopes
        self.apply_url = apply_url
