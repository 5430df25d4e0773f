"""What a fact is: its key, type, unit, codes, who may change it and who may see it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final


class Subject(StrEnum):
    """The noun that a fact belongs to: the first word of its key."""

    INSTITUTION = "institution"
    PROJECT = "project"
    NEED = "need"
    LOAN = "loan"
    WHITELIST = "whitelist"


class FactType(StrEnum):
    """How a value is written, compared and asked for."""

    BOOL = "bool"
    INT = "int"
    DECIMAL = "decimal"
    DATE = "date"
    ENUM = "enum"
    SET = "set"
    REGION = "region"
    ATTESTATION = "attestation"

    # As for any str, without the detour of Enum through Python; every written value looks its type up.
    __hash__ = str.__hash__


class Visibility(StrEnum):
    """Who may see a value: everybody, banks that received the list entry, or banks with a live consent."""

    PUBLIC = "public"
    LISTED = "listed"
    CONSENT = "consent"


# Money in yuan with fen, percentages with two decimals: the resolution in which advice counts distances.
HUNDREDTH: Final = Decimal("0.01")
# What waiting moves, in the place of a fact; no fact has such a key.
TIME: Final = "as_of"
ONE: Final = Decimal(1)
SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of the catalogue.

    `unit` is the Chinese unit (元, 张, 人, %, 个月, ㎡). `minimum` and `maximum` are inclusive. `codes` maps
    code to label for enums and sets. `changeable` says whether the applicant can change the value within a
    year, which is what advice may ask for. An attestation is given by `attested_by`, with `per_programme` for one
    programme only.
    """

    key: str
    label: str
    type: FactType
    unit: str = ""
    codes: Mapping[str, str] = field(default_factory=dict, hash=False)
    changeable: bool = False
    visibility: Visibility = Visibility.LISTED
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    per_programme: bool = False
    attested_by: str = ""

    @property
    def is_named_elsewhere(self) -> bool:
        """Its values are codes whose names others know: regions, and slugs of programmes."""
        return self.type is FactType.REGION or (self.type is FactType.SET and not self.codes)

    @property
    def subject(self) -> Subject:
        return Subject(self.key.partition(".")[0])

    @property
    def quantum(self) -> Decimal:
        """The smallest step between two values."""
        return HUNDREDTH if self.type is FactType.DECIMAL else ONE


class UnknownFact(LookupError):
    """A key that the catalogue does not hold, or a programme suffix where none belongs (or none where one does)."""

    def __init__(self, key: str, advice: str = "") -> None:
        super().__init__(f"事实目录中没有“{key[:80]}”{advice}")
        self.key = key


class Catalogue:
    """The facts that rules may ask, by key; a programme's own attestation is written `key@programme-slug`."""

    def __init__(self, facts: tuple[Fact, ...]) -> None:
        self._facts: dict[str, Fact] = {}
        for fact in facts:
            if self._facts.setdefault(fact.key, fact) is not fact:
                raise ValueError(f"事实键重复：{fact.key}")

    def __getitem__(self, key: str) -> Fact:
        name, at, programme = key.partition("@")
        fact = self._facts.get(name)
        if fact is None or (at and not fact.per_programme):
            raise UnknownFact(key)
        if fact.per_programme and not SLUG.fullmatch(programme):
            raise UnknownFact(key, f"；“{fact.label}”要写明是哪项政策：{name}@政策代码")
        return fact

    def __contains__(self, key: str) -> bool:
        try:
            self[key]
        except UnknownFact:
            return False
        return True

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts.values())

    def __len__(self) -> int:
        return len(self._facts)
