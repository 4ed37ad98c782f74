"""Deployment settings, read once from the environment; every fault is reported at the same time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

PROJECT_ROOT = Path(__file__).resolve().parent.parent
SHORTEST_SECRET_KEY = 32
DEFAULT_WORKER_CONCURRENCY = 6
# DingTalk allows an app 20 calls a second of each API; a little is left to others who use the same app.
DEFAULT_DINGTALK_CALLS_PER_SECOND = 18
LOOPBACK = "127.0.0.0/8, ::1/128"

DINGTALK_ADDRESSES = {
    "DINGTALK_API_URL": "https://api.dingtalk.com",
    "DINGTALK_OAPI_URL": "https://oapi.dingtalk.com",
    "DINGTALK_LOGIN_URL": "https://login.dingtalk.com",
    "DINGTALK_APPLINK_URL": "https://applink.dingtalk.com",
    "DINGTALK_OA_URL": "https://aflow.dingtalk.com",
    "DINGTALK_CONSOLE_URL": "https://open-dev.dingtalk.com",
}


class SettingsError(Exception):
    """The environment cannot start a portal; ``faults`` names each reason with its remedy."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, kw_only=True)
class DingTalkAddresses:
    """Where DingTalk (or the sandbox) answers; only these differ between the two."""

    api: str
    oapi: str
    login: str
    applink: str
    oa: str
    console: str


