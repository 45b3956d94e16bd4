"""Which addresses events may be sent to: public ones, judged by what their names resolve to.

A URL is read once, by the client that will connect, and what it resolves to is handed on to be connected to.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple

import httpx

from service.errors import WebhookInvalid

_LONGEST_URL = 2_000
# As browsers tell a number from a name: 0x7f.1 and 2130706433 are ways to write 127.0.0.1.
_ENDS_IN_A_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?", re.IGNORECASE)
# What the world can reach of IPv6; and the prefix under which a network translates to IPv4.
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Not all of these are private to the `ipaddress` of every Python. 2002::/16 wraps an IPv4 address, and is given up.
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "2002::/16", "3fff::/20"),
    )
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host, for a port; raises OSError where there are none."""


class Destination(NamedTuple):
    """A URL, and the addresses of its host that were found fit to connect to."""

    url: httpx.URL
    addresses: tuple[str, ...]


class HostNotFound(Exception):
    """The host has no address for now, which may pass."""


def resolve_host(host: str, port: int) -> list[str]:
    """Every address of a host, in the order the system prefers; waits for the network."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def check_url(url: str, *, allow_private: bool, resolve: Resolve = resolve_host) -> None:
    """Check that events may be sent to an address; looks its name up, which waits for the network.

    `allow_private` lets events go to this network and over plain http. Checked again at each sending.

    Raises:
        WebhookInvalid: it is no such address, or its name is unknown or leads to a network that is not public.
    """
    try:
        find_destination(url, allow_private=allow_private, resolve=resolve)
    except HostNotFound as error:
        raise WebhookInvalid(str(error)) from None


def find_destination(url: str, *, allow_private: bool, resolve: Resolve) -> Destination:
    """Check as `check_url` does, and keep what was found.

    Raises:
        HostNotFound: the host has no address for now.
        WebhookInvalid: events may not be sent there.
    """
    parsed = _parsed(url, allow_private=allow_private)
    host = parsed.raw_host.decode("ascii")
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    try:
        # An address of this link needs a zone, which no URL holds.
        addresses = tuple(address for address in resolve(host, port) if "%" not in address)
    except (OSError, UnicodeError):
        addresses = ()
    if not addresses:
        raise HostNotFound("The webhook's host has no address; check its name.")
    if not allow_private and not all(map(_is_public, addresses)):
        raise WebhookInvalid("The webhook's host is not on the public internet; give an address that is.")
    return Destination(parsed, addresses)


def _parsed(url: str, *, allow_private: bool) -> httpx.URL:
    """The URL as the client that connects reads it, so that nothing is read in two ways."""
    if len(url) > _LONGEST_URL:
        raise WebhookInvalid(f"The webhook's address is longer than {_LONGEST_URL:,} characters.")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise WebhookInvalid("The webhook's address is not a URL.") from None
    if parsed.scheme not in ({"http", "https"} if allow_private else {"https"}) or not parsed.raw_host:
        raise WebhookInvalid("The webhook's address does not begin with https:// and a host.")
    if parsed.userinfo:
        raise WebhookInvalid("The webhook's address has a user name or a password in it; leave them out.")
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        raise WebhookInvalid("The webhook's address has a port that does not exist; ports end at 65535.")
    host = parsed.raw_host.decode("ascii")
    if _ENDS_IN_A_NUMBER.fullmatch(host) and not _is_dotted(host):
        raise WebhookInvalid("The webhook's host is a number; write an IPv4 address as four decimal parts.")
    return parsed


def _is_dotted(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _is_public(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return _is_global(_meant(address))


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one is only another notation of, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address


def _is_global(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_IPV6:
        return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in _NOT_PUBLIC if network.version == address.version)
