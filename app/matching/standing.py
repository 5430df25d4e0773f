"""What cases are held against on a day, read once and kept as long as nothing of it has changed.

That nothing has changed is asked of the database each time, in one statement: it names the versions of programmes and
products, the parameters, the rates and the banks, and all that may still change about them. No other worker need tell.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.matching.citations import Citations
from app.matching.fetch import Library
from app.products.models import StoredProduct
from app.products.queries import list_published
from app.programmes.queries import list_programmes, read_parameters, read_rates
from app.store.kept import Kept
from app.store.one_text import as_text
from app.store.tables import Bank, ParameterValue, ProductVersion, ProgrammeVersion, RatePoint, RateSeries


class Standing(NamedTuple):
    """The library without what is only cited, and the products of a day. `name` is the same as long as both are."""

    name: str
    library: Library
    products: Sequence[StoredProduct]


_Key: TypeAlias = tuple[str, date]
_VERSION, _RATES, _PARAMETER = ProductVersion, RateSeries, ParameterValue
_NAME: Final = select(
    as_text(_VERSION.id, _VERSION.withdrawn_on, where=_VERSION.published_at.is_not(None)),
    as_text(Bank.id, Bank.name),
    as_text(ProgrammeVersion.content_hash, ProgrammeVersion.version, where=ProgrammeVersion.recorded_to.is_(None)),
    as_text(
        *(_PARAMETER.key, _PARAMETER.label, _PARAMETER.type, _PARAMETER.unit),
        *(_PARAMETER.valid_from, _PARAMETER.valid_to, _PARAMETER.value),
    ),
    as_text(_RATES.id, _RATES.code, _RATES.name, _RATES.source, _RATES.citation, _RATES.known_through),
    as_text(RatePoint.series_id, RatePoint.valid_from, RatePoint.rate_percent),
)
# Today, and a few days that somebody looks back or ahead to; each holds references to what was parsed.
_STANDING: Final[Kept[_Key, Standing]] = Kept(16)


def standing(session: Session, as_of: date) -> Standing:
    """What stands on a day as it is recorded now."""
    name = _name(session)
    read: list[Standing] = []
    found = _STANDING.get_all([(name, as_of)], partial(_read, session, read)).get((name, as_of))
    return found or read[0]


def _name(session: Session) -> str:
    """Asked past the session, which has nothing to add to a line of text but time; nobody writes in such a unit."""
    return "\x1d".join(session.connection().execute(_NAME).one())


def _read(
    session: Session, read: list[Standing], lacking: list[tuple[str, date]]
) -> Iterator[tuple[tuple[str, date], Standing]]:
    """Not kept if it changed meanwhile: PostgreSQL may let a statement see more than the one before it."""
    ((name, as_of),) = lacking
    library = Library(list_programmes(session), read_parameters(session), read_rates(session), Citations({}, {}))
    read.append(Standing(name, library, list_published(session, as_of)))
    if _name(session) == name:
        yield lacking[0], read[0]
