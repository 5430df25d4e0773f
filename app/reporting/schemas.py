"""What the statistics answer: a table with its total, and the rows behind one of its figures."""

from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from app.http.schemas import DecimalText, IsoDate, OutputSchema, Percent, Yuan
from app.reporting.measures import COLUMNS, By, Measure

_ZERO: Final = Decimal(0)
# A sum of many loans may be longer than any one of them.
TotalYuan = Annotated[
    Decimal, DecimalText(2, _ZERO, Decimal("99999999999999999.99"), r"(0|[1-9][0-9]{0,16})(\.[0-9]{1,2})?", fixed=True)
]
Days = Annotated[Decimal, DecimalText(1, _ZERO, Decimal(99_999), r"(0|[1-9][0-9]{0,4})(\.[0-9])?", fixed=True)]


class StatisticsRowOut(OutputSchema):
    """One row. Null: kept back where the column stands in `withheld`, else there is nothing to say.

    `key` is what `cell` names it by: a region's code, a kind, a bank's code, a month, or `total`.
    """

    key: str
    label: str
    listed: int | None = Field(title=COLUMNS["listed"])
    pushed: int | None = Field(title=COLUMNS["pushed"])
    contacted: int | None = Field(title=COLUMNS["contacted"])
    decided: int | None = Field(title=COLUMNS["decided"])
    granted: int | None = Field(title=COLUMNS["granted"])
    granted_yuan: TotalYuan | None = Field(title=COLUMNS["granted_yuan"])
    disbursed: int | None = Field(title=COLUMNS["disbursed"])
    disbursed_yuan: TotalYuan | None = Field(title=COLUMNS["disbursed_yuan"])
    balance_yuan: TotalYuan | None = Field(title=COLUMNS["balance_yuan"])
    balance_missing: int | None = Field(title=COLUMNS["balance_missing"])
    weighted_rate_percent: Percent | None = Field(title=COLUMNS["weighted_rate_percent"])
    converted: int | None = Field(title=COLUMNS["converted"])
    conversion_percent: Percent | None = Field(title=COLUMNS["conversion_percent"])
    days_to_decision: Days | None = Field(title=COLUMNS["days_to_decision"])
    subsidy_yuan: TotalYuan | None = Field(title=COLUMNS["subsidy_yuan"])
    withheld: list[str]


class StatisticsOut(OutputSchema):
    """A table: `rows` in order, and `total`, which counts everything once.

    `is_sum` says whether the counts of the rows add up to the total; by kind they need not, since an institution may
    be of several. `first_day` and `last_day` are both included. `region_code` is what of the registry was counted: the
    caller's own region, or the part of it that was asked for. `fewer_than`: smaller counts are kept back; null where
    none is.
    """

    by: By
    first_day: IsoDate
    last_day: IsoDate
    region_code: str | None
    region_name: str | None
    kinds: list[str]
    bank: str | None
    columns: dict[str, str]
    rows: list[StatisticsRowOut]
    total: StatisticsRowOut
    is_sum: bool
    fewer_than: int | None
    notes: list[str]


class StatisticsCaseOut(OutputSchema):
    """One row behind a figure: an entry, or what a bank made of it, on the day that counts."""

    happened_on: IsoDate
    entry_id: UUID
    referral_id: UUID | None
    subject_kind: str
    institution_id: UUID
    project_id: UUID | None
    name: str
    region_code: str
    region_name: str
    bank: str | None
    bank_name: str | None
    amount_yuan: Yuan | None
    rate_percent: Percent | None
    balance_yuan: Yuan | None
    subsidy_yuan: Yuan | None
    days_to_decision: int | None


class StatisticsCaseListOut(OutputSchema):
    """A page of the rows behind one figure."""

    cell: str
    measure: Measure
    items: list[StatisticsCaseOut]
    next_cursor: str | None
    total: int | None
