"""Whether a bank can be shown who fits a rule: the same rule must be one SQL expression for every kind of case.

What SQL cannot answer is refused while it is being written. Found out later, it would show its product to borrowers
and no borrower to the bank.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from app.access.scope import FULL
from app.cases.select import CaseKind, Moment, case_source
from app.errors import FieldError
from app.rules.bind import Condition, bind_afresh, conditions
from app.rules.check import parse
from app.rules.parameters import Parameters
from app.store.rule_sql import Columns, NotExpressible, rule_sql, steps_sql

_CODE: Final = "not_searchable"


def unsearchable(
    raw: dict[str, Any], at: str, kinds: Iterable[CaseKind], day: date, parameters: Parameters
) -> Iterator[FieldError]:
    """A complaint for each condition of a checked rule that no search through these kinds of cases can decide.

    `at` is the JSON Pointer of the rule. The day only gives dates to the conditions: their form is the same on any.
    """
    columns = [case_source(kind, Moment(day), FULL).facts for kind in kinds]
    for condition in conditions(bind_afresh(parse(raw), day, parameters)):
        if not all(_is_expressible(condition, one) for one in columns):
            label = condition.fact.label
            detail = f"无法按“{label}”在名单中查找借款人，请改用“已填写（known）”或别的事实来写这个条件"
            yield FieldError(f"{at}{condition.at}/fact", _CODE, detail)


def _is_expressible(condition: Condition, columns: Columns) -> bool:
    try:
        rule_sql(condition, columns)
        steps_sql(condition, columns)
    except NotExpressible:
        return False
    return True
