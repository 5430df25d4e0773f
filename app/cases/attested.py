"""The facts that a rule asks of a kind of case, with its attestations joined: read once a row, however often asked.

An attestation in an expression is a query of its own, run again wherever the expression names it. Where each row is
asked several things (is it eligible, is it possible, how far is it), joins cost a fraction of that.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, select, true

from app.cases.select import CaseSource, Moment
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType, Subject
from app.store.rule_sql import Columns, FactColumn
from app.store.tables import Attestation

# SQLite joins at most 64 tables, and PostgreSQL plans the longer the more there are; further ones stay queries.
_MOST: Final = 8


def columns_of(source: CaseSource, keys: Iterable[str]) -> Columns:
    """The columns of these facts, as far as the kind of case has them, each made once."""
    return {key: source.facts[key] for key in dict.fromkeys(keys) if key in source.facts}


def with_attestations(source: CaseSource, columns: Columns, moment: Moment) -> tuple[FromClause, Columns]:
    """The rows of a source with the attestations among `columns` joined to them, and the columns that then serve.

    At most one attestation of a fact holds at a moment, so that no row becomes two.
    """
    rows, joined = source.rows, dict(columns)
    attested = [key for key in columns if CATALOGUE[key].type is FactType.ATTESTATION]
    for key in attested[:_MOST]:
        name, _, programme = key.partition("@")
        one = (
            select(Attestation.subject_id, Attestation.granted)
            .where(Attestation.fact == name, Attestation.programme == programme, moment.attested())
            .subquery()
        )
        rows = rows.outerjoin(one, one.c.subject_id == _subject(source, key))
        joined[key] = FactColumn(one.c.granted, true())
    return rows, joined


def _subject(source: CaseSource, key: str) -> ColumnElement[UUID]:
    """Of whom the fact is attested. A fact of a project that the case cannot have is no column of it."""
    if CATALOGUE[key].subject is Subject.PROJECT and source.project_id is not None:
        return source.project_id
    return source.institution_id
