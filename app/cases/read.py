"""Cases read into facts, in one query for any number of cases."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, null, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.cases.select import GRANTED, CaseKind, CaseSource, Moment, case_source
from app.rules.facts import Subject
from app.rules.given import Facts, Provenance, Stated
from app.rules.values import Value
from app.store.fact_columns import CHECKED, REGISTRY
from app.store.one_text import rows_of

_VOUCHED: Final = frozenset({Provenance.CHECKED, Provenance.REGISTRY})


@dataclass(frozen=True, slots=True)
class Case:
    """One case with its facts and whose it is."""

    kind: CaseKind
    id: UUID
    institution_id: UUID
    project_id: UUID | None
    region_code: str
    name: str
    facts: Facts


def case_select(source: CaseSource, scope: Scope) -> Select[Any]:
    """All cases of a source that lie in scope, with everything that `read_cases` needs of them."""
    columns: list[ColumnElement[Any]] = [
        source.id,
        source.institution_id,
        null() if source.project_id is None else source.project_id,
        source.place,
        source.name,
        source.facts.attested(),
        *source.facts.stored.values(),
        *(column for _, _, column in source.facts.masks()),
    ]
    # Read by their places: a name that two of them share stands for neither.
    labelled = [column.label(f"c{place}") for place, column in enumerate(columns)]
    in_scope = [scope.regions(source.region), scope.institutions(source.institution_id)]
    return select(*labelled).select_from(source.rows).where(*in_scope)


def read_cases(
    session: Session, source: CaseSource, query: Select[Any], bound: Mapping[str, Any] | None = None
) -> list[Case]:
    """The cases that a query made by `case_select` returns, in its order; `bound` are its parameters, if it has any."""
    if session.autoflush:
        session.flush()
    # Columns alone: the session would take as long to hand them over as the database to find them.
    return [_case(source, row) for row in session.connection().execute(query, bound)]


def find_case(session: Session, kind: CaseKind, case_id: UUID, moment: Moment, scope: Scope) -> Case | None:
    """One case in scope, or None."""
    source = case_source(kind, moment, scope)
    found = read_cases(session, source, case_select(source, scope).where(source.id == case_id))
    return found[0] if found else None


def _case(source: CaseSource, row: Row[Any]) -> Case:
    case_id, institution_id, project_id, region_code, name, attested, *facts = tuple(row)
    stated = dict(chain(_stored(source, facts), _attested(attested)))
    values = {key: cast(Value, one.value) for key, one in stated.items()}
    checked = frozenset(key for key, one in stated.items() if one.provenance in _VOUCHED)
    owner = institution_id, project_id
    return Case(source.kind, case_id, *owner, region_code, name, Facts(values, checked, stated))


def _attested(text: str) -> Iterator[tuple[str, Stated]]:
    """What offices attested, under the keys that rules ask."""
    for subject, fact, programme, granted, day in rows_of(text):
        # What is attested of an institution says nothing of its project, under whatever key it was written.
        if fact.startswith(f"{subject}."):
            key = f"{fact}@{programme}" if programme else fact
            yield key, Stated(granted == GRANTED, Provenance.CHECKED, date.fromisoformat(day))


def _stored(source: CaseSource, facts: Sequence[Any]) -> Iterator[tuple[str, Stated]]:
    """The known facts that stand in columns, with who vouches for each."""
    stored = source.facts.stored
    masks = list(zip(source.facts.masks(), facts[len(stored) :], strict=True))
    checked, registry = (_vouched_for(masks, mask) for mask in (CHECKED, REGISTRY))
    for key, value in zip(stored, facts[: len(stored)], strict=True):
        if value is not None:
            # Where both vouch for a value, the registry is the better source; the white list is one itself.
            by_registry = key in registry or key.startswith(f"{Subject.WHITELIST}.")
            vouched = Provenance.CHECKED if key in checked else Provenance.DECLARED
            provenance = Provenance.REGISTRY if by_registry else vouched
            yield key, Stated(frozenset(value) if isinstance(value, tuple | list) else value, provenance)


def _vouched_for(masks: Iterable[tuple[tuple[Subject, str, object], Any]], wanted: str) -> set[str]:
    """The keys of the facts in one of the two sets, which are NULL where a case has no project."""
    found = ((subject, names) for (subject, mask, _), names in masks if mask == wanted)
    return {f"{subject}.{name}" for subject, names in found for name in names or ()}
