"""Missing permissions (DingTalk: error bodies of the two families, with the link to apply)."""

from __future__ import annotations

from portal.sandbox.api.errors import ApiError, refused, wrapped
from portal.sandbox.api.operations import Family, Operation
from portal.sandbox.config import SandboxConfig
from portal.sandbox.settings import PermissionText, Settings

HELP_PAGE_TEXT = "No permission to call this API."
CODE = "Forbidden.AccessDenied.AccessTokenPermissionDenied"


def check_permission(operation: Operation, *, settings: Settings, config: SandboxConfig) -> None:
    """Raise ``ApiError`` when the app's permission for ``operation`` is switched off."""
    if operation.permission is not None and operation.permission in settings.denied_permissions:
        raise permission_missing(operation, text=settings.permission_text, config=config)


def permission_missing(operation: Operation, *, text: PermissionText, config: SandboxConfig) -> ApiError:
    """The answer to a call whose permission is off, in the wording chosen by ``text``.

    The link leads to the sandbox's own App page.
    """
    scope = str(operation.permission or "qyapi_base")
    link = f"{config.public_url}/appscope/apply?content={config.app_key}%23{scope}"
    message = f"应用尚未开通所需的权限：[{scope}]，点击链接申请并开通即可：{link}"
    if text is PermissionText.HELP_PAGE:
        message = HELP_PAGE_TEXT
    if operation.family is Family.OLD:
        return wrapped("60011", message, more=f", {{requiredScopes=[{scope}]}}")
    return refused(CODE, message, status=403, accessdenieddetail={"requiredScopes": [scope]})
