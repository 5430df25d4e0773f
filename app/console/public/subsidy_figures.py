"""An interest-subsidy quote as a page shows it: its years as rows and bars, and the range of its readings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from app.console.charts import Bars, bars
from app.console.words import percent

Json = Mapping[str, Any]

DEFAULT: Final = "default"
_WAN: Final = Decimal(10_000)
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Extreme:
    """One end of the range of readings, or the reading that was asked for; the amount in 万元."""

    word: str
    name: str
    amount: str


@dataclass(frozen=True, slots=True)
class YearRow:
    """A year in the table, in yuan, and beside its bar, in 万元."""

    year: Json
    rates: str
    interest: str
    reference: str
    subsidy: str
    own: str
    given_wan: str
    own_wan: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything of a quote that is written or drawn."""

    subsidy: str
    own: str
    own_yuan: str
    low: str
    high: str
    net: str
    gross: str
    interest_yuan: str
    subsidy_yuan: str
    days: int
    rows: Sequence[YearRow]
    years: Bars
    extremes: Sequence[Extreme]
    span: Bars


def figures(quote: Json, chosen: str, names: Mapping[str, str]) -> Figures:
    """A quote under the reading `chosen`; `names` are those of the programme's readings by slug."""
    subsidy, interest = Decimal(quote["subsidy_yuan"]), Decimal(quote["interest_yuan"])
    own, extremes = _left(interest, subsidy), _extremes(quote, chosen, names)
    return Figures(
        subsidy=in_wan(subsidy),
        own=in_wan(own),
        own_yuan=_money(own),
        low=_known(quote["range"]["low_yuan"]),
        high=_known(quote["range"]["high_yuan"]),
        net=rate(quote["net_rate_percent"]),
        gross=rate(quote["gross_rate_percent"]),
        interest_yuan=_money(interest),
        subsidy_yuan=_money(subsidy),
        days=sum(one["days"] for one in quote["years"]),
        rows=[_row(one) for one in quote["years"]],
        years=bars((f"{one['year']} 年", *_parts(one)) for one in quote["years"]),
        extremes=[Extreme(word, name, in_wan(yuan)) for word, name, yuan in extremes],
        span=bars((word, yuan / _WAN, _NOTHING) for word, _, yuan in extremes),
    )


def in_wan(yuan: Decimal) -> str:
    """An amount in 万元 to two places."""
    return f"{yuan / _WAN:,.2f}"


def rate(value: str | None) -> str:
    """A rate to two places."""
    return "" if value is None else f"{Decimal(value):.2f}%"


def _known(yuan: str | None) -> str:
    return "—" if yuan is None else in_wan(Decimal(yuan))


def _money(yuan: Decimal) -> str:
    return f"{yuan:,.2f}"


def _left(interest: Decimal, subsidy: Decimal) -> Decimal:
    return max(interest - subsidy, _NOTHING)


def _parts(year: Json) -> tuple[Decimal, Decimal]:
    """What is subsidised of a year's interest, and what is not, in 万元."""
    interest, subsidy = Decimal(year["interest_yuan"]), Decimal(year["subsidy_yuan"])
    return subsidy / _WAN, _left(interest, subsidy) / _WAN


def _row(year: Json) -> YearRow:
    interest, subsidy = Decimal(year["interest_yuan"]), Decimal(year["subsidy_yuan"])
    own = _left(interest, subsidy)
    return YearRow(
        year=year,
        rates="、".join(dict.fromkeys(percent(one["percent"]) for one in year["reference_rates"])),
        interest=_money(interest),
        reference=_money(Decimal(year["reference_interest_yuan"])),
        subsidy=_money(subsidy),
        own=_money(own),
        given_wan=in_wan(subsidy),
        own_wan=in_wan(own),
    )


def _extremes(quote: Json, chosen: str, names: Mapping[str, str]) -> list[tuple[str, str, Decimal]]:
    """The lowest, the asked and the highest reading, so far as they differ."""
    subsidy = Decimal(quote["subsidy_yuan"])
    asked = ("默认口径" if chosen == DEFAULT else "所选口径", "" if chosen == DEFAULT else names[chosen], subsidy)
    counted = [
        (one["name"], Decimal(one["subsidy_yuan"]))
        for one in quote["range"]["readings"]
        if one["subsidy_yuan"] is not None and not one["exceeds_interest"]
    ]
    low = [("最低", *min(counted, key=lambda one: one[1]))] if counted else []
    high = [("最高", *max(counted, key=lambda one: one[1]))] if counted else []
    return [*(one for one in low if one[2] < subsidy), asked, *(one for one in high if one[2] > subsidy)]
