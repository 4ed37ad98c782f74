"""Links that came from outside: shown only where they cannot do harm."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def safe_link(address: str | None) -> str:
    """Return ``address`` when it is https, or http on this machine (the sandbox); else nothing."""
    try:
        parts = urlsplit(address or "")
        host = parts.hostname or ""
    except ValueError:
        return ""
    if not host or parts.scheme not in ("http", "https"):
        return ""
    return (address or "") if parts.scheme == "https" or _is_loopback(host) else ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
