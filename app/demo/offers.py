"""The sample's banks and their products, published as any bank publishes its own."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import COMMAND_LINE
from app.demo.chance import Keys
from app.demo.models import Sample
from app.http.etags import etag_of
from app.institutions.register import day_of
from app.products.models import ProductRecord
from app.products.service import ProductKeys, add_bank, add_product, publish
from app.store.tables import Bank, Product


def load_offers(session: Session, sample: Sample, at: datetime, keys: Keys) -> int:
    """Add the banks and publish the products that are not there yet; how many products were added.

    Their keys follow from seed and name. To be called before the institutions are written, since each publication
    counts whom it concerns.
    """
    _add_banks(session, sample, at, keys)
    known = set(session.scalars(select(Product.slug)))
    new = [(place, record) for place, record in enumerate(sample.products) if record.slug not in known]
    for place, record in new:
        made = ProductKeys(keys.of(f"product/{record.slug}", place), keys.of(f"version/{record.slug}", place))
        _publish(session, record, at, made)
    return len(new)


def _add_banks(session: Session, sample: Sample, at: datetime, keys: Keys) -> None:
    known = set(session.scalars(select(Bank.code)))
    for place, bank in enumerate(sample.banks):
        if bank.code not in known:
            add_bank(session, Bank(id=keys.of(f"bank/{bank.code}", place), **bank.model_dump(), created_at=at))


def _publish(session: Session, record: ProductRecord, at: datetime, keys: ProductKeys) -> None:
    product, (draft,) = add_product(session, record, COMMAND_LINE, at, keys)
    session.flush()  # The draft is read again from its table, under a lock.
    publish(session, product.id, draft.number, etag_of(draft.revision), COMMAND_LINE, at, day_of(at))
