"""The product that the candidates are measured with: a rule of a dozen conditions, met by as many cases as wanted."""

from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from app.products.models import ProductRecord, StoredProduct
from bench.registry import ATTESTED

_Node = dict[str, Any]


def product(least_revenue: Decimal, *, is_attested: bool) -> StoredProduct:
    """A loan for needs whose institution earns so much; with `is_attested` it also asks what offices attested."""
    record = ProductRecord.model_validate(
        {
            "slug": "bench-loan",
            "bank": "bench-bank",
            "name": "虚构贷款",
            "summary": "虚构产品，只用于测量",
            "subjects": ["need"],
            "amount": {"low_yuan": "100000", "high_yuan": "5000000000"},
            "term": {"low_months": 1, "high_months": 60},
            "rate": {"kind": "lpr", "tenor": "1y", "low_basis_points": 50, "high_basis_points": 120},
            "repayment_styles": ["bullet"],
            "valid_from": "2026-01-01",
            "applies": _leaf("revenue", "ge", "institution.annual_revenue_yuan", value=str(least_revenue)),
            "requires": {"op": "all", "of": [*_GROUPS, *(_ATTESTED_GROUPS if is_attested else ())]},
        }
    )
    return StoredProduct(record, record.rules(), _NOBODY, _NOBODY, 1, "虚构银行", date(2026, 1, 1), None, None)


def _leaf(id_: str, op: str, fact: str, **operands: Any) -> _Node:
    return {"op": op, "fact": fact, **operands, "id": id_, "cite": {"own": f"虚构条件 {id_}"}}


def _any(*members: _Node) -> _Node:
    return {"op": "any", "of": list(members)}


_NOBODY: Final = UUID(int=0)
# Alternatives, because a seventh of the facts is unknown: otherwise hardly any case would be decided.
_GROUPS: Final = (
    _any(
        _leaf("beds", "ge", "institution.beds_total", value=100),
        _leaf("grade", "in", "institution.grade", values=[3, 4, 5]),
        _leaf("filed", "eq", "institution.filed", value=True),
    ),
    _any(
        _leaf("age", "at_least_months_ago", "institution.established_on", months=12),
        _leaf("inclusive", "eq", "institution.inclusive", value=True),
    ),
    _any(
        _leaf("debt", "le", "institution.debt_ratio_percent", value="70"),
        _leaf("assets", "ge", "institution.total_assets_yuan", value="100000000"),
    ),
    _any(
        _leaf("approval", "eq", "project.approval_filed", value=True),
        _leaf("fire", "eq", "institution.fire_safety_passed", value=True),
        _leaf("kinds", "overlaps", "institution.kinds", values=["elderly_home", "nursing_home"]),
    ),
)
_STEADY, _RISK, _LAWFUL = ATTESTED
_ATTESTED_GROUPS: Final = (
    _any(
        _leaf("steady", "attested", _STEADY),
        _leaf("risk", "attested", _RISK),
        _leaf("insured", "eq", "institution.liability_insured", value=True),
    ),
    _any(_leaf("lawful", "attested", _LAWFUL), _leaf("staff", "ge", "institution.staff_total", value=100)),
)
