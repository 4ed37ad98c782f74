"""What a call to Quick BI can end in: the one table from its error codes to a class, and whether to try again.

Sources: "Error codes" of quickbi-public 2022-01-01 and the error tables of the calls used. Quick BI asks to
repeat only ``Internal.System.Error``, throttling and what the network did; everything else is final.
"""

from __future__ import annotations

from enum import StrEnum


class Retry(StrEnum):
    """What a caller may do after a failure."""

    PERMANENT = "permanent"
    RETRYABLE = "retryable"
    OUTCOME_UNKNOWN = "outcome_unknown"


class FailureClass(StrEnum):
    """Why a call failed: one class for each remedy. ``UNREACHABLE`` means that nothing was sent."""

    SDK_MISSING = "quickbi_sdk_missing"
    CREDENTIALS_WRONG = "quickbi_credentials_wrong"
    CALLER_NOT_ALLOWED = "quickbi_caller_not_allowed"
    INSTANCE_EXPIRED = "quickbi_instance_expired"
    PERSON_UNKNOWN = "quickbi_person_unknown"
    RESOURCE_GONE = "quickbi_resource_gone"
    PARAMETERS_REFUSED = "quickbi_parameters_refused"
    SHARING_OFF = "quickbi_sharing_off"
    INHERITED_FROM_WORKSPACE = "quickbi_inherited_from_workspace"
    INHERITED_FROM_GROUP = "quickbi_inherited_from_group"
    INHERITED_OTHERWISE = "quickbi_inherited_otherwise"
    COLUMN_MODEL_OLD = "quickbi_column_model_old"
    THROTTLED = "quickbi_throttled"
    SERVER_TROUBLE = "quickbi_server_trouble"
    UNREACHABLE = "quickbi_unreachable"
    NO_ANSWER = "quickbi_no_answer"
    UNEXPECTED = "quickbi_unexpected"


# Codes of our own for exchanges that ended without an answer of Quick BI's.
CONNECTION_FAILED = "connectionFailed"
NO_ANSWER = "noAnswer"
UNREADABLE_ANSWER = "unreadableAnswer"
NOT_SUCCESSFUL = "notSuccessful"
SDK_MISSING = "sdkMissing"

_CODES_OF: dict[FailureClass, tuple[str, ...]] = {
    FailureClass.SDK_MISSING: (SDK_MISSING,),
    FailureClass.CREDENTIALS_WRONG: (
        *("InvalidAccessKeyId", "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive"),
        *("SignatureDoesNotMatch", "IncompleteSignature", "InvalidTimeStamp.Expired"),
    ),
    FailureClass.CALLER_NOT_ALLOWED: (
        *("Access.Forbidden", "Invalid.User.Admin", "UserRoleConfig.NotContain.Function"),
        *("Forbidden.RAM", "NoPermission"),
    ),
    FailureClass.INSTANCE_EXPIRED: ("Instance.Expired", "Instance.Not.Exist", "Invalid.Organization"),
    FailureClass.PERSON_UNKNOWN: (
        *("User.Not.In.Organization", "Invalid.User.Organization", "UserInfo.Error"),
    ),
    FailureClass.RESOURCE_GONE: (
        *("Work.Not.Exist", "Cube.Not.Exist", "Datasource.NotFound.Error", "Report.NotExist.Error"),
    ),
    FailureClass.PARAMETERS_REFUSED: (
        *("Invalid.Parameter", "Invalid.Parameter.Error", "Invalid.Param.Error"),
    ),
    FailureClass.SHARING_OFF: ("Authorize3Rd.Page.Org.Illegal",),
    FailureClass.INHERITED_FROM_WORKSPACE: ("DeletePermission.ExistWorkspaceRecord.Error",),
    FailureClass.INHERITED_FROM_GROUP: ("DeletePermission.UserBelongsToUsergroup.Error",),
    FailureClass.COLUMN_MODEL_OLD: ("CubePermission.Columnlevel.VersionError",),
    FailureClass.THROTTLED: (
        *("Throttling", "Throttling.User", "Throttling.Api", "Throttling.AllocatedQuota"),
    ),
    FailureClass.SERVER_TROUBLE: ("Internal.System.Error", "InternalError", "ServiceUnavailable"),
    FailureClass.UNREACHABLE: (CONNECTION_FAILED,),
    FailureClass.NO_ANSWER: (NO_ANSWER,),
    FailureClass.UNEXPECTED: (UNREADABLE_ANSWER, NOT_SUCCESSFUL),
}
_CLASS_OF_CODE = {code.casefold(): failure for failure, codes in _CODES_OF.items() for code in codes}
_RETRYABLE = frozenset({FailureClass.THROTTLED, FailureClass.UNREACHABLE})
# Whether the call did its work is open: a read may be repeated, a write is followed by a look.
_UNCLEAR = frozenset({FailureClass.SERVER_TROUBLE, FailureClass.NO_ANSWER})


class QuickBIError(Exception):
    """A call to Quick BI that did not succeed; holds no key, no signature and no request.

    ``code`` is Quick BI's or one of ours above, ``http_status`` 0 without an answer, ``message`` its own text.
    """

    def __init__(
        self,
        *,
        operation: str,
        code: str,
        http_status: int,
        message: str,
        is_write: bool,
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"Quick BI API call failed[{operation}], [{code} - code: {http_status}, {message}]")
        self.operation = operation
        self.code = code
        self.http_status = http_status
        self.message = message
        self.request_id = request_id
        self.failure = classify(code=code, http_status=http_status)
        self.retry = retry_of(self.failure, code=code, is_write=is_write)


def classify(*, code: str, http_status: int) -> FailureClass:
    """Return the class of a failure; a code we do not know is judged by its beginning, then by the status."""
    known = _CLASS_OF_CODE.get(code.casefold())
    if known is not None:
        return known
    if code.startswith("DeletePermission."):
        return FailureClass.INHERITED_OTHERWISE
    if code.startswith("Throttling") or http_status == 429:
        return FailureClass.THROTTLED
    return FailureClass.SERVER_TROUBLE if http_status >= 500 else FailureClass.UNEXPECTED


def retry_of(failure: FailureClass, *, code: str, is_write: bool) -> Retry:
    """Say whether to try again; after a write without a clear answer the outcome is unknown."""
    if failure in _RETRYABLE:
        return Retry.RETRYABLE
    if failure in _UNCLEAR or code == UNREADABLE_ANSWER:
        return Retry.OUTCOME_UNKNOWN if is_write else Retry.RETRYABLE
    return Retry.PERMANENT
