"""What callers prove themselves with, as hashes: sessions of people, keys of machines; and guesses that failed."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime


class SignInSession(Keyed, Base):
    """A signed-in person: in a browser by its cookie, elsewhere by a bearer token. The token itself is nowhere kept.

    It dies of idleness (`seen_at`), of age (`created_at`), of a role change (`role_stamp`) or by `ended_at`.
    `is_complete` is False while a second factor is still owed. `csrf_hash` belongs to the browser's forms.
    """

    __tablename__ = "sign_in_session"
    __table_args__ = (
        CheckConstraint("length(token_hash) = 64", name="token_hash"),
        CheckConstraint("carrier IN ('cookie', 'bearer')", name="carrier"),
        Index(None, "account_id"),
    )

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    carrier: Mapped[str] = mapped_column(String(8))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    role_stamp: Mapped[int]
    is_complete: Mapped[bool]
    csrf_hash: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_because: Mapped[str | None] = mapped_column(String(24))


class ApiKey(Keyed, Base):
    """A machine's key, `yq_<public_id>_<secret>`, of which only the secret's hash is kept.

    `permissions` can only narrow what the account's roles allow. Two keys of one name may live at once, for rotation.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        CheckConstraint("length(secret_hash) = 64", name="secret_hash"),
        CheckConstraint("expires_at > created_at", name="expires_at"),
        Index(None, "account_id"),
    )

    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(80))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    permissions: Mapped[list[str]] = mapped_column(Json)
    issued_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)


class FailedSignIn(Base):
    """Wrong guesses, counted under the hash of what was guessed at: a login, or a login from one address."""

    __tablename__ = "failed_sign_in"
    __table_args__ = (CheckConstraint("length(guessed_at) = 64", name="guessed_at"),)

    guessed_at: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)


class PendingOidc(Base):
    """A sign-in that has been sent to the identity provider and has not come back: state, nonce, verifier."""

    __tablename__ = "pending_oidc"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(80))
    code_verifier: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
