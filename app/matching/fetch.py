"""All that a check needs from the database, read in one transaction."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.matching.citations import Citations
from app.programmes.models import StoredProgramme
from app.programmes.queries import clause_labels, list_programmes, list_series, read_parameters
from app.rules.parameters import Parameters
from app.subsidy import Rates


@dataclass(frozen=True, slots=True)
class Library:
    """The policy library as matching reads it."""

    programmes: list[StoredProgramme]
    parameters: Parameters
    rates: Rates
    citations: Citations


def fetch_library(session: Session) -> Library:
    """The library as it is recorded now."""
    series = list_series(session)
    citations = Citations(clause_labels(session), {one.code: f"{one.name}：{one.source}" for one in series})
    return Library(list_programmes(session), read_parameters(session), Rates.of(series), citations)
