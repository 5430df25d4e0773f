"""Where a webhook may go: an address that a bank names must not lead into anybody's internal network.

The address is read by one strict grammar, so that no two readers differ about its host. Names are resolved once, every
address found is checked, and the connection goes to one of those very addresses: what the name says a moment later does
not matter. Private networks are open only where the operator lists them (YINQIAO_WEBHOOK_ALLOWED_NETWORKS).
"""

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from app.errors import FieldError, Unprocessable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

LONGEST_URL: Final = 500
_HTTPS_PORT: Final = 443
_HTTP_PORT: Final = 80
_MOST_PORT: Final = 65_535
_FIRST_OPEN_PORT: Final = 1_024
_HTTP: Final = "http"
_V6: Final = 6
# Scheme, host, port, path and query: printable ASCII, no user, no fragment, no backslash, no bracket but an address's.
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(:(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>/[!-\"$-;=?-\[\]^-~]*)?",
    re.ASCII,
)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
# What some readers take for a number: 127.1, 0x7f.1, 017700000001. A name's last label is no number in any spelling.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_INTERNAL_NAMES: Final = frozenset(
    {"localhost", "local", "internal", "intranet", "corp", "home", "lan", "private", "invalid", "onion", "arpa"}
)
# Services that speak something else and might take a line of HTTP for a command.
_CLOSED_PORTS: Final = frozenset(
    {1_433, 1_521, 1_719, 1_720, 1_723, 2_049, 2_181, 2_375, 2_376, 2_379, 3_306, 3_389, 3_659, 4_045, 4_190, 5_060}
    | {5_061, 5_432, 5_900, 6_000, 6_379, 6_443, 6_566, 6_697, 9_042, 9_092, 9_200, 10_080, 10_250, 11_211, 27_017}
    | {*range(6_665, 6_670)}
)
# Beyond what the standard library knows as not global, which differs with its version: what the registries of special
# addresses hold, addresses that carry another one inside, and a cloud's own host.
_SPECIAL: Final = tuple(
    ip_network(one)
    for one in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/3", "168.63.129.16/32"),
        *("64:ff9b::/32", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
_GLOBAL_V6: Final = ip_network("2000::/3")
# The middle of the interface id of an address that tunnels to an IPv4 host within a site (ISATAP), either form.
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})


class TargetRefused(Unprocessable):
    """The address leads, or might lead, where a webhook must not go. `reason` is a stable code."""

    code = "target_refused"
    title = "不能向这个地址推送"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail, errors=(FieldError("/url", reason, detail),))
        self.reason = reason


class NameNotFound(Exception):
    """The resolver knows no address of the name."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart; `literal` is set where the host is an IP address itself."""

    scheme: str
    host: str
    port: int
    path: str
    literal: Address | None

    @property
    def authority(self) -> str:
        """What stands in the Host header."""
        host = f"[{self.host}]" if self.literal is not None and self.literal.version == _V6 else self.host
        return host if self.port == _usual_port(self.scheme) else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """An address as its parts. Raises TargetRefused where it is not plainly one."""
    found = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if found is None:
        raise TargetRefused(
            "not_an_address",
            "应为 https://主机[:端口]/路径，最多 500 个字符；主机用小写英文域名（中文域名写成 xn-- 形式），"
            "不含用户名、反斜线和 #",
        )
    port = int(found["port"] or _usual_port(found["scheme"]))
    if port > _MOST_PORT:
        raise TargetRefused("port_refused", "端口须在 1 到 65535 之间")
    host = found["host"].strip("[]")
    return Target(found["scheme"], host, port, found["path"] or "/", _literal(found["host"], host))


def _usual_port(scheme: str) -> int:
    return _HTTP_PORT if scheme == _HTTP else _HTTPS_PORT


def _literal(written: str, host: str) -> Address | None:
    """The IP address that a host is, or None for a name. Raises TargetRefused for what is neither beyond doubt."""
    labels = host.split(".")
    if written.startswith("[") or _NUMBER.fullmatch(labels[-1]):
        try:
            address = ip_address(host)
        except ValueError:
            raise TargetRefused("host_refused", "主机看似数字地址但写法不标准，请写域名") from None
        if written.startswith("[") != (address.version == _V6):
            raise TargetRefused("host_refused", "只有 IPv6 地址写在方括号里")
        return address
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise TargetRefused("host_refused", "主机名不合规范，请写完整的域名，如 hooks.example.cn")
    return None


@dataclass(frozen=True, slots=True)
class Policy:
    """Which addresses are open: all public ones over https, and whatever the operator allows."""

    allowed: tuple[Network, ...] = ()

    def checked(self, target: Target, addresses: Iterable[Address]) -> list[Address]:
        """The addresses, all of which may be connected to. Raises TargetRefused where one of them may not.

        A name with one public and one private address is refused: which of them would be used is anybody's guess.
        """
        found = list(dict.fromkeys(addresses))
        if not found:
            raise NameNotFound(target.host)
        if all(self._is_allowed(one) for one in found):
            return found
        if target.scheme == _HTTP:
            raise TargetRefused("https_required", "请用 https 地址；http 只能用于运行单位允许的内部网段")
        if any(_is_closed(one) for one in found if not self._is_allowed(one)):
            raise TargetRefused(
                "address_refused", "这个地址指向内部网络或保留网段，不能推送；确需如此，请运行单位把网段列入允许的范围"
            )
        if target.port != _HTTPS_PORT and (target.port < _FIRST_OPEN_PORT or target.port in _CLOSED_PORTS):
            raise TargetRefused("port_refused", "不能用这个端口，请用 443 或 1024 以上不属于其他常见服务的端口")
        return found

    def check_unresolved(self, target: Target) -> None:
        """A name that leads nowhere yet may be registered, unless it plainly is nobody's on the open network."""
        labels = target.host.split(".")
        if target.scheme == _HTTP:
            raise TargetRefused("https_required", "请用 https 地址；http 只能用于运行单位允许的内部网段")
        if len(labels) == 1 or labels[-1] in _INTERNAL_NAMES:
            raise TargetRefused("host_refused", "请写公网可解析的完整域名，如 hooks.example.cn")

    def _is_allowed(self, address: Address) -> bool:
        return any(address.version == one.version and address in one for one in self.allowed)


def _is_closed(address: Address) -> bool:
    """Whether an address is not one host on the open network, or carries another address inside."""
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return True
    if any(address.version == one.version and address in one for one in _SPECIAL):
        return True
    if isinstance(address, IPv4Address):
        return False
    return address not in _GLOBAL_V6 or (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP


def addresses_of(target: Target, resolve: Resolve) -> list[Address]:
    """Where a target is, asked of the resolver once; none where it does not know. An address is its own."""
    if target.literal is not None:
        return [target.literal]
    found = []
    for text in resolve(target.host, target.port):
        # A zone (fe80::1%eth0) names an interface of this machine: only local addresses have one.
        if "%" in text:
            raise TargetRefused("address_refused", "这个地址指向内部网络或保留网段，不能推送")
        found.append(ip_address(text))
    return found


def system_resolver(host: str, port: int) -> list[str]:
    """What the machine's own resolver answers, in its order of preference; nothing where it knows none. May block."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]
