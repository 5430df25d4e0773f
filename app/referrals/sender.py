"""The worker that sends webhooks: one task for each endpoint it holds, so that one slow bank delays no other.

Several may run, on one machine or on many. All of them share nothing but the database; see `webhook_queue`.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final, ParamSpec, TypeVar
from uuid import UUID

import anyio
import anyio.to_thread
import structlog
from sqlalchemy.exc import DBAPIError

from app.access.audit.events import writing_as_service
from app.errors import AppError
from app.referrals.outbox_schemas import MEDIA_TYPE
from app.referrals.targets import NameNotFound, Policy, Resolve, TargetRefused, addresses_of, parse_target
from app.referrals.webhook_notices import Tell, tell_bank
from app.referrals.webhook_queue import (
    FAILURES_IN_A_ROW,
    Batch,
    Held,
    Item,
    Outcome,
    claim,
    close_batch,
    open_batch,
    release,
)
from app.referrals.webhook_requests import Answer, Bounds, CheckedLine, DeadLine, Line
from app.referrals.webhook_secrets import Cupboard, signed_headers
from app.store.engine import Database
from app.store.tables import WebhookEndpoint

P = ParamSpec("P")
R = TypeVar("R")

# A hanging receiver costs a task and a socket and no thread, so that many are cheap.
MOST_AT_ONCE: Final = 256
POLL_SECONDS: Final = 1.0
# After so long another endpoint may have its turn, and what was done is written down.
SLICE_SECONDS: Final = 20.0
RESOLVE_SECONDS: Final = 5.0
# Threads for statements and for the resolver, which may block; each kind has its own.
_STATEMENTS: Final = 4
_LOOKUPS: Final = 16
_MILLI: Final = 1_000
AGENT: Final = "Yinqiao-Webhooks/1"
_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class World:
    """What a sender works with; a test brings its own clock, resolver and trust."""

    database: Database
    cupboard: Cupboard
    policy: Policy
    resolve: Resolve
    trust: ssl.SSLContext
    clock: Callable[[], datetime]
    tell: Tell = tell_bank
    bounds: Bounds = field(default_factory=Bounds)


class Sender:
    """One worker. `run` works until it is stopped, or once through all that is due."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._busy = 0
        self._stopped = False
        self._wake = anyio.Event()
        self._statements = anyio.CapacityLimiter(_STATEMENTS)
        self._lookups = anyio.CapacityLimiter(_LOOKUPS)

    def stop(self) -> None:
        """Begin no further request; `run` returns when those under way have ended. For the thread of the loop."""
        self._stopped = True
        self._wake.set()

    async def run(self, *, once: bool = False) -> None:
        """Serve whatever is due, as it becomes due; or once, until nothing is due at this moment."""
        async with anyio.create_task_group() as tasks:
            while not self._stopped:
                self._wake = anyio.Event()
                held = await self._claimed()
                for one in held:
                    self._busy += 1
                    tasks.start_soon(self._serve, one)
                if once and not held and not self._busy:
                    return
                with anyio.move_on_after(POLL_SECONDS):
                    await self._wake.wait()

    async def _claimed(self) -> list[Held]:
        if self._busy >= MOST_AT_ONCE:
            return []
        try:
            return await self._stated(self._claim, MOST_AT_ONCE - self._busy)
        except DBAPIError as error:
            _log.warning("no endpoints could be claimed", exc_info=error)
            return []

    async def _serve(self, held: Held) -> None:
        try:
            await self._round(held)
        except (DBAPIError, AppError) as error:
            # What was sent and not recorded is sent again by whoever holds the endpoint next.
            _log.warning("a round could not be recorded", endpoint=str(held.endpoint_id), exc_info=error)
        finally:
            self._busy -= 1
            self._wake.set()

    async def _round(self, held: Held) -> None:
        """Batch after batch to one endpoint, for a slice of time or until it takes nothing."""
        until, line, url = monotonic() + SLICE_SECONDS, None, None
        try:
            while batch := await self._stated(self._open, held):
                if line is None or url != batch.url:
                    await _hang_up(line)
                    line, url = await self._line(batch.url), batch.url
                outcomes = await self._send(batch, line, until)
                goes_on = await self._stated(self._close, held, outcomes)
                if not goes_on or self._stopped or monotonic() > until:
                    break
        finally:
            await _hang_up(line)
        await self._stated(self._release, held)

    async def _send(self, batch: Batch, line: Line, until: float) -> list[Outcome]:
        """In order; what comes after a failure about the same subject waits."""
        outcomes: list[Outcome] = []
        waiting: set[str] = set()
        failures = 0
        for item in batch.items:
            if item.subject in waiting:
                continue
            if failures >= FAILURES_IN_A_ROW or self._stopped or monotonic() > until:
                break
            outcomes.append(outcome := await self._attempt(batch, item, line))
            failures = 0 if outcome.answer.is_success else failures + 1
            if failures:
                waiting.add(item.subject)
            if outcome.answer.is_gone or outcome.answer.retry_after is not None:
                break
        return outcomes

    async def _attempt(self, batch: Batch, item: Item, line: Line) -> Outcome:
        at, began = self._world.clock(), monotonic()
        headers: Mapping[str, str] = {
            "Content-Type": MEDIA_TYPE,
            "User-Agent": AGENT,
            **signed_headers(batch.secrets, item.message_id, at, item.body),
        }
        answer: Answer = await line.post(headers, item.body)
        return Outcome(item, at, int((monotonic() - began) * _MILLI), answer)

    async def _line(self, url: str) -> Line:
        """Look the target up once, check every address, and bind the line to them."""
        try:
            target = parse_target(url)
            with anyio.fail_after(RESOLVE_SECONDS):
                look_up = partial(addresses_of, target, self._world.resolve)
                found = await anyio.to_thread.run_sync(look_up, limiter=self._lookups, abandon_on_cancel=True)
            addresses = self._world.policy.checked(target, found)
        except TargetRefused:
            return DeadLine("target_refused")
        except (NameNotFound, TimeoutError):
            return DeadLine("name_not_found")
        return CheckedLine(target, addresses, self._world.trust, self._world.bounds)

    async def _stated(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Work of the database, in a thread."""
        return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._statements)

    def _claim(self, most: int) -> list[Held]:
        with self._world.database.writing() as session:
            return claim(session, self._world.clock(), most)

    def _open(self, held: Held) -> Batch | None:
        with self._world.database.writing() as session:
            return open_batch(session, held, self._world.cupboard, self._world.clock())

    def _close(self, held: Held, outcomes: list[Outcome]) -> bool:
        """Record, and tell the bank what it has to know; whether to go on with this endpoint."""
        now = self._world.clock()
        with self._world.database.writing() as session:
            verdict = close_batch(session, held, outcomes, now)
        if verdict.trouble is not None:
            self._report(held.endpoint_id, verdict.trouble, now)
        return verdict.goes_on and verdict.trouble in {None, "dead"}

    def _report(self, endpoint_id: UUID, trouble: str, now: datetime) -> None:
        """Disable an endpoint that is gone or has failed for days. A deed of the service, on record."""
        with writing_as_service(self._world.database, f"webhook_{trouble}") as session:
            endpoint = session.get_one(WebhookEndpoint, endpoint_id, with_for_update=True)
            if endpoint.disabled_at is None and trouble != "dead":
                endpoint.disabled_at, endpoint.disabled_because = now, trouble
                endpoint.version += 1
            self._world.tell(session, endpoint, trouble, now)

    def _release(self, held: Held) -> None:
        with self._world.database.writing() as session:
            release(session, held, self._world.clock())


async def _hang_up(line: Line | None) -> None:
    if line is not None:
        await line.aclose()
