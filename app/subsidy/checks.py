"""Refusals: everything a loan may not say, each with its code, its place and what to write instead."""

from app.subsidy.amounts import money, share
from app.subsidy.days import months_after
from app.subsidy.errors import SubsidyError
from app.subsidy.terms import InterestPaid, Loan, LprRate

# Bounds of the work one request may ask for: fifty years and two thousand events, well above any real loan.
LONGEST_TERM_MONTHS = 600
MOST_EVENTS = 2000


def check_loan(loan: Loan) -> None:
    """Raise `SubsidyError` for the first thing the loan may not say; order: size, dates, amounts."""
    _check_size(loan)
    _check_term(loan)
    _check_drawdowns(loan)
    _check_repayments(loan)
    _check_receipts(loan)
    _check_others(loan)
    share(loan.project_share, "/project_share")


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
    for index, receipt in enumerate(loan.interest_paid):
        at = f"/interest_paid/{index}"
        money(receipt.amount_yuan, f"{at}/amount_yuan", zero=True)
        _check_receipt_days(loan, receipt, at)


def _check_receipt_days(loan: Loan, receipt: InterestPaid, at: str) -> None:
    if (receipt.from_ is None) != (receipt.to is None):
        missing = "from" if receipt.from_ is None else "to"
        raise SubsidyError("receipt_period_incomplete", f"{at}/{missing}", "计息期间的起止日应同时填写，或都不填写")
    if receipt.from_ is not None and receipt.to is not None and receipt.to <= receipt.from_:
        raise SubsidyError("receipt_period_reversed", f"{at}/to", f"计息期间的止日应晚于起日 {receipt.from_}")
    if receipt.on < loan.first_drawn_on:
        raise SubsidyError("receipt_before_drawn", f"{at}/on", f"付息日不应早于首次放款日 {loan.first_drawn_on}")


def _check_others(loan: Loan) -> None:
    for index, other in enumerate(loan.other_subsidies):
        money(other.amount_yuan, f"/other_subsidies/{index}/amount_yuan", zero=True)
