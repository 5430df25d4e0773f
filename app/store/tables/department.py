"""Offices as the documents name them, with the names they took later."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json


class Department(Keyed, Base):
    """One office. `renamed` lists its later names, each with the day from which it is called so."""

    __tablename__ = "department"

    name: Mapped[str] = mapped_column(String(64), unique=True)
    renamed: Mapped[list[dict[str, Any]]] = mapped_column(Json)
