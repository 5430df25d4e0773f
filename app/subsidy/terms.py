"""What a loan says: amounts in yuan, half-open dates, the contract rate, receipts and other subsidies."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field


class Terms(BaseModel):
    """Frozen and closed: an unknown field is refused, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class Option(StrEnum):
    """One of a closed set of codes, with the Chinese label people read."""

    label: str

    def __new__(cls, value: str, label: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class RepaymentStyle(Option):
    """How principal returns. With the two instalment styles `repayments` are prepayments on top."""

    BULLET = "bullet", "到期还本"
    EQUAL_INSTALMENT = "equal_instalment", "等额本息"
    EQUAL_PRINCIPAL = "equal_principal", "等额本金"


class Reset(Option):
    """When an LPR contract takes the LPR of the day anew, counted from the first drawdown."""

    NEVER = "never", "不重定价"
    ANNIVERSARY = "anniversary", "每年对月对日"
    YEAR_START = "year_start", "每年 1 月 1 日"
    HALF_YEAR = "half_year", "每六个月"
    QUARTER = "quarter", "每三个月"
    MONTH = "month", "每月"


class ReceiptKind(Option):
    """What an interest slip is for; penalty interest (罚息、复利) is excluded by the usual reading."""

    REGULAR = "regular", "正常利息"
    PENALTY = "penalty", "逾期利息、罚息或复利"


class FixedRate(Terms):
    """One contract rate for the whole term, percent a year."""

    percent: Decimal


class LprRate(Terms):
    """LPR of a tenor plus `basis_points` (may be negative), taken at the first drawdown and at each reset.

    `reset` is a rule or the list of the reset dates themselves. `initial_rate_percent`, where given, is the whole
    rate (nothing added) until the first reset for which there is an LPR: a contract may be older than the LPR.
    """

    lpr: Literal["1y", "5y"]
    basis_points: Decimal
    reset: Reset | tuple[date, ...]
    initial_rate_percent: Decimal | None = None


class Drawdown(Terms):
    """Money paid out by the bank on a day, which accrues."""

    on: date
    amount_yuan: Decimal


class Repayment(Terms):
    """Principal returned on a day, which no longer accrues."""

    on: date
    amount_yuan: Decimal


class InterestPaid(Terms):
    """One interest slip.

    With its period [from, to) the amount is spread evenly over the period's days and only subsidised days
    count. Without a period the whole amount belongs to the calendar year of `on`, the day it was paid, and stands
    for all of that year's days; paid after the due date it counts nowhere.
    """

    on: date
    amount_yuan: Decimal
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    kind: ReceiptKind = ReceiptKind.REGULAR


class OtherSubsidy(Terms):
    """Interest subsidy of another programme for this loan: of one calendar year, or (None) of the whole term.

    Its presence says that it is received, so that an unknown amount may stand as 0 where it only excludes.
    """

    slug: str
    amount_yuan: Decimal
    year: int | None = None


class Loan(Terms):
    """One bank loan.

    `due_on` is the original due date; `extended_to` (展期) adds nothing. `drawdowns`, where given, are all of
    them: together at most `principal_yuan`, none before `drawn_on`, and the first is where every count begins;
    what is not drawn does not accrue. Without them the principal is drawn whole on `drawn_on`.
    `project_share` is the part of the loan used for the project, 0 to 1.
    """

    principal_yuan: Decimal
    drawn_on: date
    due_on: date
    contract_rate: FixedRate | LprRate
    repayment_style: RepaymentStyle = RepaymentStyle.BULLET
    drawdowns: tuple[Drawdown, ...] = ()
    repayments: tuple[Repayment, ...] = ()
    interest_paid: tuple[InterestPaid, ...] = ()
    other_subsidies: tuple[OtherSubsidy, ...] = ()
    project_share: Decimal = Decimal(1)
    extended_to: date | None = None

    @property
    def first_drawn_on(self) -> date:
        """The first drawdown: tenor, 36 months and instalment periods count from here."""
        return min((drawdown.on for drawdown in self.drawdowns), default=self.drawn_on)


class Window(Terms):
    """The programme's life [valid_from, valid_to); None is open.

    Days from `unconfirmed_from` on are counted, with a note that nobody has confirmed the programme goes on.
    """

    valid_from: date | None = None
    valid_to: date | None = None
    unconfirmed_from: date | None = None
