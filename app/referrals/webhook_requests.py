"""One signed request to one receiver, bounded in time and in bytes, over connections that were checked beforehand.

Made on httpcore, which lets the caller bring the network: connections are only ever opened to one of the addresses that
the policy has passed; Host, SNI and the certificate are those of the name. Redirects are an answer like any other.
"""

import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import anyio
import httpcore

from app.referrals.targets import Address, Target

GONE: Final = 410
_LATER: Final = frozenset({429, 503})
_SUCCESS: Final = range(200, 300)
_REDIRECT: Final = range(300, 400)
_EXPIRED: Final = 10
_OTHER_HOST: Final = frozenset({62, 64})


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that one request may take: seconds as a whole, bytes of the answer, seconds for an unread remainder."""

    seconds: float = 10.0
    answer_bytes: int = 65_536
    drain_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: a status, or what went wrong before there was one, as a stable code."""

    status: int | None = None
    error: str | None = None
    retry_after: str | None = None

    @property
    def is_success(self) -> bool:
        """A 2xx, whatever stands in its body."""
        return self.error is None

    @property
    def is_gone(self) -> bool:
        """The receiver wants no more of it."""
        return self.status == GONE


class Line(Protocol):
    """Where requests to one receiver go for a while."""

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one message; never raises for what the receiver does."""

    async def aclose(self) -> None:
        """Hang up."""


class DeadLine:
    """A receiver that cannot be called at all: its name is unknown, or leads where nothing may go."""

    def __init__(self, error: str) -> None:
        self._error = error

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        return Answer(error=self._error)

    async def aclose(self) -> None:
        """Nothing is open."""


class CheckedLine:
    """Connections to one target, whose addresses have been checked. One request at a time."""

    def __init__(self, target: Target, addresses: Sequence[Address], trust: ssl.SSLContext, bounds: Bounds) -> None:
        self._bounds = bounds
        self._network = _Pinned(addresses)
        self._url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        self._host = target.authority
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust, max_connections=1, http2=False, retries=0, network_backend=self._network
        )

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        self._network.left = self._bounds.answer_bytes
        try:
            with anyio.fail_after(self._bounds.seconds):
                return await self._post({"Host": self._host, **headers, "Content-Length": str(len(body))}, body)
        except (TimeoutError, httpcore.TimeoutException):
            return Answer(error="timeout")
        except _TooLong:
            return Answer(error="answer_too_long")
        except httpcore.ConnectError as error:
            return Answer(error=_why_not_connected(error))
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            came_nothing = self._network.left == self._bounds.answer_bytes
            return Answer(error="connection_broken" if came_nothing else "invalid_answer")
        except ssl.SSLError:
            return Answer(error="tls_failed")
        except (httpcore.NetworkError, OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return Answer(error="connection_broken")

    async def _post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        async with self._pool.stream("POST", self._url, headers=list(headers.items()), content=body) as response:
            await self._drain(response)
            told = {name.lower(): value for name, value in response.headers}
            return _answer(response.status, told.get(b"retry-after"))

    async def _drain(self, response: httpcore.Response) -> None:
        """Read a short remainder, so that the connection can serve again. The status is known whatever it holds."""
        try:
            with anyio.move_on_after(self._bounds.drain_seconds):
                async for _ in response.aiter_stream():
                    continue
        except (_TooLong, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError):
            return

    async def aclose(self) -> None:
        await self._pool.aclose()


def _answer(status: int, retry_after: bytes | None) -> Answer:
    if status in _SUCCESS:
        return Answer(status)
    if status in _REDIRECT:
        return Answer(status, "redirected")
    if status == GONE:
        return Answer(status, "gone")
    later = retry_after.decode("latin-1") if retry_after is not None and status in _LATER else None
    return Answer(status, "status_refused", later)


def _why_not_connected(error: BaseException) -> str:
    """A certificate's fault has a code of its own, because the receiver can mend it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            if cause.verify_code == _EXPIRED:
                return "certificate_expired"
            return "certificate_other_host" if cause.verify_code in _OTHER_HOST else "certificate_untrusted"
        if isinstance(cause, ssl.SSLError):
            return "tls_failed"
        cause = cause.__cause__ or cause.__context__
    return "connection_failed"


class _TooLong(Exception):
    """The answer, headers and notices before it included, has more bytes than it may."""


class _Pinned(httpcore.AsyncNetworkBackend):
    """The network, as far as these addresses; `left` is how many bytes may still come in."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self.left = 0
        self._addresses = addresses
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """To the first address that answers; the name is not asked for again."""
        *others, last = self._addresses
        for address in others:
            try:
                return _Counted(await self._inner.connect_tcp(str(address), port, timeout), self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return _Counted(await self._inner.connect_tcp(str(last), port, timeout), self)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise httpcore.ConnectError("no sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


class _Counted(httpcore.AsyncNetworkStream):
    """A stream that gives up where too much comes in."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, network: _Pinned) -> None:
        self._inner, self._network = inner, network

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._network.left <= 0:
            raise _TooLong
        read = await self._inner.read(min(max_bytes, self._network.left), timeout)
        self._network.left -= len(read)
        return read

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _Counted(await self._inner.start_tls(ssl_context, server_hostname, timeout), self._network)
        except BaseException:
            # The library hangs up after errors of its own, and not where our time is over in mid-handshake.
            with anyio.CancelScope(shield=True):
                await self._inner.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
