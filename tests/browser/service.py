"""The demonstration as `make demo` serves it, in a process of its own; its clock can be moved."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Final
from urllib.error import URLError
from urllib.request import urlopen

from app.config import PROJECT_ROOT
from app.http.clock import today

INSTITUTIONS: Final = 160
_SECONDS: Final = 110
# Each line that it reads moves its clock on by so many days.
_SERVE: Final = """
import sys, threading
from datetime import datetime, timedelta, UTC
import time_machine
from app.cli import main

port, institutions, movable = sys.argv[1:4]
sys.argv = ["yinqiao", "demo", "--port", port, "--institutions", institutions]
if movable == "no":
    main()
traveller = time_machine.travel(datetime.now(UTC), tick=True)
clock = traveller.start()

def move():
    for line in sys.stdin:
        clock.shift(timedelta(days=int(line)))
        print("moved", flush=True)

threading.Thread(target=move, daemon=True).start()
main()
"""


@dataclass
class Service:
    """A running demonstration."""

    address: str
    asked: IO[str]
    said: IO[str]
    moved: timedelta = timedelta()

    @property
    def today(self) -> date:
        """What day it is there."""
        return today() + self.moved

    @classmethod
    @contextmanager
    def started(cls, folder: Path, *, movable: bool = False) -> "Iterator[Service]":
        """Its database, files and log are in `folder`."""
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-c", _SERVE, str(port), str(INSTITUTIONS), "yes" if movable else "no"]
        pipe = subprocess.PIPE
        with (
            (folder / "log").open("w") as log,
            subprocess.Popen(
                command, cwd=folder, env=_environment(), stdin=pipe, stdout=pipe, stderr=log, text=True
            ) as server,
        ):
            asked, said = server.stdin, server.stdout
            assert asked is not None
            assert said is not None
            try:
                address = f"http://127.0.0.1:{port}"
                _wait_for(address, server, folder / "log")
                yield cls(address, asked, said)
            finally:
                server.terminate()

    def days_go_by(self, days: int) -> None:
        self.moved += timedelta(days=days)
        self.asked.write(f"{days}\n")
        self.asked.flush()
        while self.said.readline().strip() != "moved":
            pass


def _environment() -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(PROJECT_ROOT),
        "YINQIAO_ROOT_PATH": str(PROJECT_ROOT),
        # A crawl asks faster than people do.
        "YINQIAO_REQUESTS_PER_MINUTE_AND_CALLER": "0",
        "YINQIAO_REQUESTS_PER_MINUTE_AND_ADDRESS": "0",
    }


def _wait_for(address: str, server: "subprocess.Popen[str]", log: Path) -> None:
    """Until it answers; a process that has ended says why in its log."""
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(log.read_text(encoding="utf-8"))
        try:
            with urlopen(f"{address}/healthz", timeout=2):  # noqa: S310  an address of this machine
                return
        except (URLError, TimeoutError, ConnectionError):
            server.poll()
    raise RuntimeError("the demonstration did not start")
