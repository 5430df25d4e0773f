"""The sample's banks and their products, published as any bank publishes its own."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import COMMAND_LINE
from app.demo.models import Sample, SampleBank
from app.http.etags import etag_of
from app.institutions.register import day_of
from app.products.models import ProductRecord
from app.products.service import add_bank, add_product, publish
from app.store.tables import Bank, Product


def load_offers(session: Session, sample: Sample, at: datetime) -> int:
    """Add the banks and publish the products that are not there yet; how many products were added.

    To be called before the institutions are written, since each publication counts whom it concerns.
    """
    _add_banks(session, sample.banks, at)
    known = set(session.scalars(select(Product.slug)))
    new = [record for record in sample.products if record.slug not in known]
    for record in new:
        _publish(session, record, at)
    return len(new)


def _add_banks(session: Session, banks: Iterable[SampleBank], at: datetime) -> None:
    known = set(session.scalars(select(Bank.code)))
    for bank in banks:
        if bank.code not in known:
            add_bank(session, Bank(**bank.model_dump(), created_at=at))


def _publish(session: Session, record: ProductRecord, at: datetime) -> None:
    product, (draft,) = add_product(session, record, COMMAND_LINE, at)
    session.flush()  # The draft is read again from its table, under a lock.
    publish(session, product.id, draft.number, etag_of(draft.revision), COMMAND_LINE, at, day_of(at))
