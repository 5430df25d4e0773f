"""What cannot be: facts that are each possible and contradict one another. Unknown contradicts nothing."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from app.errors import FieldError
from app.institutions.facts import Statement, fact_pointer, is_vouched
from app.rules.catalogue import CATALOGUE
from app.rules.given import Provenance
from app.rules.values import Value

ASSETS: Final = "institution.total_assets_yuan"
LIABILITIES: Final = "institution.total_liabilities_yuan"
DEBT_RATIO: Final = "institution.debt_ratio_percent"
_EXACT: Final = Context(prec=40, rounding=ROUND_HALF_UP)
_CENT: Final = Decimal("0.01")
_HUNDRED: Final = Decimal(100)

Values = Mapping[str, Value]
Found = Iterator[FieldError]


def _above(values: Values, part: str, whole: str, code: str) -> Found:
    """A part is at most its whole."""
    less, more = values.get(part), values.get(whole)
    if isinstance(less, int) and isinstance(more, int) and less > more:
        said = f"“{_label(part)}”（{less}）不能多于“{_label(whole)}”（{more}）"
        yield FieldError(fact_pointer(part), code, said)


def _before(values: Values, later: str, earlier: str, code: str) -> Found:
    """One day does not precede another."""
    after, before = values.get(later), values.get(earlier)
    if isinstance(after, date) and isinstance(before, date) and after < before:
        said = f"“{_label(later)}”（{after}）不能早于“{_label(earlier)}”（{before}）"
        yield FieldError(fact_pointer(later), code, said)


def _denied(values: Values, day: str, whether: str, code: str) -> Found:
    """What never happened has no day."""
    if values.get(whether) is False and values.get(day) is not None:
        said = f"“{_label(whether)}”为否，就没有“{_label(day)}”，请改其中一项"
        yield FieldError(fact_pointer(day), code, said)


def _in_future(values: Values, key: str, today: date) -> Found:
    """What has happened did not happen tomorrow."""
    day = values.get(key)
    if isinstance(day, date) and day > today:
        yield FieldError(fact_pointer(key), "in_future", f"“{_label(key)}”不能晚于今天 {today}")


def _zero(values: Values, key: str) -> Found:
    if values.get(key) == 0:
        yield FieldError(fact_pointer(key), "zero", f"“{_label(key)}”须大于 0；不清楚请写 null")


def _label(key: str) -> str:
    return CATALOGUE[key].label


def institution_errors(values: Values, today: date) -> list[FieldError]:
    """Contradictions among the facts of an institution."""
    return [
        *_above(values, "institution.beds_nursing", "institution.beds_total", "beds_above_total"),
        *_above(values, "institution.beds_dementia", "institution.beds_total", "beds_above_total"),
        *_above(values, "institution.carers_certified", "institution.staff_total", "carers_above_staff"),
        *_before(values, "institution.filed_on", "institution.established_on", "filed_before_established"),
        *_denied(values, "institution.filed_on", "institution.filed", "filed_on_of_unfiled"),
        *_in_future(values, "institution.established_on", today),
        *_in_future(values, "institution.filed_on", today),
        *_ratio_errors(values),
    ]


def project_errors(values: Values, today: date) -> list[FieldError]:
    """Contradictions among the facts of a project."""
    return [
        *_denied(values, "project.approved_on", "project.approval_filed", "approved_on_of_unfiled"),
        *_in_future(values, "project.approved_on", today),
    ]


def need_errors(values: Values, _today: date) -> list[FieldError]:
    """A need of nothing, or for no time, is none."""
    return [*_zero(values, "need.amount_yuan"), *_zero(values, "need.term_months")]


def loan_errors(values: Values, today: date) -> list[FieldError]:
    """Contradictions among the facts of a loan, whether stated or derived from its terms."""
    return [
        *_zero(values, "loan.principal_yuan"),
        *_balance_errors(values),
        *_due_errors(values),
        *_before(values, "loan.drawn_on", "loan.contracted_on", "drawn_before_contracted"),
        *_in_future(values, "loan.contracted_on", today),
    ]


def _balance_errors(values: Values) -> Found:
    balance, principal = values.get("loan.balance_yuan"), values.get("loan.principal_yuan")
    if isinstance(balance, Decimal) and isinstance(principal, Decimal) and balance > principal:
        said = f"贷款余额（{balance:.2f} 元）不能大于本金（{principal:.2f} 元）"
        yield FieldError(fact_pointer("loan.balance_yuan"), "balance_above_principal", said)


def _due_errors(values: Values) -> Found:
    due, drawn = values.get("loan.due_on"), values.get("loan.drawn_on")
    if isinstance(due, date) and isinstance(drawn, date) and due <= drawn:
        yield FieldError(fact_pointer("loan.due_on"), "due_before_drawn", f"到期日应晚于首次放款日 {drawn}")


def _ratio_errors(values: Values) -> Found:
    assets, liabilities = values.get(ASSETS), values.get(LIABILITIES)
    if not isinstance(assets, Decimal) or not isinstance(liabilities, Decimal):
        return
    ratio, stated = debt_ratio(assets, liabilities), values.get(DEBT_RATIO)
    most = CATALOGUE[DEBT_RATIO].maximum
    if ratio is not None and most is not None and ratio > most:
        said = f"负债总额是资产总额的 {ratio:f}%，超过 {most:f}%，请核对两项的单位（元）"
        yield FieldError(fact_pointer(LIABILITIES), "debt_ratio_too_large", said)
    elif stated is not None and stated != ratio:
        said = (
            "按资产和负债算得" + (f" {ratio:f}%" if ratio is not None else "不出（资产为 0）") + "，不必填写资产负债率"
        )
        yield FieldError(fact_pointer(DEBT_RATIO), "debt_ratio_contradicted", said)


def debt_ratio(assets: Decimal, liabilities: Decimal) -> Decimal | None:
    """Liabilities in percent of assets, half up to two decimals; None where there are no assets."""
    if not assets:
        return None
    return _EXACT.quantize(_EXACT.divide(_EXACT.multiply(liabilities, _HUNDRED), assets), _CENT)


def with_debt_ratio(facts: Mapping[str, Statement]) -> dict[str, Statement]:
    """The facts with the ratio that assets and liabilities give; vouched for where both of them are."""
    assets, liabilities = facts.get(ASSETS), facts.get(LIABILITIES)
    if assets is None or liabilities is None:
        return dict(facts)
    ratio = debt_ratio(_decimal(assets), _decimal(liabilities))
    if ratio is None:
        return {key: statement for key, statement in facts.items() if key != DEBT_RATIO}
    vouched = is_vouched(assets) and is_vouched(liabilities)
    provenance = Provenance.CHECKED if vouched else Provenance.DECLARED
    return {**facts, DEBT_RATIO: Statement(ratio, provenance)}


def without_derived_ratio(before: Mapping[str, Statement]) -> dict[str, Statement]:
    """The recorded facts less a ratio that was worked out: it stands and falls with assets and liabilities."""
    derived = ASSETS in before and LIABILITIES in before
    return {key: statement for key, statement in before.items() if not (derived and key == DEBT_RATIO)}


def _decimal(statement: Statement) -> Decimal:
    value: Any = statement.value
    return Decimal(value)


Check = Callable[[Values, date], list[FieldError]]
