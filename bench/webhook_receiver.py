"""The banks of the benchmark in a process of their own: they verify every signature and count what came.

`python -m bench.webhook_receiver` prints its port. POST /<bank> takes a message, signed with the secret that
`secret_of` makes of the bank's number; GET / tells by bank how many there were, how many of them were different, and
how many were signed wrongly.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections import Counter, defaultdict
from typing import Final

_OK: Final = b"HTTP/1.1 204 No Content\r\n\r\n"


def secret_of(bank: int) -> str:
    """A secret that both sides know."""
    return "whsec_" + base64.b64encode(hashlib.sha256(b"bench %d" % bank).digest()).decode()


class Banks:
    """All banks; they verify by hand, not with the library that signed."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.different: defaultdict[str, set[str]] = defaultdict(set)

    def take(self, bank: str, headers: dict[str, str], body: bytes) -> None:
        key = base64.b64decode(secret_of(int(bank)).removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        self.messages[bank] += 1
        self.wrong[bank] += wanted not in headers["webhook-signature"].split()
        self.different[bank].add(headers["webhook-id"])

    def told(self) -> bytes:
        counts = {one: [self.messages[one], len(self.different[one]), self.wrong[one]] for one in self.messages}
        body = json.dumps(counts).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode().strip().split("\r\n")
                method, path, _ = first.split()
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                if method == "POST":
                    self.take(path.lstrip("/"), headers, body)
                writer.write(_OK if method == "POST" else self.told())
        except (asyncio.IncompleteReadError, OSError):
            writer.close()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_server(Banks().serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
