"""Money of sample institutions: what they want, and what they owe a bank already."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from app.demo.bodies import FICTIONAL
from app.demo.chance import Chance, Values, rounded
from app.demo.models import Province, Purpose
from app.subsidy import FixedRate, Loan, LprRate, RepaymentStyle, Reset
from app.subsidy.days import months_after
from app.subsidy.terms import OtherSubsidy

_STEP: Final = 10_000
_STYLES: Final = {
    RepaymentStyle.BULLET: 0.5,
    RepaymentStyle.EQUAL_INSTALMENT: 0.3,
    RepaymentStyle.EQUAL_PRINCIPAL: 0.2,
}
_RESETS: Final = {Reset.ANNIVERSARY: 0.6, Reset.YEAR_START: 0.3, Reset.QUARTER: 0.1}
_TERMS: Final = (12, 24, 36, 36, 60, 120)
_PRINCIPAL: Final = (100_000, 20_000_000)
_LONG: Final = 60


def need_facts(
    purposes: dict[str, float], assets: Decimal, investment: Decimal | None, province: Province, chance: Chance
) -> Values:
    """A need: for a project, a part of what it costs to build; else in scale with what the institution owns."""
    purpose = "construction" if investment else chance.draw(purposes)
    wanted = province.purposes[purpose]
    low, high = wanted.amount
    most = max(2 * low, min(high, int(assets * 2)))
    amount = float(investment) * chance.part(0.2, 0.6) if investment else chance.whole(low, most)
    return {
        "need.amount_yuan": rounded(amount, _STEP),
        "need.term_months": chance.pick(wanted.months),
        "need.purpose": purpose,
        "need.security_property": "care_facility" if chance.happens(wanted.facility) else "other",
        "need.securities": _securities(wanted, chance),
    }


def _securities(wanted: Purpose, chance: Chance) -> frozenset[str]:
    """Whoever has nothing else to offer asks for credit."""
    return chance.some(wanted.securities) or frozenset({"credit"})


@dataclass(frozen=True, slots=True)
class Lent:
    """A loan: whose, under which number, on which terms, and what its terms do not say."""

    lender: str
    contract_number: str
    terms: Loan
    facts: Values


def lent(
    number: int, lenders: list[str], investment: Decimal | None, opened_on: date, province: Province, chance: Chance
) -> Lent:
    """A loan of the last years, partly paid back where it is due in instalments."""
    drawn, months = _drawn_on(opened_on, province, chance), chance.pick(_TERMS)
    principal = float(investment) * chance.part(0.1, 0.4) if investment else chance.whole(*_PRINCIPAL)
    terms = Loan(
        principal_yuan=rounded(principal, _STEP),
        drawn_on=drawn,
        due_on=date.fromordinal(months_after(drawn, months)),
        contract_rate=_rate(months, chance),
        repayment_style=chance.draw(_STYLES),
        project_share=Decimal("0.5") if investment and chance.happens(0.2) else Decimal(1),
        other_subsidies=_subsidies(province, chance) if investment else (),
    )
    facts: Values = {
        "loan.contracted_on": drawn - timedelta(days=chance.whole(1, 40)),
        "loan.overdue": chance.happens(0.05),
    }
    return Lent(chance.pick(lenders), f"{FICTIONAL}借字〔{drawn.year}〕第{number:06d}号", terms, facts)


def _drawn_on(opened_on: date, province: Province, chance: Chance) -> date:
    last = province.recorded_on - timedelta(days=31)
    return chance.day(max(opened_on, last - timedelta(days=5 * 365)), last)


def _rate(months: int, chance: Chance) -> FixedRate | LprRate:
    """Percent with two decimals, or LPR of the tenor with a margin in steps of five basis points."""
    if chance.happens(0.6):
        return FixedRate(percent=Decimal(round(chance.part(310, 590))) / 100)
    margin = Decimal(round(chance.part(-6, 40)) * 5)
    return LprRate(lpr="5y" if months > _LONG else "1y", basis_points=margin, reset=chance.draw(_RESETS))


def _subsidies(province: Province, chance: Chance) -> tuple[OtherSubsidy, ...]:
    if not chance.happens(0.15):
        return ()
    return (OtherSubsidy(slug=province.subsidy, amount_yuan=rounded(chance.whole(10_000, 400_000), 100), year=2025),)
