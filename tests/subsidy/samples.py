"""What every test here starts from: the seeded rates and readings, and a fictional loan (虚构)."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import yaml

from app.subsidy import FixedRate, Loan, Quote, Rates, RateSeries, Reading, ReadingSet, Window, in_full, quote

SEED = Path(__file__).parents[2] / "seed"


def seeded_series() -> list[RateSeries]:
    files = sorted((SEED / "rates").glob("*.yaml"))
    return [
        RateSeries.model_validate(item)
        for file in files
        for item in yaml.safe_load(file.read_text(encoding="utf-8"))["series"]
    ]


def seeded_readings() -> ReadingSet:
    document = yaml.safe_load((SEED / "readings.yaml").read_text(encoding="utf-8"))
    return ReadingSet.model_validate(in_full(document["programmes"][0]))


RATES = Rates.of(seeded_series())
READINGS = seeded_readings()
DEFAULT: Reading = READINGS.default.reading
NAMED: dict[str, Reading] = {named.slug: named.reading for named in READINGS.readings}
# 晋政办发〔2022〕37号 took effect on the day it was issued and names no end.
EFFECTIVE = date(2022, 4, 22)
WINDOW = Window(valid_from=EFFECTIVE)
ONE_DAY = timedelta(days=1)

# The loan of the worked figures: 20 million yuan over three years at 4.45 %, principal at the end.
SAMPLE = Loan(
    principal_yuan=Decimal(20_000_000),
    drawn_on=date(2022, 7, 1),
    due_on=date(2025, 7, 1),
    contract_rate=FixedRate(percent=Decimal("4.45")),
)


def changed(loan: Loan = SAMPLE, /, **changes: object) -> Loan:
    """The loan with some terms replaced, validated again (dates and amounts may be strings, as in JSON)."""
    return Loan.model_validate({**loan.model_dump(by_alias=True), **changes})


def reading(**overrides: object) -> Reading:
    return DEFAULT.with_(overrides)


def years(answer: Quote) -> dict[int, Decimal]:
    return {line.year: line.subsidy_yuan for line in answer.years}


def ask(loan: Loan = SAMPLE, /, **overrides: object) -> Quote:
    """A quote under the default reading with `overrides`, in the programme's own window."""
    return quote(loan, reading(**overrides), RATES, window=WINDOW, application_date=date(2022, 9, 1))
