"""What a product's candidates answer, in a list and in a file. The labels of the columns are the same in both."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import Field

from app.cases.select import CaseKind
from app.http.schemas import IsoDate, OutputSchema, Yuan
from app.matching.build import Outcome
from app.matching.candidates import Candidacy
from app.matching.schemas import ConditionOut, MissingOut

# What a field of a row is called in front of people; a file has these columns in this order.
COLUMNS: Final = {
    "kind": "类别",
    "name": "名称",
    "region_name": "所在地",
    "amount_yuan": "资金需求（元）",
    "outcome": "结论",
    "near_miss": "差一步",
    "missing": "缺少的事实",
    "advice": "怎样即可符合",
    "case_id": "编号",
    "institution_id": "机构编号",
}


class CandidateOut(OutputSchema):
    """One case that fits, may fit, or is one step from fitting; `conditions` is empty unless it was asked for."""

    kind: CaseKind = Field(title=COLUMNS["kind"])
    kind_label: str
    case_id: UUID = Field(title=COLUMNS["case_id"])
    institution_id: UUID = Field(title=COLUMNS["institution_id"])
    project_id: UUID | None
    name: str = Field(title=COLUMNS["name"])
    region_code: str
    region_name: str = Field(title=COLUMNS["region_name"])
    amount_yuan: Yuan | None = Field(title=COLUMNS["amount_yuan"])
    outcome: Outcome = Field(title=COLUMNS["outcome"])
    outcome_label: str
    near_miss: bool = Field(title=COLUMNS["near_miss"])
    missing: list[MissingOut] = Field(title=COLUMNS["missing"])
    advice: str | None = Field(title=COLUMNS["advice"])
    conditions: list[ConditionOut]


class CountOut(OutputSchema):
    """So many cases, of so many institutions. Null: fewer than `fewer_than`."""

    cases: int | None
    institutions: int | None


class CandidateListOut(OutputSchema):
    """One page. `counts` (on request) counts every outcome under the other filters, `total` the list itself.

    A bank reads no count below `fewer_than`: it is null, and so is a smaller total. Null where all counts are exact.
    """

    product_id: UUID
    version: int
    as_of: IsoDate
    known_at: datetime | None
    columns: dict[str, str]
    items: list[CandidateOut]
    next_cursor: str | None
    total: int | None
    counts: dict[Candidacy, CountOut] | None
    fewer_than: int | None
