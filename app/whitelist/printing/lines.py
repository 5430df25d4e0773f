"""What the list says of a subject: one line, frozen when it is announced. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from app.regions import Level, regions
from app.rules import codes
from app.rules.values import Value

UNKNOWN: Final = "—"
_TEN_THOUSAND: Final = Decimal(10_000)
_ZONE: Final = "开发区"
_PROVISIONAL: Final = "（临时编号）"

Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Line:
    """The public part of a line. `owner` is whose project it is; `number` the USCC or, marked so, a provisional one."""

    name: str
    owner: str | None
    number: str
    provisional: bool
    region_code: str
    city: str
    county: str
    kind: str
    beds: int | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Line":
        return cls(**stored)

    @property
    def full_name(self) -> str:
        """A project with its owner."""
        return self.name if self.owner is None else f"{self.name}（{self.owner}）"

    @property
    def full_number(self) -> str:
        """The number, and that it is a provisional one."""
        return f"{self.number}{_PROVISIONAL}" if self.provisional else self.number


def institution_line(header: Mapping[str, Any], values: Values) -> Line:
    """The line of an institution, from what the registry says of it."""
    kinds = values.get("institution.kinds")
    label = "、".join(text for code, text in codes.KINDS.items() if isinstance(kinds, frozenset) and code in kinds)
    beds = values.get("institution.beds_total")
    return _line(header["name"], None, header, header["region_code"], label, beds)


def project_line(name: str, region_code: str, owner: Mapping[str, Any], values: Values) -> Line:
    """The line of a project: its own place and beds, its owner's number."""
    carrier = values.get("project.carrier")
    label = codes.CARRIER[carrier] if isinstance(carrier, str) else "康养项目"
    return _line(name, owner["name"], owner, region_code, label, values.get("project.beds"))


def _line(
    name: str, owner: str | None, numbered: Mapping[str, Any], region_code: str, kind: str, beds: Value | None
) -> Line:
    city, county = place(region_code)
    return Line(
        name=name,
        owner=owner,
        number=numbered["uscc"] or numbered["provisional_number"],
        provisional=numbered["uscc"] is None,
        region_code=region_code,
        city=city,
        county=county,
        kind=kind or UNKNOWN,
        beds=beds if isinstance(beds, int) else None,
    )


def place(region_code: str) -> tuple[str, str]:
    """City and county by name. A development zone stands under its city's code and has no county."""
    region = regions().get(region_code)
    if region is None:
        return UNKNOWN, region_code
    if region.level is not Level.COUNTY or region.parent is None:
        return region.name, _ZONE
    return regions()[region.parent].name, region.name


def need_text(needs: Iterable[Values]) -> str:
    """What money is wanted: 2,000 万元（固定资产或建设，36 个月）, several of them apart by a semicolon."""
    return "；".join(_need(values) for values in needs) or UNKNOWN


def _need(values: Values) -> str:
    amount, purpose, months = (values.get(f"need.{name}") for name in ("amount_yuan", "purpose", "term_months"))
    sum_text = f"{_plain(Decimal(amount) / _TEN_THOUSAND)} 万元" if isinstance(amount, Decimal) else "金额未填"
    more = [codes.PURPOSE[purpose]] if isinstance(purpose, str) else []
    more += [f"{months} 个月"] if isinstance(months, int) else []
    return f"{sum_text}（{'，'.join(more)}）" if more else sum_text


def _plain(number: Decimal) -> str:
    """With separators and without trailing zeros."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
