"""A bank's own system as a process of its own: takes webhooks and verifies them with the library's verifier.

    python -m tests.referrals.bank_system 2026-11-20T12:00:00+08:00

The clock begins at the instant that is named. It prints its port, then reads the secret of its endpoint; from then on
it prints the event of each message whose signature is right, and answers 401 to all others.
"""

import asyncio
import sys
from datetime import datetime

import time_machine
from standardwebhooks import Webhook, WebhookVerificationError

from tests.referrals.receivers import Reader, Writer, read_request

_ANSWER = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def take(reader: Reader, writer: Writer, secret: asyncio.Future[str]) -> None:
    """One request: verified, printed and answered."""
    asked = await read_request(reader)
    if asked is not None:
        try:
            Webhook(await secret).verify(asked.body, asked.headers)
        except WebhookVerificationError:
            writer.write(_ANSWER % b"401 Unauthorized")
        else:
            say(asked.body.decode())
            writer.write(_ANSWER % b"204 No Content")
        await writer.drain()
    writer.close()


async def main() -> None:
    secret: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda reader, writer: take(reader, writer, secret), "127.0.0.1", 0)
    say(str(server.sockets[0].getsockname()[1]))
    secret.set_result((await asyncio.to_thread(sys.stdin.readline)).strip())
    await server.serve_forever()


if __name__ == "__main__":
    with time_machine.travel(datetime.fromisoformat(sys.argv[1]), tick=True):
        asyncio.run(main())
