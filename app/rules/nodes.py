"""The nodes of a rule: a small, frozen, typed tree that is stored as JSON."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    Strict,
    StrictBool,
    StrictInt,
    model_serializer,
    model_validator,
)

_UNCHECKED = ("checked", False)


class Frozen(BaseModel):
    """A record that is never changed, refuses what it does not know and is written without its empty fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_serializer(mode="wrap")
    def _without_blanks(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {
            name: value for name, value in handler(self).items() if value is not None and (name, value) != _UNCHECKED
        }


class Citation(Frozen):
    """Where a condition stands; exactly one of `clause`, `law` and `own` is given.

    `clause` is the part and number within `document` (without it: the document that the rule belongs to),
    `law` goes with `article`, and `own` is a bank's condition number or a reading of this service.
    """

    document: str | None = Field(default=None, max_length=80)
    clause: str | None = Field(default=None, max_length=20)
    law: str | None = Field(default=None, max_length=80)
    article: str | None = Field(default=None, max_length=40)
    own: str | None = Field(default=None, max_length=300)

    @model_validator(mode="after")
    def _names_one_source(self) -> "Citation":
        if sum(source is not None for source in (self.clause, self.law, self.own)) != 1:
            raise ValueError("引用要写明且只写明一处：clause（条款）、law（法律）或 own（自有编号或口径）")
        return self


class Param(Frozen):
    """A dated parameter in the place of a literal."""

    param: str = Field(max_length=80)


# Strict, so that text stays text until the catalogue says what the fact takes; binary floats match nothing.
Scalar: TypeAlias = (
    StrictBool
    | StrictInt
    | Annotated[Decimal, Strict()]
    | Annotated[date, Strict()]
    | Annotated[str, Strict(), Field(max_length=120)]
)
Operand: TypeAlias = Param | Scalar


class LeafNode(Frozen):
    """A condition on one fact. With `checked`, a merely declared value counts as unknown."""

    fact: str = Field(max_length=120)
    id: str | None = Field(default=None, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")
    cite: Citation | None = None
    checked: bool = False


class All(Frozen):
    op: Literal["all"]
    of: tuple["Node", ...] = Field(min_length=1)


class AnyOne(Frozen):
    op: Literal["any"]
    of: tuple["Node", ...] = Field(min_length=1)


class Not(Frozen):
    op: Literal["not"]
    of: "Node"


class Compare(LeafNode):
    op: Literal["eq", "ne", "lt", "le", "gt", "ge"]
    value: Operand


class Between(LeafNode):
    """Both ends belong to it."""

    op: Literal["between"]
    low: Operand
    high: Operand


class In(LeafNode):
    op: Literal["in"]
    values: tuple[Scalar, ...] = Field(min_length=1, max_length=200)


class Codes(LeafNode):
    """A set of codes shares at least one with `values` (overlaps) or has all of them (contains)."""

    op: Literal["overlaps", "contains"]
    values: tuple[Scalar, ...] = Field(min_length=1, max_length=60)


class Within(LeafNode):
    """A region lies in or at one of `regions` (GB/T 2260; trailing zero pairs stand for the whole province or city)."""

    op: Literal["within"]
    regions: tuple[str, ...] = Field(min_length=1, max_length=200)


class Known(LeafNode):
    op: Literal["known"]


class MonthsAgo(LeafNode):
    """A date lies at least, or at most, so many months before the day of the question."""

    op: Literal["at_least_months_ago", "at_most_months_ago"]
    months: Operand


class Attested(LeafNode):
    """An office has attested it; `programme` where the wording belongs to one programme only."""

    op: Literal["attested"]
    programme: str | None = Field(default=None, max_length=80, pattern=r"^[a-z0-9][a-z0-9-]*$")


Leaf: TypeAlias = Compare | Between | In | Codes | Within | Known | MonthsAgo | Attested
Node: TypeAlias = Annotated[All | AnyOne | Not | Leaf, Field(discriminator="op")]

for _group in (All, AnyOne, Not):
    _group.model_rebuild()
