"""Which version holds on which day: laws of every history, and the same words in SQL."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.access.scope import FULL
from app.products import timeline
from app.products.queries import list_published, select_products
from app.products.service import put_record
from app.products.timeline import VersionStatus
from app.store.tables import Bank, Product, ProductVersion
from app.store.types import new_key
from tests.products.samples import AT, a_record

START = date(2026, 1, 1)


@dataclass(frozen=True)
class Version:
    number: int
    valid_from: date
    published_on: date | None
    withdrawn_on: date | None


def day(number: int) -> date:
    return START + timedelta(days=number)


def history(random: Random) -> list[Version]:
    """Versions as the rules of publishing allow them: first days in order, at most one draft and it is the last."""
    versions: list[Version] = []
    first = today = 0
    for number in range(1, random.randint(1, 5) + 1):
        today += random.randint(0, 4)
        first = max(first, today) + random.randint(0, 6)
        withdrawn = day(today + random.randint(0, 9)) if random.random() < 0.35 else None
        if random.random() < 0.2:
            versions.append(Version(number, day(first), None, withdrawn))
            if withdrawn is None:
                break
            continue
        versions.append(Version(number, day(first), day(today), withdrawn))
        # The next one may begin no earlier than the last that was not taken back.
        first = max(((one.valid_from - START).days for one in versions if timeline.began(one)), default=0)
    return versions


histories = st.integers(min_value=0).map(lambda seed: history(Random(seed)))
days = st.integers(0, 60).map(day)


@given(histories, days)
def test_at_most_one_version_holds(versions: list[Version], on: date) -> None:
    begun = [
        one
        for one in versions
        if timeline.status_on(one, versions, on) is VersionStatus.PUBLISHED and one.valid_from <= on
    ]
    assert begun == [one for one in [timeline.in_force(versions, on)] if one is not None]


@given(histories, days)
def test_what_holds_has_begun_and_was_not_withdrawn_or_superseded(versions: list[Version], on: date) -> None:
    held = timeline.in_force(versions, on)
    if held is not None:
        assert held.published_on is not None
        assert held.valid_from <= on
        assert held.withdrawn_on is None or on < held.withdrawn_on
        later = timeline.superseded_on(held, versions)
        assert later is None or on < later


@given(histories, days)
def test_people_are_shown_what_holds_and_else_what_comes_next(versions: list[Version], on: date) -> None:
    shown, held = timeline.shown(versions, on), timeline.in_force(versions, on)
    if held is not None:
        assert shown is held
    elif shown is not None:
        assert shown.valid_from > on


def test_a_version_is_superseded_from_the_first_day_of_the_next() -> None:
    first, second = Version(1, day(0), day(0), None), Version(2, day(10), day(5), None)
    held = [timeline.in_force([first, second], day(on)) for on in (9, 10, 11)]
    assert held == [first, second, second]
    assert timeline.status_on(first, [first, second], day(9)) is VersionStatus.PUBLISHED
    assert timeline.status_on(first, [first, second], day(10)) is VersionStatus.SUPERSEDED


@pytest.mark.parametrize(("withdrawn", "supersedes"), [(9, False), (10, False), (11, True)])
def test_a_version_withdrawn_by_its_first_day_supersedes_nothing(withdrawn: int, *, supersedes: bool) -> None:
    first, second = Version(1, day(0), day(0), None), Version(2, day(10), day(5), day(withdrawn))
    assert timeline.in_force([first, second], day(20)) is (None if supersedes else first)


def test_nothing_holds_after_a_withdrawal() -> None:
    only = Version(1, day(0), day(0), day(10))
    assert timeline.in_force([only], day(9)) is only
    assert timeline.in_force([only], day(10)) is None
    assert timeline.shown([only], day(10)) is None


def test_the_database_finds_the_same_versions(session: Session) -> None:
    random, bank = Random(20261120), Bank(code="xugou", name="虚构银行", kind="village", region_code="140100")
    bank.national, bank.created_at = False, AT
    session.add(bank)
    session.flush()  # The products refer to the bank by its key.
    written = {new_key(): history(random) for _ in range(60)}
    for product_id, versions in written.items():
        session.add(Product(id=product_id, slug=f"p{product_id.hex}", bank_id=bank.id, created_at=AT))
        session.flush()  # The versions refer to the product by its key.
        for version in versions:
            session.add(stored(version, product_id))
    session.flush()
    seen: set[VersionStatus] = set()
    for on in map(day, range(0, 50, 7)):
        for status in VersionStatus:
            expected = {
                product_id
                for product_id, versions in written.items()
                if any(timeline.status_on(one, versions, on) is status for one in versions)
            }
            found = {product.id for product in session.scalars(select_products(on, FULL, "xugou", status))}
            assert found == expected, (on, status)
            seen |= {status} if 0 < len(expected) < len(written) else set()
        shown = {product_id: timeline.shown(versions, on) for product_id, versions in written.items()}
        found_by_number = {one.product_id: one.version for one in list_published(session, on)}
        assert found_by_number == {product_id: one.number for product_id, one in shown.items() if one is not None}
    assert seen == set(VersionStatus)


def stored(version: Version, product_id: object) -> ProductVersion:
    row = ProductVersion(product_id=product_id, number=version.number, revision=1, created_at=AT)
    put_record(row, a_record(valid_from=version.valid_from.isoformat()))
    row.published_on, row.withdrawn_on = version.published_on, version.withdrawn_on
    row.published_at = None if version.published_on is None else AT
    row.withdrawn_at = None if version.withdrawn_on is None else AT
    return row
