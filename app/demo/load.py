"""Writing the sample: banks, products and the province, in chunks, so that any size needs the same memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, exists, select, update
from sqlalchemy.orm import Session

from app.demo.chance import Keys
from app.demo.households import Household, Households
from app.demo.models import Sample
from app.demo.offers import load_offers
from app.errors import AppError
from app.institutions.bulk import ROWS, add_institutions, add_loans, add_needs, add_projects
from app.store.bulk import insert_many
from app.store.tables import Attestation, Institution, institution_version

MOST: Final = 400_000
DEFAULT_SIZE: Final = 1_170
DEFAULT_SEED: Final = 1
_INSTITUTIONS: Final = cast(Table, Institution.__table__)
_ATTESTATIONS: Final = cast(Table, Attestation.__table__)


class SampleTooLarge(AppError):
    """More institutions than the sample is made for."""

    code = "sample_too_large"
    title = "样本太大"


@dataclass(slots=True)
class Written:
    """How many rows of each noun were written."""

    products: int = 0
    institutions: int = 0
    projects: int = 0
    needs: int = 0
    loans: int = 0
    attestations: int = 0

    def __str__(self) -> str:
        return (
            f"机构 {self.institutions:,}，项目 {self.projects:,}，融资需求 {self.needs:,}，贷款 {self.loans:,}，"
            f"认定 {self.attestations:,}，新增产品 {self.products:,}（全部虚构）"
        )


def households_of(sample: Sample, seed: int) -> Households:
    """What makes the institutions of a seed."""
    return Households(sample.province, [bank.name for bank in sample.banks], seed)


def is_empty(session: Session) -> bool:
    """Whether nobody is registered yet."""
    return not session.scalar(select(exists().where(Institution.id.is_not(None))))


def holds_other(session: Session, sample: Sample, size: int, seed: int) -> bool:
    """Whether institutions are there, and not those of a sample of this size and seed (whatever else besides).

    The keys follow from the seed: the last institution of the sample is there, and the one after it is not.
    """
    if not size or is_empty(session):
        return not is_empty(session)
    made = households_of(sample, seed)
    last, next_one = made.key(size - 1), made.key(size)
    found = set(session.scalars(select(Institution.id).where(Institution.id.in_((last, next_one)))))
    return found != {last}


def load_sample(session: Session, sample: Sample, size: int, seed: int) -> Written:
    """Write banks and products, then `size` institutions into a database that has none; nothing for a size of 0.

    Raises SampleTooLarge.
    """
    if size > MOST:
        raise SampleTooLarge(f"样本最多 {MOST:,} 家机构，请把 --institutions 改小")
    if not size:
        return Written()
    at = sample.province.recorded_at
    written, made = Written(products=load_offers(session, sample, at, Keys(seed, at))), households_of(sample, seed)
    for start in range(0, size, ROWS):
        _write(session, [made.make(number) for number in range(start, min(start + ROWS, size))], sample, written)
    return written


def _write(session: Session, chunk: list[Household], sample: Sample, written: Written) -> None:
    at = sample.province.recorded_at
    written.institutions += len(add_institutions(session, (one.institution for one in chunk), at))
    written.projects += len(add_projects(session, _flat(one.projects for one in chunk), at))
    written.needs += len(add_needs(session, _flat(one.needs for one in chunk), at))
    written.loans += len(add_loans(session, _flat(one.loans for one in chunk), at))
    attested = list(_flat(one.attestations for one in chunk))
    insert_many(session, _ATTESTATIONS, attested)
    written.attestations += len(attested)
    _list(session, chunk)


def _flat(groups: Iterator[list[Any]]) -> Iterator[Any]:
    return chain.from_iterable(groups)


def _list(session: Session, chunk: list[Household]) -> None:
    """Put some on the white list. A list of batches and reviews is not part of the sample; its outcome is."""
    rows = [{"key": one.key, "listed_on": one.listed_on} for one in chunk if one.listed_on]
    listed = {"list_status": "listed", "listed_on": bindparam("listed_on")}
    for owner in (_INSTITUTIONS.c.id, institution_version.c.institution_id) if rows else ():
        session.connection().execute(update(owner.table).where(owner == bindparam("key")).values(listed), rows)
