"""What the registry takes and answers."""

from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, WithJsonSchema

from app.http.instants import Instant
from app.http.schemas import InputSchema, IsoDate, OutputSchema
from app.institutions.facts_schema import facts_schema
from app.institutions.terms_schemas import LoanTermsIn
from app.rules.facts import Subject, Visibility
from app.rules.given import Provenance

ListStatus = Literal["none", "listed", "suspended", "removed", "expired"]
NeedStatus = Literal["open", "met", "withdrawn"]

# At least one sign that is not a blank; U+0000 cannot be stored.
_SAYS: Final = r"^[^\x00]*[^\x00\s][^\x00]*$"
Name = Annotated[str, StringConstraints(min_length=2, max_length=120, pattern=_SAYS)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_SAYS)]
Telephone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 -]{4,30}[0-9]$")]
Paragraph = Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=_SAYS)]
UsccText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40, pattern=r"^[^\x00]*$"),
    Field(description="统一社会信用代码，18 位；可含空格、全角和小写，存为半角大写"),
]
SiteNumber = Annotated[int, Field(strict=True, ge=1, le=9_999, description="同一法人的第几处院点，缺省为 1")]
Zone = Annotated[bool | None, Field(strict=True, description="开发区没有县级代码：区划写所在市的代码，并写 true")]

InstitutionFacts = Annotated[dict[str, Any], WithJsonSchema(facts_schema(Subject.INSTITUTION))]
ProjectFacts = Annotated[dict[str, Any], WithJsonSchema(facts_schema(Subject.PROJECT))]
NeedFacts = Annotated[dict[str, Any], WithJsonSchema(facts_schema(Subject.NEED))]
LoanFacts = Annotated[dict[str, Any], WithJsonSchema(facts_schema(Subject.LOAN))]

EXAMPLE_INSTITUTION: Final[dict[str, JsonValue]] = {
    "name": "虚构康宁养老院",
    "contact_person": "虚构联系人",
    "telephone": "0351-0000000",
    "facts": {
        "institution.region_code": "140105",
        "institution.kinds": ["elderly_home"],
        "institution.beds_total": 120,
        "institution.beds_nursing": {
            "value": 60,
            "provenance": "checked",
            "on": "2026-03-01",
            "by": "虚构区民政局",
        },
    },
}
EXAMPLE_PROJECT: Final[dict[str, JsonValue]] = {
    "name": "虚构云溪康养小镇",
    "facts": {
        "project.region_code": "140105",
        "project.is_kangyang": True,
        "project.investment_yuan": "480000000.00",
    },
}
EXAMPLE_NEED: Final[dict[str, JsonValue]] = {
    "facts": {
        "need.amount_yuan": "20000000.00",
        "need.term_months": 36,
        "need.purpose": "construction",
        "need.securities": ["receivables"],
    }
}
EXAMPLE_LOAN: Final[dict[str, JsonValue]] = {
    "lender": "虚构银行",
    "contract_number": "虚构借字第1号",
    "terms": {
        "principal_yuan": "20000000",
        "drawn_on": "2022-07-01",
        "due_on": "2025-07-01",
        "contract_rate_percent": "4.45",
    },
}
EXAMPLE_ATTESTATION: Final[dict[str, JsonValue]] = {
    "fact": "institution.stable_cash_flow",
    "office": "虚构区民政局",
    "person": "虚构经办人",
    "attested_on": "2026-03-01",
    "valid_until": "2027-03-01",
    "evidence": "近三年审计报告（虚构）",
}


class _Contact(InputSchema):
    """Who to call. Kept with each version, never asked by a rule."""

    address: Line | None = None
    legal_representative: Line | None = None
    contact_person: Line | None = None
    telephone: Telephone | None = None


class InstitutionIn(_Contact):
    """A site of a legal person. Without `uscc` it gets a provisional local number."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_INSTITUTION]})

    name: Name
    uscc: UsccText | None = None
    site_number: SiteNumber = 1
    zone: Zone = None
    facts: InstitutionFacts


class InstitutionPatch(_Contact):
    """What changes; whatever is not written stays. Null makes a contact or a fact unknown."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"facts": {"institution.beds_total": 150, "institution.grade": None}}]},
    )

    name: Name | None = None
    uscc: UsccText | None = None
    site_number: SiteNumber | None = None
    zone: Zone = None
    facts: InstitutionFacts = Field(default_factory=dict)


class ProjectIn(InputSchema):
    """A project of the institution, where it is built."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_PROJECT]})

    name: Name
    zone: Zone = None
    facts: ProjectFacts


class ProjectPatch(InputSchema):
    """What changes of a project."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"facts": {"project.stage": "construction"}}]}
    )

    name: Name | None = None
    zone: Zone = None
    facts: ProjectFacts = Field(default_factory=dict)


class NeedIn(InputSchema):
    """Money that the institution wants, for itself or for one of its projects."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_NEED]})

    project_id: UUID | None = None
    facts: NeedFacts


class NeedPatch(InputSchema):
    """What changes of an open need."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"facts": {"need.term_months": 60}}]}
    )

    project_id: UUID | None = None
    facts: NeedFacts = Field(default_factory=dict)


