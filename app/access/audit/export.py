"""Carrying seals out of the database: into a file, to a syslog server, to an address on the network.

The file gets every seal that it does not hold yet, so a disk that was full for a day loses nothing. Syslog (RFC 5424
over UDP) and the webhook get the newest seal, whose hash covers those before it.
"""

import json
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from app.access.audit.seals import SealedHeads
from app.access.outgoing import ask
from app.config import Settings

# Facility 13 is "log audit", severity 5 "notice".
_PRIORITY: Final = 13 * 8 + 5
_DEFAULT_PORT: Final = 514
_CREATED: Final = 0o640


@dataclass(frozen=True, slots=True)
class Exported:
    """Where a seal went: `kind` file, syslog or webhook; `failure` says why it did not arrive, None if it did."""

    kind: str
    failure: str | None


@dataclass(frozen=True, slots=True)
class SealExport:
    """The targets of an installation. `send` may be replaced in tests."""

    file: Path | None
    syslog: str | None
    webhook: str | None
    transport: httpx.BaseTransport | None = None

    @classmethod
    def of(cls, settings: Settings) -> "SealExport":
        """What the environment names."""
        return cls(settings.audit_seal_file, settings.audit_syslog, settings.audit_webhook)

    def held(self) -> int:
        """The number of the last seal in the file; 0 where there is none."""
        if self.file is None or not self.file.exists():
            return 0
        return last_number(self.file.read_text(encoding="utf-8"))

    def send(self, seals: Iterable[SealedHeads]) -> list[Exported]:
        """Carry the seals out, oldest first; a target that fails does not keep the others from theirs."""
        lines = [(seal.number, seal.line) for seal in seals]
        if not lines:
            return []
        newest = lines[-1][1]
        targets: list[tuple[str, Callable[[], None]]] = []
        if self.file is not None:
            file, held = self.file, self.held()
            targets.append(("file", lambda: _append(file, [line for number, line in lines if number > held])))
        if (syslog := self.syslog) is not None:
            targets.append(("syslog", lambda: _to_syslog(syslog, newest)))
        if (webhook := self.webhook) is not None:
            targets.append(("webhook", lambda: self._post(webhook, newest)))
        return [Exported(kind, _tried(carry)) for kind, carry in targets]

    def _post(self, address: str, line: str) -> None:
        # Redirects are not followed: the seal goes where the installation says, or nowhere.
        headers = {"Content-Type": "application/json"}
        ask("POST", address, self.transport, content=line.encode(), headers=headers).raise_for_status()


def last_number(lines: str) -> int:
    """The number of the last readable seal."""
    for line in reversed(lines.splitlines()):
        try:
            return int(json.loads(line)["number"])
        except (ValueError, TypeError, KeyError):
            continue
    return 0


def _tried(carry: Callable[[], None]) -> str | None:
    try:
        carry()
    except (OSError, httpx.HTTPError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _append(file: Path, lines: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _CREATED)
    with os.fdopen(descriptor, "a", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in lines)
        out.flush()
        # A seal that a power cut takes away protects nothing.
        os.fsync(out.fileno())


def _to_syslog(target: str, line: str) -> None:
    host, _, port = target.rpartition(":") if ":" in target else (target, "", str(_DEFAULT_PORT))
    message = f"<{_PRIORITY}>1 - {socket.gethostname()} yinqiao - audit-seal - {line}".encode()
    family, kind, protocol, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as udp:
        udp.sendto(message, address)
