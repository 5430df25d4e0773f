"""What a row says is kept as JSON until it is written, and nothing of it is lost or changes its type."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.institutions.imports.given import Given, packed, unpacked
from app.institutions.register import CONTACT
from app.rules.facts import Fact, FactType, Subject
from app.store.fact_columns import stored_facts

TEXT = st.text(min_size=1, max_size=20)


def values(fact: Fact) -> st.SearchStrategy[Any]:
    match fact.type:
        case FactType.BOOL:
            return st.booleans()
        case FactType.INT:
            return st.integers(0, 100_000)
        case FactType.DECIMAL:
            return st.decimals(0, 10**12, allow_nan=False, places=2)
        case FactType.DATE:
            return st.dates()
        case FactType.SET:
            return st.frozensets(st.sampled_from(list(fact.codes)) if fact.codes else TEXT, max_size=3)
        case _:
            return TEXT


def stated(subject: Subject) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the facts, in any order."""
    return st.fixed_dictionaries({}, optional={fact.key: values(fact) for fact in stored_facts(subject)})


ROWS = st.builds(
    Given,
    number=st.just(7),
    name=TEXT,
    uscc=st.none() | TEXT,
    provisional_number=st.none() | TEXT,
    site_number=st.integers(1, 9_999),
    region=TEXT,
    zone=st.none() | st.booleans(),
    contact=st.fixed_dictionaries({}, optional=dict.fromkeys(CONTACT, TEXT)),
    facts=stated(Subject.INSTITUTION),
    need=stated(Subject.NEED),
)


@given(ROWS)
def test_what_is_kept_comes_back_as_it_was(row: Given) -> None:
    back = unpacked(7, json.loads(json.dumps(packed(row))))
    assert back == row
    for key, value in {**row.facts, **row.need}.items():
        assert type({**back.facts, **back.need}[key]) is type(value)


@given(ROWS)
def test_what_an_older_release_kept_is_read_when_the_catalogue_has_grown(row: Given) -> None:
    facts = packed(row)
    facts[2] = facts[2][:-1]
    newest = stored_facts(Subject.INSTITUTION)[-1].key
    assert unpacked(7, facts).facts == {key: value for key, value in row.facts.items() if key != newest}
