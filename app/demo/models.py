"""The sample folder of the seeds as frozen records: shares and ranges of the province, its banks and their products."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Final, NamedTuple, Self

from pydantic import Field, model_validator

from app.products.models import BankKindCode, Phrase, ProductRecord
from app.programmes.models import Record, RegionCode, Slug
from app.programmes.seeds import read_record
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Subject

FOLDER: Final = "sample"
Share = Annotated[float, Field(ge=0, le=1)]
Weights = Annotated[dict[str, Annotated[float, Field(ge=0)]], Field(min_length=1)]
Ends = tuple[int, int]
Portions = tuple[Share, Share]
_NOUNS: Final = frozenset({Subject.INSTITUTION, Subject.PROJECT, Subject.NEED})


class City(Record):
    """A city with its population in 万人, which says how much of the sample lies there."""

    code: RegionCode
    population: int = Field(gt=0)
    area_code: str


class Shares(Record):
    """How many are a further site of the same body, lie in a zone, were inspected, are listed, are attested."""

    site: Share
    zone: Share
    inspected: Share
    listed: Share
    attested: Share


class Kind(Record):
    """A kind of institution: how many there are (`weight`), what they are, and in which ranges their figures lie.

    One with `beds` earns its `fee` (yuan a bed and month); one without has `staff` and `revenue` (yuan a year).
    """

    name: Phrase
    kinds: tuple[str, ...]
    also: dict[str, Share] = Field(default_factory=dict)
    weight: float = Field(gt=0)
    suffixes: tuple[str, ...]
    legal_forms: Weights
    ownership: Weights
    rural: Share
    numbered: Share
    filed: Share
    beds: Ends | None = None
    fee: Ends = (0, 0)
    nursing: Portions = (0, 0)
    staff: Ends = (0, 0)
    revenue: Ends = (0, 0)
    home_beds: Ends | None = None
    eldercare_percent: Ends = (70, 100)
    maker: bool = False
    trains: bool = False
    project: Share
    need: Share
    loan: Share
    purposes: Weights

    @model_validator(mode="after")
    def _earns_something(self) -> Self:
        if (self.beds is None) is (self.revenue == (0, 0)):
            raise ValueError("beds 与 revenue 要写且只写一项")
        return self


class Purpose(Record):
    """What money is wanted for: yuan, months, how often the care facility is the property, what can be offered."""

    amount: Ends
    months: tuple[int, ...]
    facility: Share
    securities: dict[str, Share]


class Gaps(Record):
    """How often a fact is unknown; `diligence` spreads it: its factors, with how many institutions have each."""

    default: Share
    facts: dict[str, Share]
    diligence: Weights

    def of(self, key: str) -> float:
        return self.facts.get(key, self.default)


class Attested(Record):
    """Which attestations those have that have any, and the programmes of those that name one."""

    institution: dict[str, Share]
    project: dict[str, Share]
    detailed_rules: dict[str, Slug]
    granted: Share


class Names(Record):
    """What names are made of."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    surnames: tuple[str, ...]
    projects: tuple[str, ...]


class Province(Record):
    """All shares and ranges. `recorded_at` is the instant of the whole sample: nothing in it is later."""

    recorded_at: datetime
    oldest_on: date
    cities: tuple[City, ...]
    counties: Weights
    shares: Shares
    kinds: tuple[Kind, ...]
    purposes: dict[str, Purpose]
    need_status: Weights
    bools: dict[str, Share]
    enums: dict[str, Weights]
    sets: dict[str, dict[str, Share]]
    grades: Weights
    sizes: dict[str, int]
    gaps: Gaps
    registry: frozenset[str]
    checked: frozenset[str]
    attestations: Attested
    subsidy: Slug
    names: Names

    @model_validator(mode="after")
    def _asks_known_facts(self) -> Self:
        for key in self._keys():
            if CATALOGUE[key].subject not in _NOUNS:
                raise ValueError(f"样本里不写“{key}”")
        return self

    def _keys(self) -> Iterator[str]:
        yield from (*self.bools, *self.enums, *self.sets, *self.gaps.facts, *self.registry, *self.checked)
        yield from (*self.attestations.institution, *self.attestations.project)

    @property
    def recorded_on(self) -> date:
        return self.recorded_at.date()

    @property
    def kind_weights(self) -> list[float]:
        """Cumulative, for one draw by bisection."""
        return list(accumulate(kind.weight for kind in self.kinds))


class SampleBank(Record):
    """A bank that does not exist."""

    code: Slug
    name: Phrase
    kind: BankKindCode
    region_code: RegionCode
    national: bool


class _BankFile(Record):
    banks: tuple[SampleBank, ...]


class _ProductFile(Record):
    products: tuple[ProductRecord, ...]


class Sample(NamedTuple):
    """The whole folder."""

    province: Province
    banks: tuple[SampleBank, ...]
    products: tuple[ProductRecord, ...]


def read_sample(seeds: Path) -> Sample:
    """The sample folder below the seeds. Raises SeedRefused for the first thing that is wrong."""
    folder = seeds / FOLDER
    return Sample(
        read_record(folder / "province.yaml", Province),
        read_record(folder / "banks.yaml", _BankFile).banks,
        read_record(folder / "products.yaml", _ProductFile).products,
    )
