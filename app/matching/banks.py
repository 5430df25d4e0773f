"""What a bank is shown of a product's candidates: its own product only, in full; what it reads by consent on record."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.orm import Session

from app.access.consent_fields import FIELDS
from app.access.scope import Scope
from app.access.sight import sights_of
from app.cases.read import Case
from app.matching.fetch import NO_PRODUCT
from app.matching.masks import Mask
from app.products.models import StoredProduct
from app.products.queries import ProductNotFound, get_product


def mask_for(session: Session, product: StoredProduct, scope: Scope) -> Mask:
    """What the caller must not read of a product. Raises ProductNotFound for another bank's.

    Who fits another bank's product tells, case by case, what its internal conditions ask.
    """
    if scope.bank_id is None:
        return Mask(product)
    if not scope.is_bank(get_product(session, product.product_id).bank_id):
        raise ProductNotFound(NO_PRODUCT)
    return Mask(product, is_own=True)


def note_consented(session: Session, product: StoredProduct, cases: Collection[Case], scope: Scope) -> None:
    """Put on record the facts that the product asks and a bank now reads by consent, case by case."""
    asked = FIELDS.keys() & product.rules.rule.facts.keys()
    if scope.bank_id is None or not asked:
        return
    sights = sights_of(session, {case.institution_id for case in cases}, scope)
    shown: dict[UUID, set[str]] = {one: set() for one in sights}
    for case in cases:
        shown[case.institution_id] |= asked & case.facts.values.keys()
    for institution_id, fields in shown.items():
        sights[institution_id].note(session, institution_id, fields)
