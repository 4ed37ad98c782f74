"""The row of Quick BI: endpoint, key and options in plain, the key's secret sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from portal.extensions import db
from portal.grants.grant_target import TargetName
from portal.grants.quickbi.connection import QuickBIBinding
from portal.grants.quickbi.options import QuickBIOptions
from portal.models import GrantTargetSettings
from portal.secret_box import SecretBox

# Quick BI's public cloud of mainland China (OpenAPI: endpoints).
DEFAULT_ENDPOINT = "https://quickbi-public.cn-hangzhou.aliyuncs.com"
PLACE = "portal_grant_target.secret.quickbi"
_COLUMNS = select(*GrantTargetSettings.__table__.columns).where(
    GrantTargetSettings.name == TargetName.QUICKBI.value
)


@dataclass(frozen=True, kw_only=True)
class QuickBIStore:
    """Reads on a connection of its own, so that no transaction is open when a call follows."""

    box: SecretBox

    def read(self) -> QuickBIBinding | None:
        """Return the opened binding, or None; raises ``SecretUnreadable`` when the secret key changed."""
        with db.engine.connect() as connection:
            row = connection.execute(_COLUMNS).one_or_none()
        if row is None or not row.secret_sealed or not row.options.get("key_id"):
            return None
        address = urlsplit(str(row.options.get("endpoint") or DEFAULT_ENDPOINT))
        return QuickBIBinding(
            key_id=str(row.options["key_id"]),
            secret=self.box.open(row.secret_sealed, place=PLACE),
            host=address.netloc,
            protocol=address.scheme,
            options=options_of(row.options),
            version=row.version,
        )


def options_of(stored: dict[str, Any]) -> QuickBIOptions:
    """Return what an admin decided beside endpoint and key."""
    return QuickBIOptions.from_json(stored.get("decisions") or {})
