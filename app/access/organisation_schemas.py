"""What organisations take and answer."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, StringConstraints, WithJsonSchema

from app.http.schemas import InputSchema, OutputSchema
from app.regions import regions

# At least one sign that is not a blank; U+0000 cannot be stored.
SAYS: Final = r"^[^\x00]*[^\x00\s][^\x00]*$"
OfficeName = Annotated[str, StringConstraints(min_length=2, max_length=120, pattern=SAYS)]
OfficeCode = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,79}$"),
    Field(description="单位代码，小写字母、数字和连字符，全系统唯一，日后不改"),
]
Kind = Literal["civil_affairs", "pboc", "bank", "institution", "finance", "audit", "operator"]
NewKind = Literal["civil_affairs", "pboc", "bank", "institution", "finance", "audit"]


def _known_region(code: str) -> str:
    if code not in regions():
        raise ValueError(f"{code} 不是山西省现行的区划代码，可查 /regions")
    return code


RegionCode = Annotated[
    str,
    AfterValidator(_known_region),
    WithJsonSchema({"type": "string", "pattern": "^14[0-9]{4}$", "examples": ["140302"]}),
]

EXAMPLE_ORGANISATION: Final[dict[str, JsonValue]] = {
    "code": "xugou-bank-taiyuan",
    "name": "虚构银行太原分行",
    "kind": "bank",
    "region_code": "140100",
    "parent_id": "0199f3c0-0000-7000-8000-000000000001",
    "bank_id": "0199f3c0-0000-7000-8000-000000000002",
}


class OrganisationIn(InputSchema):
    """A new organisation. A bank's names its bank, an institution's its institution; the others neither."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_ORGANISATION]})

    code: OfficeCode
    name: OfficeName
    kind: NewKind
    region_code: RegionCode
    parent_id: UUID | None = None
    bank_id: UUID | None = None
    institution_id: UUID | None = None


class OrganisationPatch(InputSchema):
    """What changes; whatever is not written stays. Kind and region bound what people see and do not change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"name": "虚构银行太原第一分行"}]}
    )

    name: OfficeName | None = None
    parent_id: UUID | None = None


class OrganisationOut(OutputSchema):
    """An organisation with its place in the tree."""

    id: UUID
    code: str
    name: str
    kind: Kind
    region_code: str
    region_name: str
    parent_id: UUID | None
    bank_id: UUID | None
    institution_id: UUID | None
    closed_at: datetime | None
    version: int
    created_at: datetime


class OrganisationListOut(OutputSchema):
    """A page of organisations, by region."""

    items: list[OrganisationOut]
    next_cursor: str | None
    total: int | None


class BureauxOut(OutputSchema):
    """How many civil-affairs bureaux were added, and how many there are now."""

    added: int
    total: int
