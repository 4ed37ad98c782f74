"""The signature of the SDK's calls (Alibaba Cloud: signature method V3, ACS3-HMAC-SHA256)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from werkzeug.datastructures import MultiDict

from portal.sandbox.quickbi.refusals import BiRefused

ALGORITHM = "ACS3-HMAC-SHA256"
LONGEST_SKEW_SECONDS = 900
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{{64}})"
)


def check_signature(
    *,
    method: str,
    args: MultiDict[str, str],
    headers: Mapping[str, str],
    body: bytes,
    key_id: str,
    secret: str,
) -> None:
    """Raise ``BiRefused`` unless the call was signed with this key just now."""
    headers = {name.lower(): value for name, value in headers.items()}
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if found is None:
        raise BiRefused("IncompleteSignature", "The request signature does not conform to Aliyun standards.")
    if not hmac.compare_digest(found[1].encode(), key_id.encode()):
        raise BiRefused("InvalidAccessKeyId.NotFound", "Specified access key is not found.", status=404)
    _check_age(headers.get("x-acs-date", ""))
    digest = hashlib.sha256(body).hexdigest()
    signed_headers = found[2]
    canonical_headers = "".join(
        f"{name}:{headers.get(name, '').strip()}\n" for name in signed_headers.split(";")
    )
    query = "&".join(f"{name}={quote(args[name], safe='~')}" for name in sorted(args))
    request = f"{method}\n/\n{query}\n{canonical_headers}\n{signed_headers}\n{digest}"
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    wanted = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    if headers.get("x-acs-content-sha256") != digest or not hmac.compare_digest(wanted, found[3]):
        raise BiRefused(
            "SignatureDoesNotMatch",
            "Specified signature is not matched with our calculation. server string to sign is:" + to_sign,
        )


def _check_age(sent_at: str) -> None:
    try:
        at = datetime.strptime(sent_at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise BiRefused("InvalidTimeStamp.Format", "Specified time stamp is not valid.") from None
    if abs((datetime.now(UTC) - at).total_seconds()) > LONGEST_SKEW_SECONDS:
        raise BiRefused("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
