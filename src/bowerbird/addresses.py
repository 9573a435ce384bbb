"""Which hosts a URL from outside may name: public ones, and private ones that the operator allows."""

import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.request import getproxies

import httpx2

from bowerbird.errors import InputDownloadFailed, InputUrlInvalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]  # host name and port -> addresses; OSError if there are none

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")  # a last label like this makes the host an address, or a trick
_PRIVATE_NAMES = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa")

# Listed here rather than asked of `ipaddress`, whose answers differ between releases of Python.
_SPECIAL: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "an unspecified"),
    ("10.0.0.0/8", "a private"),
    ("100.64.0.0/10", "a carrier-grade NAT"),
    ("127.0.0.0/8", "a loopback"),
    ("169.254.0.0/16", "a link-local"),
    ("172.16.0.0/12", "a private"),
    ("192.168.0.0/16", "a private"),
    ("192.0.0.0/24", "a reserved"),
    ("192.0.2.0/24", "a reserved"),
    ("192.88.99.0/24", "a reserved"),
    ("198.18.0.0/15", "a reserved"),
    ("198.51.100.0/24", "a reserved"),
    ("203.0.113.0/24", "a reserved"),
    ("224.0.0.0/4", "a multicast"),
    ("240.0.0.0/4", "a reserved"),
    ("::/128", "an unspecified"),
    ("::1/128", "a loopback"),
    ("fc00::/7", "a private"),
    ("fec0::/10", "a private"),
    ("fe80::/10", "a link-local"),
    ("ff00::/8", "a multicast"),
    ("2001::/23", "a reserved"),
    ("2001:db8::/32", "a reserved"),
    ("2002::/16", "a reserved"),  # 6to4, which is given up
    ("3fff::/20", "a reserved"),
)
_BLOCKS = tuple((ipaddress.ip_network(block), word) for block, word in _SPECIAL)
_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


def resolve_with_system(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be fetched, and how.

    `allow` names hosts ("minio.internal", "*.corp.example"), addresses or networks ("10.0.0.0/8") that may be
    reached although they are private. `proxies` is shaped like `urllib.request.getproxies()`. Without `tls`
    the authorities hold that this machine trusts.
    """

    allow: tuple[str, ...] = ()
    proxies: Mapping[str, str] = field(default_factory=dict)
    resolve: Resolve = resolve_with_system
    tls: ssl.SSLContext | None = None

    @classmethod
    def of_this_machine(cls, allow: Sequence[str]) -> "Policy":
        """With the proxies of the usual variables: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY."""
        return cls(allow=tuple(allow), proxies=getproxies())


@dataclass(frozen=True, slots=True)
class Target:
    """Where a checked URL leads: connect to one of `addresses` and to nothing else, or to `proxy` if set."""

    url: httpx2.URL  # the host in ASCII and without a dot at its end
    host: str
    port: int
    addresses: tuple[str, ...]  # empty if a proxy will resolve the name
    proxy: str


def check_host(url: str, policy: Policy) -> Target:
    """Where `url` leads, if it may be used: http or https, no credentials, no private host. Blocks on DNS.

    Raises InputUrlInvalid, and InputDownloadFailed if the name has no address. Names that go through a proxy
    are not resolved here: only private names are refused then, and their addresses are the proxy's business.
    """
    parsed = _parse(url)
    host = parsed.raw_host.decode("ascii").lower().removesuffix(".")
    port = parsed.port or _PORTS[parsed.scheme]
    literal = _literal(host)
    proxy = _proxy(parsed.scheme, host, literal, policy.proxies)
    if literal:
        addresses: tuple[str, ...] = (str(literal),)
    elif proxy:
        addresses = ()
        _check_name(host, policy.allow)
    else:
        addresses = _resolve(host, port, policy.resolve)
    for address in addresses:
        _check_address(host, ipaddress.ip_address(address), policy.allow)
    return Target(parsed.copy_with(host=host, fragment=None), host, port, addresses, proxy)


def kind_of(address: Address) -> str:
    """Why an address is not public ("a private", "a loopback", …), empty if it is. Sees embedded IPv4."""
    if isinstance(address, ipaddress.IPv6Address) and (inner := _embedded(address)) is not None:
        word = kind_of(inner)
        if word or address.ipv4_mapped or address in _NAT64:
            return word
    for block, word in _BLOCKS:
        if address.version == block.version and address in block:
            return word
    return "a reserved" if address.version == 6 and address not in _UNICAST else ""


def _parse(url: str) -> httpx2.URL:
    if any(char <= "\x1f" or char in "\x7f\\" for char in url):
        raise InputUrlInvalid("it has a character that URLs may not have")
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise InputUrlInvalid("it cannot be read as a URL") from error
    if parsed.scheme not in _PORTS:
        raise InputUrlInvalid("it does not start with http:// or https://")
    if parsed.userinfo:
        raise InputUrlInvalid("it carries a user name or password")
    if not parsed.host:
        raise InputUrlInvalid("it names no host")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise InputUrlInvalid("its port is not between 1 and 65535")
    return parsed


def _literal(host: str) -> Address | None:
    """The address that `host` is, None if it is a name."""
    if "%" not in host:  # a zone names an interface of this machine
        with suppress(ValueError):
            return ipaddress.ip_address(host)
    if not _NAME.fullmatch(host):
        raise InputUrlInvalid("its host is neither a name nor an address")
    if _NUMBER.fullmatch(
        host.rpartition(".")[2]
    ):  # 127.1, 0x7f000001, 0177.0.0.1: read differently by everyone
        raise InputUrlInvalid("its host is not an address of four decimal numbers")
    return None


def _resolve(host: str, port: int, resolve: Resolve) -> tuple[str, ...]:
    try:
        addresses = tuple(resolve(host, port))
    except (OSError, UnicodeError) as error:
        raise InputDownloadFailed("the name of its host has no address") from error
    if not addresses:
        raise InputDownloadFailed("the name of its host has no address")
    return addresses


def _check_address(host: str, address: Address, allow: Sequence[str]) -> None:
    word = kind_of(address)
    if word and not _is_allowed(host, address, allow):
        raise InputUrlInvalid(f"its host has {word} address, which the setting fetch_allow does not allow")


def _check_name(host: str, allow: Sequence[str]) -> None:
    is_private = "." not in host or any(f".{host}".endswith(f".{name}") for name in _PRIVATE_NAMES)
    if is_private and not _is_allowed(host, None, allow):
        raise InputUrlInvalid("its host has a private name, which the setting fetch_allow does not allow")


def _is_allowed(host: str, address: Address | None, allow: Sequence[str]) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(_names_host(entry.lower(), host) or _holds(entry, address) for entry in allow)


def _names_host(entry: str, host: str) -> bool:
    if entry.startswith(("*.", ".")):
        return host.endswith("." + entry.removeprefix("*").removeprefix("."))
    return entry == host


def _holds(entry: str, address: Address | None) -> bool:
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
    return address is not None and address.version == network.version and address in network


def _proxy(scheme: str, host: str, literal: Address | None, proxies: Mapping[str, str]) -> str:
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    excepted = (entry.strip().lower() for entry in proxies.get("no", "").split(","))
    if not proxy or any(_excepts(entry, host) or _holds(entry, literal) for entry in excepted):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _excepts(entry: str, host: str) -> bool:
    """Whether an entry of NO_PROXY names the host: `corp.example` holds for everything below it, too."""
    suffix = entry.removeprefix("*").removeprefix(".")
    return entry == "*" or (suffix != "" and f".{host}".endswith(f".{suffix}"))


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a translator or tunnel would reach by an IPv6 one."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address in _NAT64 or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
