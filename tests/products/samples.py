"""Products and banks of a province that does not exist."""

from datetime import UTC, date, datetime
from typing import Any

from app.products.models import ProductRecord
from app.products.service import checked_record
from app.rules.parameters import NO_PARAMETERS

AT = datetime(2026, 9, 1, tzinfo=UTC)
DAY = date(2026, 11, 20)
BEDS = {"op": "ge", "fact": "institution.beds_total", "value": 50, "id": "beds", "cite": {"own": "第 1 条"}}
FILED = {"op": "eq", "fact": "institution.filed", "value": True, "id": "filed", "cite": {"own": "第 2 条"}}
UNRESTRICTED: dict[str, Any] = {"purposes": [], "securities": [], "regions": [], "applies": None, "requires": None}


def product_terms(**changes: Any) -> dict[str, Any]:
    """The terms of a product as JSON: 50 万 to 3,000 万 yuan, 12 to 120 months, to needs, everywhere."""
    return {
        "name": "虚构养老贷",
        "summary": "虚构的产品",
        "subjects": ["need"],
        "amount": {"low_yuan": "500000.00", "high_yuan": "30000000.00"},
        "term": {"low_months": 12, "high_months": 120},
        "rate": {"kind": "fixed", "low_percent": "3.1", "high_percent": "4.35"},
        "repayment_styles": ["bullet"],
        "valid_from": "2026-11-20",
        **changes,
    }


def a_product(slug: str = "xugou-loan", bank: str = "xugou-bank", **changes: Any) -> dict[str, Any]:
    """A product with its bank, as it is posted."""
    return {"slug": slug, "bank": bank, **product_terms(**changes)}


def a_record(**changes: Any) -> ProductRecord:
    """The same as a checked record."""
    return checked_record(ProductRecord.model_validate(a_product(**changes)), NO_PARAMETERS)


def bank_body(code: str = "xugou-bank", **changes: Any) -> dict[str, Any]:
    """A bank as it is posted."""
    body = {"code": code, "name": "虚构银行", "kind": "city_commercial", "region_code": "140100", "national": False}
    return {**body, **changes}
