"""Existing bank loans of institutions, with their rate terms and the money that moved."""

import uuid
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.rules.facts import Subject
from app.store.base import Base, Keyed
from app.store.fact_columns import fact_columns, history
from app.store.types import Json, UtcDateTime, new_key


class Loan(Keyed, Base):
    """A bank loan of an institution, for one of its projects where `project_id` says so."""

    __tablename__ = "loan"
    __table_args__ = (Index(None, "region_code", "id"), Index(None, "institution_id"))

    region_code: Mapped[str] = mapped_column(String(6))
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"))
    lender: Mapped[str] = mapped_column(Text)
    contract_number: Mapped[str | None] = mapped_column(String(80))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


# `terms` holds the rate terms, drawdowns, repayments and interest slips as the subsidy arithmetic reads them;
# `project_id` repeats the header's, so that the past can be read.
loan_version = Table(
    "loan_version",
    Base.metadata,
    Column("id", Uuid, primary_key=True, default=new_key),
    Column("loan_id", Uuid, ForeignKey("loan.id"), nullable=False),
    Column("recorded_from", UtcDateTime, nullable=False),
    Column("recorded_to", UtcDateTime, nullable=True),
    Column("project_id", Uuid, nullable=True),
    Column("terms", Json, nullable=True),
    *fact_columns(Subject.LOAN),
    *history("loan_version", "loan_id"),
)
