"""The declarative base: every constraint has a name, because a migration can only change what it can name."""

import uuid

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.store.types import new_key

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Parent of all tables."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Keyed:
    """A table whose rows carry a UUIDv7 made in the app, so that a key is known before the row is written."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_key, sort_order=-1)
