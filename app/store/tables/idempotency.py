"""Answers that were given to keyed requests, so that a request sent again changes nothing again."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base
from app.store.types import Json, UtcDateTime


class IdempotentAnswer(Base):
    """The first answer to a caller's key. Written in the transaction of the change, so it is there if that is.

    `caller` is opaque here; `fingerprint` is a hash of method, path, query and body.
    """

    __tablename__ = "idempotent_answer"
    __table_args__ = (
        CheckConstraint("length(fingerprint) = 64", name="fingerprint"),
        Index(None, "created_at"),
    )

    caller: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[list[list[str]]] = mapped_column(Json)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
