"""Interest-subsidy arithmetic: a loan, a reading and the published rates in, a quote with its year lines out.

Pure: it reads no clock, no file and no setting. ``from app.subsidy import quote``.
"""

from app.subsidy.answers import cost, quote, quote_project, quote_range, quote_with_range
from app.subsidy.errors import SubsidyError
from app.subsidy.quotes import BalanceSpan, Cost, Quote, Range, RatePeriod, ReadingTotal, YearLine
from app.subsidy.rates import RateOn, RatePoint, Rates, RateSeries
from app.subsidy.reading import LABELS, OPTIONS, NamedReading, ParameterBasis, Reading, ReadingSet, in_full
from app.subsidy.terms import (
    Drawdown,
    FixedRate,
    InterestPaid,
    Loan,
    LprRate,
    OtherSubsidy,
    Repayment,
    RepaymentStyle,
    Reset,
    Window,
)

__all__ = [
    "LABELS",
    "OPTIONS",
    "BalanceSpan",
    "Cost",
    "Drawdown",
    "FixedRate",
    "InterestPaid",
    "Loan",
    "LprRate",
    "NamedReading",
    "OtherSubsidy",
    "ParameterBasis",
    "Quote",
    "Range",
    "RateOn",
    "RatePeriod",
    "RatePoint",
    "RateSeries",
    "Rates",
    "Reading",
    "ReadingSet",
    "ReadingTotal",
    "Repayment",
    "RepaymentStyle",
    "Reset",
    "SubsidyError",
    "Window",
    "YearLine",
    "cost",
    "in_full",
    "quote",
    "quote_project",
    "quote_range",
    "quote_with_range",
]
