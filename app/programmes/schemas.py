"""What the public catalogue answers."""

from typing import Annotated, Any

from pydantic import Field

from app.http.schemas import IsoDate, OutputSchema, SignedPercent
from app.programmes.models import Confidence, Decidability, Force
from app.regions import Level
from app.rules.facts import FactType, Subject, Visibility


class PolicyOut(OutputSchema):
    """A policy document in the list."""

    slug: str
    number: str | None
    title: str
    issued_on: IsoDate
    issuers: list[str]
    territory: str
    territory_name: str
    source: str
    note: str | None
    clause_count: int


class PolicyListOut(OutputSchema):
    items: list[PolicyOut]


class DepartmentOut(OutputSchema):
    """An office as the document names it, and what it is called today."""

    name: str
    name_today: str


class ClauseOut(OutputSchema):
    """One clause. `summary` is in our own words (摘要); `official_text` only where the operator has loaded it."""

    key: str
    part: str | None
    number: str
    title: str
    summary: str
    official_text: str | None
    departments: list[DepartmentOut]
    subject: str
    force: Force
    decidability: Decidability | None
    programmes: list[str]


class PolicyDetailOut(PolicyOut):
    clauses: list[ClauseOut]


class ProgrammeOut(OutputSchema):
    """A programme in the list, with its window on the day asked."""

    slug: str
    name: str
    document: str
    clause: str | None
    force: Force
    decidability: Decidability | None
    confidence: Confidence
    subjects: list[Subject]
    territory: str
    territory_name: str
    valid_from: IsoDate
    valid_to: IsoDate | None
    unconfirmed_from: IsoDate | None
    window_note: str | None
    departments: list[DepartmentOut]
    gives: str
    version: int


class ProgrammeListOut(OutputSchema):
    as_of: IsoDate
    items: list[ProgrammeOut]


class AskedOut(OutputSchema):
    """A condition in words: `label` with `wanted` is a sentence.

    It stands in `clause` of `document`, or where `source` says: a law, or how this service reads the text. `any_of`
    names the group of which one `alternative` is enough; both are null for what is needed by itself.
    """

    fact: str
    label: str
    wanted: str
    document: str
    clause: str | None
    source: str | None
    any_of: str | None
    alternative: str | None


class AskedOfOut(OutputSchema):
    """What is asked of an institution and of a project; null where the programme is not for them."""

    institution: list[AskedOut] | None
    project: list[AskedOut] | None


class ProgrammeDetailOut(ProgrammeOut):
    """A programme with its rules as data and in words, its relations and its readings."""

    benefit: dict[str, Any]
    applies: dict[str, Any] | None
    requires: dict[str, Any] | None
    for_project: dict[str, Any] | None
    asks: AskedOfOut
    parameters: list["ParameterOut"]
    relations: dict[str, Any]
    notes: list[str]
    readings: dict[str, Any] | None


class ParameterOut(OutputSchema):
    """A dated number that the rules of a programme compare with, with its value on the day asked."""

    key: str
    label: str
    unit: str
    value: str | None


class RatePointOut(OutputSchema):
    """From this day on the series has this value."""

    from_: Annotated[IsoDate, Field(alias="from")]
    percent: SignedPercent


class RateOnOut(OutputSchema):
    """The value on a day; `carried_forward` where it is later than the last day known, and `note` says so."""

    on: IsoDate
    percent: SignedPercent
    carried_forward: bool
    note: str | None


class RateSeriesOut(OutputSchema):
    code: str
    name: str
    source: str
    known_through: IsoDate
    value: RateOnOut | None
    points: list[RatePointOut]


class RateSeriesListOut(OutputSchema):
    items: list[RateSeriesOut]


class CodeOut(OutputSchema):
    code: str
    label: str


class CatalogueFactOut(OutputSchema):
    """One fact that rules may ask. A per-programme attestation is written `key@programme-slug`."""

    key: str
    label: str
    subject: Subject
    type: FactType
    unit: str
    codes: list[CodeOut]
    minimum: str | None
    maximum: str | None
    changeable: bool
    visibility: Visibility
    per_programme: bool


class FactListOut(OutputSchema):
    items: list[CatalogueFactOut]


class RegionOut(OutputSchema):
    code: str
    name: str
    level: Level
    parent: str | None


class RegionListOut(OutputSchema):
    items: list[RegionOut]
