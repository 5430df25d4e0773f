"""Receivers of webhooks on this machine: one that is good, and many that are bad in one way each.

All run in one thread of their own with an event loop; what each has taken stands in `taken`, in the order of arrival.
"""

import asyncio
import json
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Behave: TypeAlias = Callable[["Receiver", "Taken", Writer], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Taken:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.body)
        return read


@dataclass
class Receiver:
    """One listening port."""

    behave: Behave
    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    # Whatever happens anywhere, in order: for tests of who came before whom.
    journal: list[tuple[str, str]] = field(default_factory=list)
    name: str = "receiver"
    # What it says before it is asked, and hangs up.
    greeting: bytes = b""
    left: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, requests: int) -> None:
        """Until so many have come in. For a thread that is not the receivers'."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.taken) >= requests, timeout=60), f"{len(self.taken)} came"

    def url(self, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}/hook"

    async def serve(self, reader: Reader, writer: Writer) -> None:
        if self.greeting:
            writer.write(self.greeting)
            writer.close()
            return
        try:
            while (taken := await read_request(reader)) is not None:
                with self.arrived:
                    self.taken.append(taken)
                    self.journal.append((self.name, taken.headers["webhook-id"]))
                    self.arrived.notify_all()
                await self.behave(self, taken, writer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            return
        finally:
            writer.close()


async def read_request(reader: Reader) -> Taken | None:
    """One request of HTTP/1.1 with a Content-Length; None where the sender has hung up."""
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *lines = head.decode().strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Taken(first.split()[1], headers, body)


class Town:
    """A thread with receivers; all of them are gone when it closes."""

    def __init__(self) -> None:
        self.journal: list[tuple[str, str]] = []
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._receivers: list[Receiver] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def receiver(self, behave: Behave, name: str = "receiver", tls: ssl.SSLContext | None = None) -> Receiver:
        """One more, listening."""
        made = Receiver(behave, journal=self.journal, name=name)

        async def listen() -> None:
            server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
            made.port = server.sockets[0].getsockname()[1]
            self._servers.append(server)

        asyncio.run_coroutine_threadsafe(listen(), self._loop).result()
        self._receivers.append(made)
        return made

    def release(self) -> None:
        """Let everybody go who hangs."""
        for one in self._receivers:
            self._loop.call_soon_threadsafe(one.released.set)

    def close_servers(self) -> None:
        """Nobody listens any more."""

        async def stop() -> None:
            for server in self._servers:
                server.close()

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result()

    def close(self) -> None:
        async def shut() -> None:
            for one in self._receivers:
                one.released.set()
            for server in self._servers:
                server.close()
            mine = asyncio.current_task()
            others = [task for task in asyncio.all_tasks() if task is not mine]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def a_town() -> Iterator[Town]:
    made = Town()
    try:
        yield made
    finally:
        made.close()


async def good(_receiver: Receiver, _taken: Taken, writer: Writer) -> None:
    writer.write(OK)


def status(line: str, *headers: str) -> Behave:
    """Answers with this status line."""
    told = "".join(f"{one}\r\n" for one in headers)

    async def behave(_receiver: Receiver, _taken: Taken, writer: Writer) -> None:
        writer.write(f"HTTP/1.1 {line}\r\n{told}Content-Length: 0\r\n\r\n".encode())

    return behave


def raw(content: bytes) -> Behave:
    """Answers with these bytes and hangs up."""

    async def behave(_receiver: Receiver, _taken: Taken, writer: Writer) -> None:
        writer.write(content)
        await writer.drain()
        raise ConnectionAbortedError

    return behave


async def hang(receiver: Receiver, _taken: Taken, _writer: Writer) -> None:
    await receiver.released.wait()
    raise ConnectionAbortedError


async def drip(receiver: Receiver, _taken: Taken, writer: Writer) -> None:
    """A header of which another byte comes again and again, so that no read ever times out."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while not receiver.released.is_set():
        writer.write(b"x")
        await writer.drain()
        await asyncio.wait([asyncio.ensure_future(receiver.released.wait())], timeout=0.02)
    raise ConnectionAbortedError


async def reset(_receiver: Receiver, _taken: Taken, writer: Writer) -> None:
    own = writer.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    raise ConnectionAbortedError


async def giant_body(_receiver: Receiver, _taken: Taken, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(10_000):
        writer.write(b"x" * 100_000)
        await writer.drain()


async def giant_header(_receiver: Receiver, _taken: Taken, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        writer.write(b"X-%d: %s\r\n" % (number, b"x" * 1_000))
        await writer.drain()


async def notices(_receiver: Receiver, _taken: Taken, writer: Writer) -> None:
    """Interim answers without end."""
    for _ in range(100_000):
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)
        await writer.drain()


def fails_first(times: int, behave: Behave) -> Behave:
    """Bad for so many requests, and good afterwards."""

    async def both(receiver: Receiver, taken: Taken, writer: Writer) -> None:
        receiver.left += 1
        await (behave if receiver.left <= times else good)(receiver, taken, writer)

    return both
