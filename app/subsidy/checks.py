"""Refusals: everything a loan may not say, each with its code, its place and what to write instead."""

from datetime import date
from itertools import pairwise

from app.subsidy.amounts import money, share
from app.subsidy.days import months_after
from app.subsidy.errors import SubsidyError
from app.subsidy.terms import InterestPaid, Loan, LprRate, ReceiptKind

# Bounds of the work one request may ask for: fifty years, and one event a month for as long.
LONGEST_TERM_MONTHS = 600
MOST_EVENTS = 600


def check_loan(loan: Loan) -> None:
    """Raise `SubsidyError` for the first thing the loan may not say; order: size, dates, amounts."""
    _check_size(loan)
    _check_term(loan)
    _check_drawdowns(loan)
    _check_repayments(loan)
    _check_receipts(loan)
    _check_others(loan)
    share(loan.project_share, "/project_share")


def check_project(loan: Loan, project_first_drawn_on: date | None) -> None:
    """A project's first drawdown is the earliest of all its loans, this one among them."""
    first = loan.first_drawn_on
    if project_first_drawn_on is not None and project_first_drawn_on > first:
        said = f"同一项目最早的放款日不应晚于本笔贷款的首次放款日 {first}；没有更早的贷款就不填"
        raise SubsidyError("project_drawn_after_loan", "/project_first_drawn_on", said)


def _check_size(loan: Loan) -> None:
    resets = loan.contract_rate.reset if isinstance(loan.contract_rate, LprRate) else ()
    dates = len(resets) if isinstance(resets, tuple) else 0
    events = len(loan.drawdowns) + len(loan.repayments) + len(loan.interest_paid) + len(loan.other_subsidies) + dates
    if events > MOST_EVENTS:
        raise SubsidyError("too_many_events", "", f"一笔贷款的放款、还款、付息等记录合计最多 {MOST_EVENTS} 条")


def _check_term(loan: Loan) -> None:
    if loan.due_on <= loan.drawn_on:
        raise SubsidyError("due_before_drawn", "/due_on", f"到期日应晚于放款日 {loan.drawn_on}")
    if loan.due_on.toordinal() > months_after(loan.drawn_on, LONGEST_TERM_MONTHS):
        raise SubsidyError("too_long", "/due_on", f"贷款期限最长 {LONGEST_TERM_MONTHS // 12} 年，请核对到期日")
    if loan.extended_to is not None and loan.extended_to <= loan.due_on:
        raise SubsidyError("extension_before_due", "/extended_to", f"展期后的到期日应晚于原到期日 {loan.due_on}")


def _check_drawdowns(loan: Loan) -> None:
    principal = money(loan.principal_yuan, "/principal_yuan")
    drawn = 0
    for index, drawdown in enumerate(loan.drawdowns):
        drawn += money(drawdown.amount_yuan, f"/drawdowns/{index}/amount_yuan")
        if drawdown.on < loan.drawn_on:
            raise SubsidyError("drawdown_before_drawn", f"/drawdowns/{index}/on", f"放款不应早于放款日 {loan.drawn_on}")
        if drawdown.on >= loan.due_on:
            raise SubsidyError("drawdown_after_due", f"/drawdowns/{index}/on", f"放款应早于到期日 {loan.due_on}")
    if drawn > principal:
        raise SubsidyError("drawdowns_above_principal", "/drawdowns", "各次放款合计不应超过贷款本金")


def _check_repayments(loan: Loan) -> None:
    for index, repayment in enumerate(loan.repayments):
        money(repayment.amount_yuan, f"/repayments/{index}/amount_yuan")


def _check_receipts(loan: Loan) -> None:
    first = loan.first_drawn_on
    for index, receipt in enumerate(loan.interest_paid):
        at = f"/interest_paid/{index}"
        money(receipt.amount_yuan, f"{at}/amount_yuan", zero=True)
        _check_receipt_days(receipt, first, at)
    for kind in ReceiptKind:
        _check_overlaps(loan, kind)


def _check_overlaps(loan: Loan, kind: ReceiptKind) -> None:
    """Two slips for one day would count its interest twice."""
    periods = sorted(
        (receipt.from_, receipt.to, index)
        for index, receipt in enumerate(loan.interest_paid)
        if receipt.kind is kind and receipt.from_ is not None and receipt.to is not None
    )
    for (_, ends, _), (begins, _, index) in pairwise(periods):
        if begins < ends:
            said = f"计息期间与另一张回单重叠，前一张到 {ends}（不含）为止，请核对起止日"
            raise SubsidyError("receipt_periods_overlap", f"/interest_paid/{index}/from", said)


def _check_receipt_days(receipt: InterestPaid, first_drawn_on: date, at: str) -> None:
    if (receipt.from_ is None) != (receipt.to is None):
        missing = "from" if receipt.from_ is None else "to"
        raise SubsidyError("receipt_period_incomplete", f"{at}/{missing}", "计息期间的起止日应同时填写，或都不填写")
    if receipt.from_ is not None and receipt.to is not None and receipt.to <= receipt.from_:
        raise SubsidyError("receipt_period_reversed", f"{at}/to", f"计息期间的止日应晚于起日 {receipt.from_}")
    if receipt.on < first_drawn_on:
        raise SubsidyError("receipt_before_drawn", f"{at}/on", f"付息日不应早于首次放款日 {first_drawn_on}")


def _check_others(loan: Loan) -> None:
    first, last = loan.first_drawn_on.year, loan.due_on.year
    for index, other in enumerate(loan.other_subsidies):
        money(other.amount_yuan, f"/other_subsidies/{index}/amount_yuan", zero=True)
        if other.year is not None and not first <= other.year <= last:
            said = f"年度应在贷款存续的 {first} 至 {last} 年之内；不分年度的可不填"
            raise SubsidyError("other_subsidy_year_outside", f"/other_subsidies/{index}/year", said)
