"""From a subscription to where and how a message is pushed, with the spoiled variants of the wrong-key fault."""

from __future__ import annotations

from dataclasses import replace

from portal.sandbox.config import SandboxConfig
from portal.sandbox.faults import SealPart
from portal.sandbox.push.post import Target
from portal.sandbox.settings import OwnerKeyKind, Settings, Subscription

OTHER_AES_KEY = "sandboxSANDBOXsandboxSANDBOXsandboxSANDBOX0"


def target_of(
    subscription: Subscription, *, settings: Settings, config: SandboxConfig, seal_fault: str = ""
) -> Target:
    """``seal_fault`` names the part that is wrong (``SealPart``), or is empty."""
    owned_by_app = settings.owner_key_kind is OwnerKeyKind.APP_KEY
    target = Target(
        url=subscription.url,
        aes_key=subscription.aes_key,
        token=subscription.token,
        owner_key=config.app_key if owned_by_app else config.corp_id,
        signature_parameter=settings.signature_parameter,
        timeout_milliseconds=settings.delivery_timeout_milliseconds,
    )
    if seal_fault == SealPart.AES_KEY:
        return replace(target, aes_key=OTHER_AES_KEY)
    if seal_fault == SealPart.TOKEN:
        return replace(target, token=f"{target.token}x")
    if seal_fault == SealPart.OWNER:
        return replace(target, owner_key="dingSomebodyElse")
    return target
