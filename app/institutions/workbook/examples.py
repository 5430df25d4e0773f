"""The example row of the template: visibly fictional, and itself a row that could be registered."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from app.institutions.workbook.columns import ADDRESS, REGION, SITE, TELEPHONE, USCC, Column
from app.institutions.workbook.headings import NAME
from app.institutions.workbook.rows import EXAMPLE
from app.regions import region_names
from app.rules.facts import Fact, FactType

Shown = str | int | Decimal | date | None

_COUNTY: Final = "140105"
_DAY: Final = date(2024, 3, 1)
_UNTIL: Final = date(2030, 12, 31)
_WRITTEN: Final[Mapping[str, Shown]] = {
    NAME: f"虚构康宁养老院（{EXAMPLE}，导入时跳过，可删除）",
    USCC: "52140105MJ0000000W",
    SITE: 1,
    REGION: region_names()[_COUNTY],
    ADDRESS: "虚构路 1 号",
    "legal_representative": "虚构某",
    "contact_person": "虚构联系人",
    TELEPHONE: "0351-0000000",
    "institution.legal_form": "民办非企业单位",
    "institution.for_profit": "否",
    "institution.ownership": "民办",
    "institution.established_on": date(2023, 9, 1),
    "institution.grade": 3,
    "institution.beds_total": 120,
    "institution.beds_nursing": 60,
    "institution.beds_dementia": 20,
    "institution.home_beds": 0,
    "institution.occupancy_percent": 85,
    "institution.staff_total": 40,
    "institution.carers_certified": 25,
    "institution.staff_trained_this_year": 30,
    "institution.enterprise_size": "小型",
    "institution.dishonest_debtor": "否",
    "institution.abnormal_operation": "否",
    "institution.serious_violation": "否",
    "institution.illegal_fundraising": "否",
    "institution.loan_overdue": "否",
    "institution.annual_revenue_yuan": Decimal("360.5"),
    "institution.eldercare_revenue_percent": 90,
    "institution.total_assets_yuan": 2000,
    "institution.total_liabilities_yuan": 800,
    "institution.operating_cash_flow_yuan": 45,
    "institution.receivables_yuan": 12,
    "institution.smart_demo": "否",
    "institution.in_product_directory": "否",
    "institution.technology_sme": "否",
    "institution.specialised_new": "否",
    "institution.trainees": None,
    "institution.training_modes": None,
    "institution.trains_for_care_institutions": None,
    "need.amount_yuan": 500,
    "need.term_months": 36,
    "need.security_property": "其他财产",
    "need.securities": "应收账款、保证",
}


def example(column: Column) -> Shown:
    """What the example row writes in a column."""
    if column.key in _WRITTEN:
        return _WRITTEN[column.key]
    return None if column.fact is None else _of_type(column.fact)


def _of_type(fact: Fact) -> Shown:
    labels = list(fact.codes.values())
    match fact.type:
        case FactType.BOOL:
            return "是"
        case FactType.DATE:
            return _UNTIL if "有效期" in fact.label else _DAY
        case FactType.ENUM:
            return labels[0]
        case FactType.SET:
            return "、".join(labels[:2])
        case _:
            return 10
