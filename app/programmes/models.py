"""What the policy library holds, as frozen records: seeds, stored versions and the API are read by the same models."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, StrictInt, model_validator

from app.regions import regions
from app.rules.check import Rule, parse
from app.rules.facts import Fact, FactType, Subject
from app.rules.nodes import Citation
from app.rules.parameters import Dated, Parameter, Parameters, ParameterValue
from app.rules.structure import Problem, RuleRefused
from app.rules.values import Value, read_value
from app.subsidy import RateSeries, ReadingSet, in_full


def _known_region(code: str) -> str:
    if code not in regions():
        raise ValueError(f"没有行政区划代码 {code}")
    return code


Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
ClauseKey = Annotated[
    str,
    Field(
        pattern=r"^([一二三四五六七八九十]?\([一二三四五六七八九十]+\)|[一二三四五六七八九十]?[0-9]{1,2}|报道[0-9]{1,2})$"
    ),
]
RegionCode = Annotated[str, AfterValidator(_known_region)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


class Record(BaseModel):
    """A record that never changes and refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Force(StrEnum):
    """What a met condition may be called: obliges (eligible), encourages (in scope at most), informs."""

    OBLIGES = "O"
    ENCOURAGES = "E"
    INFORMS = "I"


class Decidability(StrEnum):
    """Decided by a machine alone, or partly by the attestation of an office."""

    MACHINE = "M"
    PARTLY = "P"


class Confidence(StrEnum):
    """Read in the document itself, or known from the press only (待核实)."""

    ORIGINAL = "original"
    SECONDARY = "secondary"


class DocumentRecord(Record):
    """A policy document; `number` is its 文号, `territory` a GB/T 2260 code."""

    slug: Slug
    number: Text | None = None
    title: Text
    issued_on: date
    issuers: tuple[Text, ...]
    territory: RegionCode
    source: Confidence
    note: Text | None = None


class ClauseRecord(Record):
    """One clause, summarised in our own words (摘要). `key` is part and number, unique in the document."""

    key: ClauseKey
    part: Text
    number: Text
    title: Text
    summary: Annotated[str, Field(min_length=10, max_length=400)]
    departments: tuple[Text, ...]
    subject: Text
    force: Force
    decidability: Decidability | None = None

    @model_validator(mode="after")
    def _informing_clauses_decide_nothing(self) -> Self:
        if (self.force is Force.INFORMS) is not (self.decidability is None):
            raise ValueError("decidability 只在 force 为 O 或 E 时写，且必须写")
        return self


class Benefit(Record):
    """What one gets. Amounts in yuan; a missing amount says in `set_by` who sets it, if anybody does."""

    kind: Literal[
        "interest_subsidy", "grant", "credit", "security", "bond", "land", "approval", "tax_and_utilities",
        "operating_subsidy", "fund", "listing", "guarantee", "relending", "whitelist", "training_subsidy",
        "reward", "investment", "credit_record", "partnership", "information",
    ]  # fmt: skip
    gives: Text
    share: Decimal | None = Field(default=None, gt=0, le=1)
    longest_months: int | None = Field(default=None, gt=0)
    amount_yuan: Decimal | None = Field(default=None, gt=0)
    per: Text | None = None
    ceiling_yuan: Decimal | None = Field(default=None, gt=0)
    set_by: Text | None = None


class Relations(Record):
    """How programmes stand to each other, by slug."""

    excludes: tuple[Slug, ...] = ()
    stacks: tuple[Slug, ...] = ()
    superseded_by: Slug | None = None
    superseded_on: date | None = None
    notes_on: tuple[Slug, ...] = ()


class ProgrammeRules(NamedTuple):
    """The rule of a programme for each kind of case, which differ in whose region counts, and may in conditions.

    Both are `all` of territory, `applies` and, where the clause sets conditions, `requires`.
    """

    institution: Rule
    project: Rule


class ProjectRules(Record):
    """The conditions of a programme that asks other things of a project than of an institution."""

    applies: dict[str, object]
    requires: dict[str, object] | None = None