class LoanIn(InputSchema):
    """A bank loan of the institution. With `terms` most facts follow from them and need not be written."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_LOAN]})

    lender: Line
    contract_number: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_SAYS)] | None = None
    project_id: UUID | None = None
    terms: LoanTermsIn | None = None
    facts: LoanFacts = Field(default_factory=dict)


class LoanPatch(InputSchema):
    """What changes of a loan; `terms` are replaced as a whole."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"facts": {"loan.overdue": False}}]}
    )

    lender: Line | None = None
    contract_number: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_SAYS)] | None = None
    project_id: UUID | None = None
    terms: LoanTermsIn | None = None
    facts: LoanFacts = Field(default_factory=dict)


class AttestationIn(InputSchema):
    """What an office attests, or with `granted: false` refuses, on a day and until a day (exclusive).

    A programme's own attestation (meets_detailed_rules) names the programme; one of a project names the project.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_ATTESTATION]})

    fact: Annotated[str, StringConstraints(pattern=r"^(institution|project)\.[a-z_]{1,60}$")]
    programme: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")] | None = None
    project_id: UUID | None = None
    granted: Annotated[bool, Field(strict=True)] = True
    office: Line
    person: Line
    attested_on: IsoDate
    valid_until: IsoDate | None = None
    evidence: Paragraph


class FactOut(OutputSchema):
    """A recorded fact, who vouches for it, and who may see it."""

    value: bool | int | str | list[str]
    provenance: Provenance
    on: date | None
    by: str | None
    visibility: Visibility


Facts = dict[str, FactOut]


class _VersionedOut(OutputSchema):
    """`version` is what If-Match wants; null where the past was asked for, which nobody can change."""

    id: UUID
    version: int | None
    recorded_from: Instant
    created_at: Instant


class _MaskedOut(_VersionedOut):
    """`masked` names what is kept back from a bank without a consent, whether or not it is on record; else empty."""

    masked: list[str]


class InstitutionOut(_MaskedOut):
    """An institution with all recorded facts; what is neither there nor masked is unknown."""

    name: str
    uscc: str | None
    provisional_number: str | None
    site_number: int
    region_code: str
    region_name: str
    zone: bool
    list_status: ListStatus
    listed_on: date | None
    address: str | None
    legal_representative: str | None
    contact_person: str | None
    telephone: str | None
    facts: Facts


class PossibleDuplicateOut(OutputSchema):
    """Another institution of the county whose name is nearly equal; likeness from 0 to 100."""

    id: UUID
    name: str
    uscc: str | None
    likeness: float


class RegisteredOut(InstitutionOut):
    """A newly registered institution, with others that may be the same."""

    possible_duplicates: list[PossibleDuplicateOut]


class DuplicatesOut(OutputSchema):
    """Others in the county that may be the same institution."""

    items: list[PossibleDuplicateOut]


class InstitutionRowOut(OutputSchema):
    """An institution in a list."""

    id: UUID
    name: str
    uscc: str | None
    provisional_number: str | None
    site_number: int
    region_code: str
    region_name: str
    zone: bool
    kinds: list[str] | None
    ownership: str | None
    grade: int | None
    beds_total: int | None
    list_status: ListStatus
    version: int


class _ListOut(OutputSchema):
    """`total` is null unless it was asked for."""

    next_cursor: str | None
    total: int | None


class InstitutionListOut(_ListOut):
    items: list[InstitutionRowOut]


class ProjectOut(_MaskedOut):
    """A project with all recorded facts."""

    institution_id: UUID
    name: str
    region_code: str
    region_name: str
    zone: bool
    list_status: ListStatus
    listed_on: date | None
    facts: Facts


class ProjectListOut(_ListOut):
    items: list[ProjectOut]


class NeedOut(_MaskedOut):
    """A need with all recorded facts, and its status."""

    institution_id: UUID
    project_id: UUID | None
    status: NeedStatus
    facts: Facts


class NeedListOut(_ListOut):
    items: list[NeedOut]


class LoanOut(_MaskedOut):
    """A loan with its terms, as they were written, and the facts that follow from them."""

    institution_id: UUID
    project_id: UUID | None
    lender: str | None
    contract_number: str | None
    terms: dict[str, Any] | None
    facts: Facts


class LoanListOut(_ListOut):
    items: list[LoanOut]


class AttestationOut(OutputSchema):
    """An attestation; `recorded_to` is set once a later one has taken its place. Banks read no evidence (`masked`)."""

    id: UUID
    institution_id: UUID
    project_id: UUID | None
    fact: str
    label: str
    programme: str | None
    granted: bool
    office: str
    person: str
    attested_on: date
    valid_until: date | None
    evidence: str | None
    masked: list[str]
    recorded_from: Instant
    recorded_to: Instant | None


class AttestationListOut(_ListOut):
    items: list[AttestationOut]


class AttachmentOut(OutputSchema):
    """A file of the institution; its content stands below `/content`."""

    id: UUID
    institution_id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    created_at: Instant


class AttachmentListOut(_ListOut):
    items: list[AttachmentOut]
