"""Which addresses a webhook may have: nobody may make the portal call into networks that are not meant for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from portal.name_lookup import NameUnknown, Number, numbers_of

LONGEST_ADDRESS = 1024
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_NAT64 = ip_network("64:ff9b::/96")
# Called global by Python, though routers may turn them into addresses inside: IPv4-compatible and IPv4-translated
# addresses, an organisation's own NAT64, and what was site-local.
_NOT_PUBLIC = tuple(map(ip_network, ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "fec0::/10")))

Network = IPv4Network | IPv6Network


class AddressFault(StrEnum):
    """Why an address cannot be a webhook's."""

    NOT_AN_ADDRESS = "not_an_address"
    NOT_HTTPS = "not_https"
    HAS_PASSWORD = "has_password"  # noqa: S105  a reason, not a password
    UNKNOWN_HOST = "unknown_host"
    PRIVATE = "private"


class AddressRefused(Exception):
    """An address that may not be called."""

    def __init__(self, fault: AddressFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, kw_only=True)
class AddressRules:
    """``networks`` are those inside that the operators allow beside everything public.

    Plain http is for this machine, where that is among them.
    """

    networks: tuple[Network, ...] = ()

    def read(self, url: str) -> SplitResult:
        """Return the parts of an address whose shape is right; raises ``AddressRefused``."""
        if len(url) > LONGEST_ADDRESS or not (url.isascii() and url.isprintable()) or " " in url:
            raise AddressRefused(AddressFault.NOT_AN_ADDRESS)
        try:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
                raise AddressRefused(AddressFault.NOT_AN_ADDRESS)
            parts.hostname.encode("idna")
            _ = parts.port  # read for its ValueError
        except ValueError:
            raise AddressRefused(AddressFault.NOT_AN_ADDRESS) from None
        if "@" in parts.netloc:
            raise AddressRefused(AddressFault.HAS_PASSWORD)
        if parts.scheme == "http" and not self._is_this_machine(parts.hostname):
            raise AddressRefused(AddressFault.NOT_HTTPS)
        return parts

    def resolve(self, host: str, port: int, *, seconds: float) -> list[Number]:
        """Look a host up within ``seconds`` and return its numbers, all of which may be called.

        Raises ``AddressRefused``.
        """
        try:
            numbers = numbers_of(host, port, seconds=seconds)
        except NameUnknown:
            raise AddressRefused(AddressFault.UNKNOWN_HOST) from None
        if not all(self._is_allowed(each) for each in numbers):
            raise AddressRefused(AddressFault.PRIVATE)
        return numbers

    def _is_allowed(self, number: Number) -> bool:
        inner = _inner(number)
        if any(inner in network for network in self.networks):
            return True
        if any(number in network for network in _NOT_PUBLIC):
            return False
        return all(each.is_global and not each.is_multicast for each in (number, inner))

    def _is_this_machine(self, host: str) -> bool:
        if host == "localhost":
            return any(each in self.networks for each in LOOPBACK)
        try:
            number = ip_address(host)
        except ValueError:
            return False
        return number.is_loopback and any(number in network for network in self.networks)


def leads_to(url: str) -> str:
    """Return of an address only the host that it leads to: path and query may hold a key."""
    parts = urlsplit(url)
    if not parts.netloc:
        return ""
    return f"{parts.scheme}://{parts.netloc}/" + ("…" if parts.path.strip("/") or parts.query else "")


def _inner(number: Number) -> Number:
    """Return the IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(number, IPv4Address):
        return number
    if number in _NAT64:
        return IPv4Address(int(number) & 0xFFFFFFFF)
    return number.ipv4_mapped or number.sixtofour or (number.teredo or (None, number))[1]
