"""Maker and checker are two people, in the service and in the database."""

from collections.abc import Iterator
from itertools import count
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.store.tables import ProductVersion, ProgrammeDraft
from tests.access.house import refused
from tests.access.people import Person, a_key
from tests.access.town import Town, terms

DRAFTS = "/programmes/kangyang-interest-subsidy/drafts"
_NUMBERS = count(1)


@pytest.fixture
def product(town: Town) -> str:
    """The path of a first draft, written by the bank's first person."""
    slug = f"xugou-two-{next(_NUMBERS)}"
    body = {"slug": slug, "bank": "xugou-bank", **terms()}
    return f"/products/{town.house.post(town.people.bank, '/products', body)['id']}/versions/1"


@pytest.fixture
def programme(town: Town) -> Iterator[str]:
    """The path of a draft, written by the province's first person; given up afterwards unless it was published."""
    body = {"author": "虚构省民政厅", "programme": {"window_note": f"虚构说明 {next(_NUMBERS)}"}}
    path = f"{DRAFTS}/{town.house.post(town.people.province, DRAFTS, body)['id']}"
    yield path
    town.house.call(town.people.province, "POST", f"{path}/actions/withdraw", version=1)


def key_of(product: str) -> UUID:
    return UUID(product.split("/")[2])


def publish(town: Town, one: Person, path: str, version: int = 1) -> tuple[int, str]:
    answer = town.house.call(one, "POST", f"{path}/actions/publish", version=version)
    return (200, "") if answer.status_code == 200 else refused(answer)


def test_a_bank_publishes_what_another_of_its_people_wrote(town: Town, product: str) -> None:
    assert publish(town, town.people.bank, product) == (409, "own_draft")
    assert publish(town, town.people.bank_checker, product) == (200, "")
    with town.house.owner.reading() as session:
        row = session.scalars(select(ProductVersion).where(ProductVersion.product_id == key_of(product))).one()
        people = row.drafted_by, row.published_by
    assert people == (town.people.bank.account_id, town.people.bank_checker.account_id)


def test_whoever_changed_a_draft_last_is_its_maker(town: Town, product: str) -> None:
    changed = town.house.call(town.people.bank_checker, "PATCH", product, version=1, json={"name": "虚构改名贷"})
    assert changed.status_code == 200
    assert publish(town, town.people.bank_checker, product, 2) == (409, "own_draft")
    assert publish(town, town.people.bank, product, 2) == (200, "")


def test_a_key_counts_as_its_account(town: Town, product: str) -> None:
    with town.house.owner.writing() as session:
        machine = Person(
            town.people.bank.account_id, town.people.bank.organisation_id, a_key(session, town.people.bank.account_id)
        )
    assert publish(town, machine, product) == (409, "own_draft")


def test_the_province_publishes_what_somebody_else_wrote(town: Town, programme: str) -> None:
    assert publish(town, town.people.province, programme) == (409, "own_draft")
    assert publish(town, town.people.finance, programme) == (200, "")
    with town.house.owner.reading() as session:
        row = session.get_one(ProgrammeDraft, UUID(programme.rpartition("/")[2]))
        people = row.drafted_by, row.published_by
    assert people == (town.people.province.account_id, town.people.finance.account_id)


def test_a_programme_draft_changed_by_its_checker_needs_another_one(town: Town, programme: str) -> None:
    change = {"programme": {"window_note": "虚构改动"}}
    assert town.house.call(town.people.finance, "PATCH", programme, version=1, json=change).status_code == 200
    assert publish(town, town.people.finance, programme, 2) == (409, "own_draft")
    assert publish(town, town.people.pboc, programme, 2) == (200, "")


def test_the_database_refuses_one_person_at_both_ends(town: Town, product: str, programme: str) -> None:
    somebody = town.people.province.account_id
    mine = ProductVersion.product_id == key_of(product)
    for one in (
        update(ProductVersion).where(mine),
        update(ProgrammeDraft).where(ProgrammeDraft.id == UUID(programme.rpartition("/")[2])),
    ):
        with pytest.raises(IntegrityError, match="two_people"), town.house.owner.writing() as session:
            session.execute(one.values(drafted_by=somebody, published_by=somebody))
