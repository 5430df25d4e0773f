"""A page, a stream and a count rank every case as the verdict of its rule says, whichever way the SQL is written."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from math import inf
from random import Random
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import Phase, assume, settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from sqlalchemy import Select, event, select

from app.access.scope import FULL
from app.cases.attested import columns_of, with_attestations
from app.cases.read import Case
from app.cases.select import CaseKind, Moment, case_source
from app.matching.candidate_sql import RANKS, Candidacy, CandidatesAsked, CandidateSql
from app.rules import Truth, evaluate, parse
from app.rules.bind import AllOf, bind
from app.rules.catalogue import CATALOGUE
from app.rules.check import Rule
from app.rules.explain import Explanation, Finding, explain_bound
from app.rules.facts import FactType
from app.rules.parameters import NO_PARAMETERS
from app.store.rule_sql import NotExpressible
from tests.cases.population import KNOWN_AT, Registry, populate, registry_of
from tests.databases import Databases
from tests.rules.strategies import DAYS, PARAMETERS, Question, questions

_EXAMPLES: Final = 80
_TODAY: Final = date(2026, 11, 20)
_KINDS: Final = st.sampled_from([CaseKind.INSTITUTION, CaseKind.PROJECT, CaseKind.NEED, CaseKind.NEED])
_MOMENTS: Final = st.builds(Moment, st.sampled_from(DAYS), st.sampled_from(KNOWN_AT))
_PARTS: Final = st.lists(questions(most_leaves=4, most_facts=2, changeable=True), min_size=1, max_size=4)
_OUTCOMES: Final = st.sets(st.sampled_from(Candidacy)).map(lambda some: tuple(sorted(some)))


@pytest.fixture(scope="module")
def registry(databases: Databases) -> Iterator[Registry]:
    with registry_of(databases, populate(Random(20_261_121), 60)) as registry:
        yield registry


def listed(registry: Registry, sql: CandidateSql) -> dict[UUID, int]:
    """The rank of every candidate; each of them once."""
    with registry.database.reading() as session:
        rows = session.execute(select(sql.every())).all()
    found = {row.case_id: row.rank for row in rows}
    assert len(found) == len(rows)
    return found


def steps(explained: Explanation) -> float:
    """How many changeable conditions stand between a case and TRUE; what is unknown is out of reach."""
    if not isinstance(explained, Finding):
        members = [steps(one) for one in explained.of]
        return sum(members) if explained.op == "all" else min(members)
    missed = 1 if explained.truth is Truth.FALSE and explained.changeable else inf
    return 0 if explained.truth is Truth.TRUE else missed


def rank_of(case: Case, parts: list[Rule], front: int, moment: Moment) -> int | None:
    """The place of a case among the outcomes by the rules kernel, part by part."""
    verdicts = [evaluate(part, case.facts, moment.as_of, PARAMETERS) for part in parts]
    if Truth.FALSE not in verdicts:
        return RANKS[Candidacy.ELIGIBLE if set(verdicts) == {Truth.TRUE} else Candidacy.NEEDS_INFO]
    rest = [explain_bound(bind(part, moment.as_of, PARAMETERS), case.facts) for part in parts[front:]]
    is_for = all(verdict is Truth.TRUE for verdict in verdicts[:front])
    return RANKS[Candidacy.NEAR_MISS] if is_for and sum(map(steps, rest)) == 1 else None


def test_every_way_of_asking_lists_the_cases_that_the_kernel_ranks(registry: Registry) -> None:
    tally: Counter[int | None] = Counter()

    @settings(max_examples=_EXAMPLES, deadline=None, phases=(Phase.generate,))
    @drawn(_KINDS, _MOMENTS, _PARTS, st.integers(0, 4), _OUTCOMES)
    def compare(kind: CaseKind, moment: Moment, asked: list[Question], front: int, outcomes: Any) -> None:
        parts, front = [one.rule for one in asked], min(front, len(asked))
        whole = bind(
            parse({"op": "all", "of": [one.raw for one in asked]}, parameters=PARAMETERS), moment.as_of, PARAMETERS
        )
        assert isinstance(whole, AllOf)
        question = CandidatesAsked(outcomes)
        ways = [CandidateSql(whole, front, (kind,), moment, FULL, question, streamed) for streamed in (False, True)]
        try:
            found = [listed(registry, sql) for sql in ways]
        except NotExpressible:
            assume(False)
        ranks = {case.id: rank_of(case, parts, front, moment) for case in registry.cases(kind, moment)}
        wanted = {case_id: rank for case_id, rank in ranks.items() if rank in question.ranks}
        assert found == [wanted, wanted], [one.raw for one in asked]
        tally.update(ranks.values())

    compare()
    # Ranks that were all alike would agree whatever the SQL says.
    assert all(tally[rank] for rank in (None, *RANKS.values()))


def test_more_attestations_than_are_joined_change_no_verdict(registry: Registry) -> None:
    """The rest stay queries of their own: a rule may ask 200 of them, and SQLite joins 64 tables."""
    general = [fact.key for fact in CATALOGUE if fact.type is FactType.ATTESTATION and not fact.per_programme]
    keys = [*general, *(f"institution.meets_detailed_rules@programme-{number}" for number in range(60))]
    verdicts: set[bool | None] = set()
    for kind in (CaseKind.INSTITUTION, CaseKind.PROJECT, CaseKind.NEED):
        for known_at in KNOWN_AT:
            moment = Moment(DAYS[0], known_at)
            source = case_source(kind, moment, FULL)
            plain = columns_of(source, keys)
            rows, joined = with_attestations(source, plain, moment)
            one, other = (
                values_of(registry, select(source.id, *(column.value for column in columns.values())).select_from(each))
                for each, columns in ((source.rows, plain), (rows, joined))
            )
            assert one == other
            verdicts.update(value for row in one for value in row[1:])
    assert verdicts == {True, False, None}


def values_of(registry: Registry, query: Select[Any]) -> list[tuple[Any, ...]]:
    with registry.database.reading() as session:
        return sorted(map(tuple, session.execute(query)), key=str)


def test_a_question_is_written_once_and_asked_again(registry: Registry) -> None:
    """Writing the statement costs as much as asking it of some thousand cases."""
    rule = parse({"op": "all", "of": [{"op": "eq", "fact": "institution.filed", "value": True}]})
    asked = [
        CandidateSql(bound, 0, (CaseKind.INSTITUTION,), Moment(_TODAY), FULL, CandidatesAsked())
        for bound in (bind(rule, _TODAY, NO_PARAMETERS), bind(rule, _TODAY, NO_PARAMETERS))
        if isinstance(bound, AllOf)
    ]
    assert asked[0].every() is asked[1].every()
    assert listed(registry, asked[0]) == listed(registry, asked[1])


def test_a_threshold_is_part_of_the_statement(registry: Registry) -> None:
    """PostgreSQL plans once for all values of a parameter: a rule that one case in ten thousand meets needs its own."""
    sent: list[Any] = []
    rule = parse({"op": "all", "of": [{"op": "ge", "fact": "institution.annual_revenue_yuan", "value": "12345678.90"}]})
    bound = bind(rule, _TODAY, NO_PARAMETERS)
    assert isinstance(bound, AllOf)
    sql = CandidateSql(bound, 1, (CaseKind.INSTITUTION,), Moment(_TODAY), FULL, CandidatesAsked())

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(registry.database.engine, "before_cursor_execute", note)
    try:
        listed(registry, sql)
    finally:
        event.remove(registry.database.engine, "before_cursor_execute", note)
    assert "1234567890" in sent[-1]
