"""The same seed makes the same province, whatever its size and on whatever database."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from app.demo.chance import Keys
from app.demo.households import Household
from app.demo.load import holds_other, households_of, is_empty, load_sample
from app.demo.models import Sample
from app.demo.offers import load_offers
from app.products.queries import list_published
from app.store.base import Base
from app.store.tables import institution_version, loan_version, need_version, project_version

SIZE = 150
# The versions of facts with their owners: each has one version, and its key is made as it is written.
VERSIONS: Mapping[Table, list[str]] = {
    institution_version: ["institution_id"],
    project_version: ["project_id"],
    need_version: ["need_id"],
    loan_version: ["loan_id"],
}
KEYED = ("institution", "project", "need", "loan", "attestation", "bank", "product", "product_version")


@pytest.fixture(scope="module")
def few_products(sample: Sample) -> Sample:
    """Publishing all of them would take longer than the rows that these tests look at."""
    return sample._replace(products=sample.products[:2])


def household(sample: Sample, seed: int, number: int) -> Household:
    return households_of(sample, seed).make(number)


def test_an_institution_is_the_same_alone_and_among_others(sample: Sample) -> None:
    together = households_of(sample, 7)
    made = [together.make(number) for number in range(300)]

    for number in (299, 0, 117, 250):
        assert household(sample, 7, number) == made[number]


def test_seeds_differ(sample: Sample) -> None:
    one, other = household(sample, 1, 5), household(sample, 2, 5)

    assert one.key != other.key
    assert one.institution.name != other.institution.name
    assert one.institution.facts != other.institution.facts


def test_keys_sort_as_they_were_made_and_none_comes_twice(sample: Sample) -> None:
    made = households_of(sample, 1)
    keys = [made.key(number) for number in range(3_000)]

    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert {key.version for key in keys} == {7}


def rows(session: Session, table: Table) -> list[dict[str, Any]]:
    """What stands in a table, but for the keys of versions of facts, which nothing refers to."""
    order = VERSIONS.get(table, table.primary_key.columns.keys())
    columns = [column for column in table.c if table not in VERSIONS or column.name != "id"]
    return [
        dict(row) for row in session.execute(select(*columns).order_by(*(table.c[one] for one in order))).mappings()
    ]


def content(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Every table of the database."""
    return {table.name: rows(session, table) for table in Base.metadata.sorted_tables}


def written_by(session: Session, sample: Sample, seed: int) -> dict[str, list[dict[str, Any]]]:
    """What one load writes into an empty database, taken back again."""
    with session.begin_nested() as load:
        load_sample(session, sample, SIZE, seed)
        session.flush()
        found = content(session)
        load.rollback()
    assert is_empty(session)
    return found


def test_two_loads_of_one_seed_write_the_same_rows(session: Session, few_products: Sample) -> None:
    once = written_by(session, few_products, 3)
    written = load_sample(session, few_products, SIZE, 3)

    assert content(session) == once
    nouns = {
        "institution": SIZE,
        "project": written.projects,
        "need": written.needs,
        "loan": written.loans,
        "attestation": written.attestations,
        "bank": len(few_products.banks),
        "product": written.products,
    }
    assert {name: len(once[name]) for name in nouns} == nouns
    # What the migrations write stands beside it.
    laid = {"nomination_transition", "entry_transition", "referral_transition"}
    filled = {*nouns, *(table.name for table in VERSIONS), "product_version", "search_gram", "counter"} | laid
    assert {name for name, found in once.items() if found} == filled


def test_another_seed_shares_no_key_with_it(session: Session, few_products: Sample) -> None:
    one, other = (
        {row["id"] for name in KEYED for row in written_by(session, few_products, seed)[name]} for seed in (3, 4)
    )
    assert len(one) > SIZE
    assert not one & other


def test_the_sample_that_is_there_is_known_by_size_and_seed(session: Session, few_products: Sample) -> None:
    sample = few_products
    assert not holds_other(session, sample, SIZE, 3)

    load_sample(session, sample, SIZE, 3)

    assert not holds_other(session, sample, SIZE, 3)
    assert holds_other(session, sample, SIZE + 1, 3)
    assert holds_other(session, sample, SIZE - 1, 3)
    assert holds_other(session, sample, SIZE, 4)
    assert holds_other(session, sample, 0, 3)


def test_products_are_published_once(session: Session, sample: Sample) -> None:
    at = sample.province.recorded_at

    assert load_offers(session, sample, at, Keys(3, at)) == len(sample.products)
    assert load_offers(session, sample, at, Keys(4, at)) == 0
    assert {one.record.slug for one in list_published(session, at.date())} == {one.slug for one in sample.products}


def test_nothing_is_asked_for_and_nothing_is_written(session: Session, sample: Sample) -> None:
    assert sum(vars_of(load_sample(session, sample, 0, 3))) == 0
    assert is_empty(session)


def vars_of(written: Any) -> list[int]:
    return [getattr(written, name) for name in type(written).__slots__]
