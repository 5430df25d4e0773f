"""The slow way: every figure counted again from the drawn history, one fact at a time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from app.reporting.asked import Asked
from app.reporting.measures import By
from tests.reporting.histories import Entry, Talk


def naive(history: Iterable[Entry], asked: Asked, bank: str | None, prefix: str) -> dict[tuple[str, str], Any]:
    """(row, column) to value, of every row that has anything to count, and of the total."""
    found: dict[tuple[str, str], Any] = {}
    facts = [fact for entry in history if _counts(entry, asked, prefix) for fact in _facts(entry, asked, bank)]
    for key in {"total", *(one for fact in facts for one in fact["keys"])}:
        mine = [fact for fact in facts if key == "total" or key in fact["keys"]]
        found |= {(key, column): value for column, value in _columns(mine).items()}
    return found


def _counts(entry: Entry, asked: Asked, prefix: str) -> bool:
    wanted = (asked.region or "").rstrip("0")
    kinds = _kinds_of(entry)
    return (
        entry.region.startswith(prefix)
        and entry.region.startswith(wanted)
        and (not asked.kinds or any(kind in kinds for kind in asked.kinds))
    )


def _kinds_of(entry: Entry) -> tuple[str, ...]:
    return ("project",) if entry.is_project else entry.kinds or ("unknown",)


def _facts(entry: Entry, asked: Asked, bank: str | None) -> Iterator[dict[str, Any]]:
    """Everything that happened to an entry within the period, and the rows of the table that it belongs to."""
    happened: list[tuple[str, date | None, Talk | None]] = [("listed", entry.listed, None)]
    for talk in entry.talks:
        if talk.bank in {bank or talk.bank} & {asked.bank or talk.bank}:
            happened += [("pushed", talk.delivered, talk), ("contacted", talk.contacted, talk)]
            happened += [("decided", talk.decided, talk), ("granted", talk.granted, talk)]
            happened.append(("disbursed", None if talk.money is None else talk.money.on, talk))
            if talk.granted is not None and talk.granted <= asked.end:
                happened.append(("converted", talk.delivered, talk))
    for name, day, about in happened:
        if day is not None and asked.begin <= day <= asked.end:
            yield {"measure": name, "keys": _keys(entry, about, day, asked), "talk": about}


def _keys(entry: Entry, talk: Talk | None, day: date, asked: Asked) -> set[str]:
    match asked.by:
        case By.CITY:
            return {entry.region[:4] + "00"}
        case By.COUNTY:
            return {entry.region}
        case By.KIND:
            return {one for one in _kinds_of(entry) if not asked.kinds or one in asked.kinds}
        case By.BANK:
            return set() if talk is None else {talk.bank}
        case By.MONTH:
            return {day.isoformat()[:7]}


def _columns(facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    def of(measure: str) -> list[Any]:
        return [fact["talk"] for fact in facts if fact["measure"] == measure]

    monies = [talk.money for talk in of("disbursed")]
    paid = sum(money.yuan for money in monies)
    weight = sum(Fraction(money.yuan) * Fraction(money.rate) for money in monies)
    days = [(talk.decided - talk.delivered).days for talk in of("decided")]
    pushed = len(of("pushed"))
    names = ("listed", "pushed", "contacted", "decided", "granted", "disbursed", "converted")
    return {
        **{name: len(of(name)) for name in names},
        "granted_yuan": sum(talk.granted_yuan for talk in of("granted")),
        "disbursed_yuan": paid,
        "balance_yuan": sum(money.balance or 0 for money in monies),
        "balance_missing": sum(money.balance is None for money in monies),
        "subsidy_yuan": sum(money.subsidy or 0 for money in monies),
        "weighted_rate_percent": half_up(weight / Fraction(paid), 4) if paid else None,
        "conversion_percent": half_up(Fraction(100 * len(of("converted")), pushed), 2) if pushed else None,
        "days_to_decision": half_up(Fraction(sum(days), len(days)), 1) if days else None,
    }


def half_up(value: Fraction, places: int) -> Decimal:
    """Of numbers that are not negative."""
    return Decimal(int(value * 10**places + Fraction(1, 2))).scaleb(-places)