@dataclass(frozen=True, kw_only=True)
class InitialBinding:
    """First values of the DingTalk app binding; the settings page edits them afterwards."""

    corp_id: str = ""
    app_key: str = ""
    app_secret: str = field(default="", repr=False)
    agent_id: str = ""
    callback_token: str = field(default="", repr=False)
    callback_aes_key: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class InitialQuickBI:
    """First values of the way to Quick BI; the settings page edits them afterwards."""

    endpoint: str = ""
    access_key_id: str = ""
    access_key_secret: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that a process of the portal is told from outside."""

    secret_key: str = field(repr=False)
    database_url: str = field(repr=False)
    public_url: str
    instance_path: Path
    host: str
    port: int
    threads: int
    is_demo: bool
    metrics_token: str = field(repr=False)
    trusted_proxy: str
    dingtalk: DingTalkAddresses
    initial_binding: InitialBinding
    initial_quickbi: InitialQuickBI
    sandbox_url: str
    worker_id: str
    worker_concurrency: int
    dingtalk_calls_per_second: int
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded engine is in use."""
        return self.database_url.startswith("sqlite")

    @property
    def is_https(self) -> bool:
        """Whether people reach the portal over https; cookies are Secure then."""
        return self.public_url.startswith("https://")


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Build ``Settings`` from environment variables.

    Every variable may be given as ``NAME_FILE`` naming a file that holds the value. Raises ``SettingsError``
    with all faults at once.
    """
    reader = _Reader(environ)
    is_demo = reader.text("PORTAL_DEMO") == "1"
    instance_path = Path(reader.text("PORTAL_INSTANCE") or PROJECT_ROOT / "instance").resolve()
    host = reader.text("PORTAL_HOST") or "127.0.0.1"
    port = reader.number("PORTAL_PORT", default=8000)
    settings = Settings(
        secret_key=reader.secret_key(),
        database_url=reader.database_url(instance_path),
        public_url=reader.address("PORTAL_PUBLIC_URL", default=f"http://127.0.0.1:{port}", is_demo=is_demo),
        instance_path=instance_path,
        host=host,
        port=port,
        threads=reader.number("PORTAL_THREADS", default=8),
        is_demo=is_demo,
        metrics_token=reader.text("PORTAL_METRICS_TOKEN"),
        trusted_proxy=reader.text("PORTAL_TRUSTED_PROXY"),
        dingtalk=_dingtalk_addresses(reader, is_demo=is_demo),
        initial_binding=_initial_binding(reader),
        initial_quickbi=InitialQuickBI(
            endpoint=reader.text("QUICKBI_ENDPOINT"),
            access_key_id=reader.text("QUICKBI_ACCESS_KEY_ID"),
            access_key_secret=reader.text("QUICKBI_ACCESS_KEY_SECRET"),
        ),
        sandbox_url=reader.text("SANDBOX_PUBLIC_URL") if is_demo else "",
        worker_id=reader.worker_id(),
        worker_concurrency=reader.number("PORTAL_WORKER_CONCURRENCY", default=DEFAULT_WORKER_CONCURRENCY),
        dingtalk_calls_per_second=reader.number(
            "PORTAL_DINGTALK_CALLS_PER_SECOND", default=DEFAULT_DINGTALK_CALLS_PER_SECOND
        ),
        webhook_networks=reader.networks("PORTAL_WEBHOOK_NETWORKS", default=LOOPBACK if is_demo else ""),
    )
    if reader.faults:
        raise SettingsError(reader.faults)
    return settings


def _dingtalk_addresses(reader: _Reader, *, is_demo: bool) -> DingTalkAddresses:
    found = {
        name: reader.address(name, default=default, is_demo=is_demo)
        for name, default in DINGTALK_ADDRESSES.items()
    }
    return DingTalkAddresses(
        api=found["DINGTALK_API_URL"],
        oapi=found["DINGTALK_OAPI_URL"],
        login=found["DINGTALK_LOGIN_URL"],
        applink=found["DINGTALK_APPLINK_URL"],
        oa=found["DINGTALK_OA_URL"],
        console=found["DINGTALK_CONSOLE_URL"],
    )


def _initial_binding(reader: _Reader) -> InitialBinding:
    return InitialBinding(
        corp_id=reader.text("DINGTALK_CORP_ID"),
        app_key=reader.text("DINGTALK_APP_KEY"),
        app_secret=reader.text("DINGTALK_APP_SECRET"),
        agent_id=reader.text("DINGTALK_AGENT_ID"),
        callback_token=reader.text("DINGTALK_CALLBACK_TOKEN"),
        callback_aes_key=reader.text("DINGTALK_CALLBACK_AES_KEY"),
    )


class _Reader:
    """Reads variables and gathers faults instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []

    def text(self, name: str) -> str:
        file_name = self._environ.get(f"{name}_FILE", "")
        if not file_name:
            return self._environ.get(name, "").strip()
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            self.faults.append(f"{name}_FILE names a file that cannot be read: {error.strerror}.")
        except UnicodeDecodeError:
            self.faults.append(f"{name}_FILE names a file that is not text in UTF-8.")
        return ""

    def number(self, name: str, *, default: int) -> int:
        text = self.text(name)
        if not text:
            return default
        if text.isdecimal() and 0 < int(text) < 65536:
            return int(text)
        self.faults.append(f"{name} must be a whole number from 1 to 65535.")
        return default

    def networks(self, name: str, *, default: str) -> tuple[IPv4Network | IPv6Network, ...]:
        try:
            return tuple(
                ip_network(each.strip()) for each in (self.text(name) or default).split(",") if each.strip()
            )
        except ValueError:
            self.faults.append(f"{name} must be networks like 10.0.0.0/8, with commas between them.")
        return ()

    def worker_id(self) -> str:
        value = self.text("PORTAL_WORKER_ID")
        if value and not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
            self.faults.append(
                "PORTAL_WORKER_ID must be 1 to 64 letters, digits, dots, hyphens and underscores, "
                "and different for every worker."
            )
        return value

    def secret_key(self) -> str:
        value = self.text("PORTAL_SECRET_KEY")
        if len(value) < SHORTEST_SECRET_KEY:
            self.faults.append(
                f"PORTAL_SECRET_KEY must hold at least {SHORTEST_SECRET_KEY} characters. Make one with: "
                'python3 -c "import secrets; print(secrets.token_urlsafe(48))" and keep it safe: '
                "stored DingTalk secrets cannot be read without it."
            )
        return value

    def database_url(self, instance_path: Path) -> str:
        value = self.text("PORTAL_DATABASE_URL")
        if not value:
            return f"sqlite:///{instance_path / 'portal.sqlite3'}"
        if value.startswith(("postgresql://", "postgres://")):
            return "postgresql+psycopg://" + value.split("://", 1)[1]
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            self.faults.append("PORTAL_DATABASE_URL must start with sqlite:/// or postgresql://.")
        return value

    def address(self, name: str, *, default: str, is_demo: bool) -> str:
        value = (self.text(name) or default).rstrip("/")
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self.faults.append(f"{name} must be an address like https://portal.example.com.")
        elif parts.scheme == "http" and not is_demo and not _is_loopback(parts.hostname):
            self.faults.append(f"{name} must use https: plain http is for addresses on this machine only.")
        return value


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