class ProgrammeRecord(Record):
    """A support programme: what it gives, to which cases, under which clause, where and when.

    `valid_from` is the first day in force, `valid_to` the first day no longer (None: the text states no end),
    `unconfirmed_from` the first day on which nobody has confirmed that it still runs. `applies` and `requires`
    are rules as JSON; `for_project` takes their place where the case is a project.
    """

    slug: Slug
    name: Text
    clause: ClauseKey | None = None
    also: tuple[ClauseKey, ...] = ()
    force: Force
    decidability: Decidability | None = None
    confidence: Confidence
    subjects: tuple[Subject, ...]
    territory: RegionCode
    valid_from: date
    valid_to: date | None = None
    unconfirmed_from: date | None = None
    window_note: Text | None = None
    departments: tuple[Text, ...]
    benefit: Benefit
    applies: dict[str, object] | None = None
    requires: dict[str, object] | None = None
    for_project: ProjectRules | None = None
    relations: Relations = Relations()
    notes: tuple[Text, ...] = ()
    readings: ReadingSet | None = None

    @model_validator(mode="after")
    def _force_and_rules_agree(self) -> Self:
        if self.force is Force.INFORMS and (self.applies or self.requires or self.decidability):
            raise ValueError("force 为 I 的政策只供了解，不写 applies、requires 和 decidability")
        if self.force is not Force.INFORMS and not (self.applies and self.subjects and self.decidability):
            raise ValueError("force 为 O 或 E 的政策要写 applies、subjects 和 decidability")
        return self

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if any(day is not None and day < self.valid_from for day in (self.valid_to, self.unconfirmed_from)):
            raise ValueError("valid_to 和 unconfirmed_from 不能早于 valid_from")
        return self

    def rules(self, parameters: Parameters | None = None) -> ProgrammeRules | None:
        """The parsed rules; None where the programme only informs.

        Raises RuleRefused with JSON Pointers below /applies and /requires.
        """
        if self.applies is None:
            return None
        institution = self._rule(Subject.INSTITUTION, self.applies, self.requires, parameters, "")
        other = self.for_project
        if other is None:
            return ProgrammeRules(institution, self._rule(Subject.PROJECT, self.applies, self.requires, parameters, ""))
        project = self._rule(Subject.PROJECT, other.applies, other.requires, parameters, "/for_project")
        return ProgrammeRules(institution, project)

    def _rule(
        self,
        subject: Subject,
        applies: dict[str, object],
        requires: dict[str, object] | None,
        parameters: Parameters | None,
        at: str,
    ) -> Rule:
        # Parsed one by one first, so that a complaint points into the record and not into the joined rule.
        parse(applies, parameters=parameters, at=f"{at}/applies")
        if requires is not None:
            parse(requires, parameters=parameters, at=f"{at}/requires")
        where = f"本文件适用于{regions()[self.territory].name}"
        fact = f"{subject}.region_code"
        territory = {
            "op": "within",
            "fact": fact,
            "regions": [self.territory],
            "id": "territory",
            "cite": {"own": where},
        }
        parts = [territory, applies, *([] if requires is None else [requires])]
        try:
            return parse({"op": "all", "of": parts})
        except RuleRefused as refusal:
            raise RuleRefused([_in_record(problem, at) for problem in refusal.problems]) from None


def _in_record(problem: Problem, at: str) -> Problem:
    """A complaint about the joined rule, at the place in the record that its part came from."""
    for part, name in (("/of/1", "applies"), ("/of/2", "requires")):
        if problem.pointer.startswith(part):
            return replace(problem, pointer=f"{at}/{name}{problem.pointer.removeprefix(part)}")
    return replace(problem, pointer=at)


class StoredProgramme(NamedTuple):
    """A programme version as stored: its record, its rules, the document it stands in, and its number."""

    record: ProgrammeRecord
    rules: ProgrammeRules | None
    document: str
    version: int


class ClauseLabel(NamedTuple):
    """How a clause is cited: 晋政办发〔2022〕37号 三(八), with its own-words summary."""

    document: str
    document_number: str | None
    document_title: str
    clause: str
    summary: str

    @property
    def label(self) -> str:
        return f"{self.document_number or self.document_title} {self.clause}"


class DatedValue(Record):
    """A value from one day until another (half open); a decimal is written as text, never as a binary float."""

    valid_from: date = Field(alias="from")
    valid_to: date | None = Field(default=None, alias="to")
    value: StrictInt | Annotated[date, Strict()] | Annotated[str, Strict(), Field(max_length=40)]


class ParameterRecord(Record):
    """A number of a policy: what rules compare with, dated and cited."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$", max_length=80)]
    label: Text
    type: Literal[FactType.INT, FactType.DECIMAL, FactType.DATE]
    unit: str = ""
    cite: Citation
    values: tuple[DatedValue, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _reads_as_its_type(self) -> Self:
        self.parameter()
        return self

    def parameter(self) -> Parameter:
        """The parameter as rules read it. Raises ValueError for a value that is not of its type."""
        fact = Fact(self.key, self.label, self.type, self.unit)
        dated = (Dated(_number(read_value(fact, v.value)), v.valid_from, v.valid_to) for v in self.values)
        return Parameter(self.key, self.label, self.type, tuple(dated), self.unit)


def _number(value: Value) -> ParameterValue:
    if isinstance(value, bool | str | frozenset):
        raise TypeError("a parameter is a number or a day")
    return value


class PolicyFile(Record):
    """One seed file: a document with its clauses, the parameters its rules use, and its programmes."""

    document: DocumentRecord
    clauses: tuple[ClauseRecord, ...] = ()
    parameters: tuple[ParameterRecord, ...] = ()
    programmes: tuple[ProgrammeRecord, ...] = ()


class RateFile(Record):
    """One seed file of published rates."""

    series: tuple[RateSeries, ...]


class ReadingFile(Record):
    """The seed file of readings, one set for each interest-subsidy programme."""

    programmes: tuple[Annotated[ReadingSet, BeforeValidator(in_full)], ...]


class Renaming(Record):
    """A later name of an office, from a day on."""

    name: Text
    valid_from: date = Field(alias="from")
    note: Text | None = None


class Department(Record):
    """An office as a document names it, with its later names in order."""

    name: Text
    renamed: tuple[Renaming, ...] = ()

    def name_on(self, day: date) -> str:
        """What the office is called on a day."""
        return next((later.name for later in reversed(self.renamed) if later.valid_from <= day), self.name)


class DepartmentFile(Record):
    """The seed file of offices that were renamed."""

    departments: tuple[Department, ...]
