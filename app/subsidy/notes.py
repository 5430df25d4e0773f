"""The sentences that go with a quote: what was cut, what was carried forward, which convention was used."""

from collections.abc import Iterator, Sequence
from datetime import date

from app.subsidy.amounts import SHARE_UNIT, share_words
from app.subsidy.calculate import Case, Settled, excluders
from app.subsidy.reading import Cap, LongestScope, Stacking
from app.subsidy.spans import clip
from app.subsidy.terms import Loan, ReceiptKind, RepaymentStyle

RESERVATION = "测算，以财政部门审核为准。"


def notes(case: Case, settled: Sequence[Settled], *, exceeds_interest: bool) -> tuple[str, ...]:
    """All notes of one quote, the reservation first."""
    return (
        RESERVATION,
        *_carried(case),
        *_cuts(case),
        *_window(case),
        *_loan(case.loan),
        *_month_end(case),
        *_bounds(case),
        *_receipts(case, settled),
        *(["所选口径的贴息合计高于所计日子的利息，请核对上限和比例。"] if exceeds_interest else []),
    )


def _carried(case: Case) -> Iterator[str]:
    contract = clip(case.course.rates, case.course.start, case.course.end)
    rates = case.account.rates
    spans = [*case.reference, *contract]
    for code in dict.fromkeys(span.series for span in spans if span.carried and span.series is not None):
        series = rates.get(code)
        yield f"{series.name}已知至 {series.known_through}，此后的日子沿用最后一个已知数值，届时以实际公布的为准。"
    if any(span.early for span in case.reference):
        series = rates.get(case.series)
        yield f"{series.name}自 {series.points[0].from_} 起才有数值，该年 1 月 1 日早于此，按首个数值计。"


def _cuts(case: Case) -> Iterator[str]:
    days, course = case.days, case.course
    if days.effective is not None and course.start < days.effective:
        lost = min(days.effective, course.end) - course.start
        yield (
            f"政策自 {date.fromordinal(days.effective)} 起生效，此前的 {lost} 天不计贴息；最长期限仍自首次放款日起算。"
        )
    if days.longest_end < course.end:
        end = date.fromordinal(days.longest_end)
        yield f"贴息最长 {case.reading.longest_months} 个月，自 {days.longest_from} 起算，{end} 起不再计。"
    if case.reading.longest_scope is LongestScope.PROJECT and days.longest_from < case.loan.first_drawn_on:
        yield f"同一项目的首笔贷款于 {days.longest_from} 放款，本笔贷款只计最长期限中剩余的部分。"
    if days.window_end is not None and days.window_end < course.end:
        yield f"政策于 {date.fromordinal(days.window_end)} 起截止，该日及以后的日子不计贴息。"
    if days.is_empty:
        yield "贷款存续期内没有可计贴息的日子，贴息为 0。"


def _window(case: Case) -> Iterator[str]:
    since = case.around.window.unconfirmed_from
    if since is not None and not case.days.is_empty and since.toordinal() < case.days.end:
        yield f"政策在 {since} 及以后是否继续有效尚未确认，此后的部分仅供参考。"


def _loan(loan: Loan) -> Iterator[str]:
    if loan.first_drawn_on > loan.drawn_on:
        yield f"首次放款日按放款明细取 {loan.first_drawn_on}，期限由此起算。"
    if loan.extended_to is not None:
        yield f"展期不增加贴息，期限按原到期日 {loan.due_on} 计算。"
    if any(repayment.on > loan.due_on for repayment in loan.repayments):
        yield f"原到期日 {loan.due_on} 之后为逾期，不计贴息。"
    if loan.repayment_style is not RepaymentStyle.BULLET:
        yield (
            f"{loan.repayment_style.label}按月生成还款计划：每期利息为合同年利率的十二分之一，分期金额四舍五入到分，"
            "末期结清；参照利息在该余额上按日计算。"
        )
        if loan.repayments:
            yield "还款明细作为提前还款计入，期数不变，此后各期金额重新计算。"


def _month_end(case: Case) -> Iterator[str]:
    """A longest period that lands on a day its month lacks is worth a word, for clerks count on their fingers."""
    end = date.fromordinal(min(case.days.longest_end, date.max.toordinal()))
    if end.day < case.days.longest_from.day and case.days.longest_end < case.course.end:
        first, months = case.days.longest_from, case.reading.longest_months
        yield f"{first} 加 {months} 个月，该月没有 {first.day} 日，取月末 {end}。"


def _bounds(case: Case) -> Iterator[str]:
    if case.project_share != SHARE_UNIT:
        yield f"只计贷款中用于项目的 {share_words(case.project_share)}。"
    if found := excluders(case):
        yield f"已享受互斥的其他贴息（{'、'.join(dict.fromkeys(other.slug for other in found))}），本项贴息为 0。"
    elif case.loan.other_subsidies:
        yield "与其他贴息合计不超过所计日子的合同利息；未分年度的其他贴息按总额扣除，先年度先用。"
    excluding = case.around.excluding
    if case.loan.other_subsidies and case.reading.stacking is Stacking.EXCLUDE and not (excluding is None or excluding):
        yield "互斥清单目前为空，所填的其他贴息按不互斥测算。"


def _receipts(case: Case, settled: Sequence[Settled]) -> Iterator[str]:
    """Which slips count, and what stands in for those that are not there. Only one cap asks for them."""
    slips = case.loan.interest_paid
    if not slips or case.reading.cap is not Cap.YEAR_CONTRACT_INTEREST:
        return
    without = "、".join(str(one.amount.year) for one in settled if one.amount.paid is None)
    tail = f"；{without} 年没有付息回单，按合同利息" if without else ""
    yield f"有付息回单的年度，上限取实付利息与合同利息中较低的{tail}。"
    if uncovered := [one.amount for one in settled if one.amount.uncovered]:
        listed = "、".join(f"{amount.year} 年 {amount.uncovered} 天" for amount in uncovered)
        yield f"没有回单的日子（{listed}）按合同利息计。"
    if any(slip.from_ is None for slip in slips):
        yield "没有写计息期间的回单，计入付息日所在的年度，视为该年全年的利息。"
    if not case.counts_penalty and any(slip.kind is ReceiptKind.PENALTY for slip in slips):
        yield "逾期利息、罚息或复利的回单不计入。"
    if any((slip.to or slip.on) > case.loan.due_on for slip in slips):
        yield (
            f"原到期日 {case.loan.due_on} 以后的利息不计入：写了计息期间的只计到期日以前的日子，"
            "没有写期间而在到期日以后支付的不计。"
        )
