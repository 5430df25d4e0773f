"""Banks with endpoints, events for them, and a sender whose clock the test moves."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import anyio
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.config import Settings
from app.referrals.outbox import append
from app.referrals.sender import Sender, World
from app.referrals.targets import Policy, Resolve
from app.referrals.webhook_queue import LEASE
from app.referrals.webhook_requests import Bounds
from app.referrals.webhook_secrets import Cupboard, new_secret
from app.store.engine import Database
from app.store.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookLane
from app.store.types import new_key
from tests.access.house import a_bank
from tests.access.people import somebody
from tests.databases import settings_for

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
KIND = "cn.yinqiao.push.delivered"
LOOPBACK = Policy((ip_network("127.0.0.0/8"),))
QUICK = Bounds(seconds=2.0, drain_seconds=0.2)


def with_secret_key(database: Database) -> Settings:
    return settings_for(database.engine.url.render_as_string(hide_password=False), secret_key="k" * 40)


def nobody_resolves(_host: str, _port: int) -> Sequence[str]:
    return []


@dataclass(frozen=True)
class Post:
    """An endpoint as a test knows it."""

    bank_id: UUID
    endpoint_id: UUID
    secret: str


@dataclass
class Desk:
    """A database with banks, and the senders' world with a clock that stands still until it is moved."""

    database: Database
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    policy: Policy = LOOPBACK
    resolve: Resolve = nobody_resolves
    bounds: Bounds = QUICK
    now: datetime = START
    told: list[tuple[UUID, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cupboard = Cupboard(with_secret_key(self.database))

    def world(self) -> World:
        return World(
            database=self.database,
            cupboard=self.cupboard,
            policy=self.policy,
            resolve=self.resolve,
            trust=self.trust,
            clock=lambda: self.now,
            tell=self._tell,
            bounds=self.bounds,
        )

    def _tell(self, _session: Session, endpoint: WebhookEndpoint, trouble: str, _at: datetime) -> None:
        self.told.append((endpoint.id, trouble))

    def bank(self, code: str, url: str) -> Post:
        """A bank with one endpoint."""
        with self.database.writing() as session:
            bank_id = a_bank(session, code).id
            account_id = somebody(session, Role.BANK, bank_id=bank_id).account_id
        return self.endpoint(bank_id, account_id, url)

    def endpoint(self, bank_id: UUID, account_id: UUID, url: str) -> Post:
        key, secret = new_key(), new_secret()
        with self.database.writing() as session:
            session.add(
                WebhookEndpoint(
                    id=key,
                    bank_id=bank_id,
                    url=url,
                    current_secret=self.cupboard.seal(secret, key),
                    created_by=account_id,
                    created_at=START,
                )
            )
            session.flush()
            session.add(WebhookLane(endpoint_id=key, bank_id=bank_id, position=0, served_at=START))
        return Post(bank_id, key, secret)

    def tell(self, post: Post, *subjects: str) -> list[str]:
        """One event for each subject, in this order; their ids as the receivers see them."""
        with self.database.writing() as session:
            return [str(append(session, post.bank_id, KIND, one, {"entry_id": one}, self.now)) for one in subjects]

    def work(self) -> None:
        """One sender, once through what is due."""
        anyio.run(self._work)

    async def _work(self) -> None:
        await Sender(self.world()).run(once=True)

    def move(self, by: timedelta) -> None:
        self.now += by

    def settle(self, days: int = 5) -> None:
        """Let time pass, from due moment to due moment, until nothing is due any more."""
        last = self.now + timedelta(days=days)
        self.work()
        while (due := self.next_due()) is not None and due <= last:
            self.now = max(self.now, due)
            self.work()

    def next_due(self) -> datetime | None:
        query = (
            select(WebhookLane.due_at, WebhookLane.rests_until)
            .join(WebhookEndpoint, WebhookEndpoint.id == WebhookLane.endpoint_id)
            .where(WebhookLane.due_at.is_not(None), WebhookEndpoint.disabled_at.is_(None))
        )
        with self.database.reading() as session:
            dues = [max(due, rest or due) for due, rest in session.execute(query).all() if due is not None]
        return min(dues, default=None)

    def leases_run_out(self) -> None:
        """As if so much time had passed since a sender died."""
        with self.database.writing() as session:
            past = {"leased_until": self.now - LEASE}
            session.execute(update(WebhookLane).where(WebhookLane.lease_token.is_not(None)).values(**past))

    def deliveries(self, post: Post) -> list[WebhookDelivery]:
        with self.database.reading() as session:
            query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == post.endpoint_id)
            found = list(session.scalars(query.order_by(WebhookDelivery.number)))
            session.expunge_all()
            return found

    def attempts(self, post: Post) -> list[WebhookAttempt]:
        """All attempts at an endpoint, by time."""
        query = select(WebhookAttempt).join(WebhookDelivery, WebhookDelivery.id == WebhookAttempt.delivery_id)
        query = query.where(WebhookDelivery.endpoint_id == post.endpoint_id)
        with self.database.reading() as session:
            found = list(session.scalars(query.order_by(WebhookAttempt.at, WebhookAttempt.number)))
            session.expunge_all()
            return found

    def row(self, post: Post) -> WebhookEndpoint:
        with self.database.reading() as session:
            found = session.get_one(WebhookEndpoint, post.endpoint_id)
            session.expunge(found)
            return found

    def change(self, post: Post, **columns: Any) -> None:
        with self.database.writing() as session:
            changed = update(WebhookEndpoint).where(WebhookEndpoint.id == post.endpoint_id)
            session.execute(changed.values(**columns))
