"""From what was counted to what is answered: labels, notes, and the rows behind a figure."""

from typing import Any, Final

from sqlalchemy import Row as Found
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.regions import PROVINCE, Level, region_names
from app.reporting.asked import Asked
from app.reporting.build import Row, Sight, Table, build
from app.reporting.frame import kinds, months, places
from app.reporting.measures import BY_LABELS, COLUMNS, NOT_FOR_BANKS, By, Measure
from app.reporting.queries import read_banks, read_groups
from app.reporting.schemas import StatisticsCaseOut, StatisticsOut, StatisticsRowOut
from app.rules.bind import region_prefix
from app.whitelist.printing.lines import Line

_DIGITS: Final = 6
_UNITS: Final = "名单按条计；推送以后各列按笔计，一家银行对一条名单为一笔。各列按自己的日子归入期间，首尾两日都含。"
_CONVERTED: Final = "转化率为期间内推送的各笔中，到截止日已获授信的比例；授信后又不予办理的仍计为授信。"
_BALANCE: Final = "余额为期间内放款的贷款目前登记的余额，余额不详的不计；预计贴息为放款时的测算，以财政部门审核为准。"
_OVERLAP: Final = "一家机构可属多个类别，各类别之和可大于合计。"
_NO_LIST: Final = "名单不分银行，入名单数只在合计中给出。"
_KEPT_BACK: Final = "小于 {few} 的数目及可由其推出它们的数目已隐去。"
_OF_A_BANK: Final = "贷款余额和预计贴息不向银行提供。"


def read_table(session: Session, asked: Asked, scope: Scope, sight: Sight) -> Table:
    """Count and build."""
    return build(asked.by, _frame(session, asked, scope), read_groups(session, asked, scope), sight)


def statistics_out(table: Table, asked: Asked, scope: Scope, sight: Sight) -> StatisticsOut:
    """The answer, with what has to be known to read it."""
    region = region_of(asked, scope)
    return StatisticsOut(
        by=asked.by,
        first_day=asked.begin,
        last_day=asked.end,
        region_code=region,
        region_name=None if region is None else region_names().get(region, region),
        kinds=list(asked.kinds),
        bank=asked.bank,
        columns={"key": "代码", "label": BY_LABELS[asked.by], **COLUMNS},
        rows=[_row_out(row) for row in table.rows],
        total=_row_out(table.total),
        is_sum=asked.by is not By.KIND,
        fewer_than=sight.few,
        notes=notes(asked.by, sight),
    )


def notes(by: By, sight: Sight) -> list[str]:
    """What has to be known to read a table."""
    found = [_UNITS, _CONVERTED, _OF_A_BANK if sight.without >= NOT_FOR_BANKS else _BALANCE]
    if by is By.KIND:
        found.append(_OVERLAP)
    if by is By.BANK:
        found.append(_NO_LIST)
    if sight.few is not None:
        found.append(_KEPT_BACK.format(few=sight.few))
    return found


def region_of(asked: Asked, scope: Scope) -> str | None:
    """The code of what is counted: the caller's region, or the part of it that was asked for; None where they part."""
    prefix = _prefix(asked, scope)
    return None if prefix is None else (prefix or PROVINCE).ljust(_DIGITS, "0")


def case_out(measure: Measure, row: Found[Any], scope: Scope) -> StatisticsCaseOut:
    """One row behind a figure. What is not for banks is left out of it, too."""
    found = row._mapping
    own = {} if scope.bank_id is None else dict.fromkeys(NOT_FOR_BANKS)
    decided = found.get("decided_on") if measure in {Measure.DECIDED, Measure.GRANTED, Measure.CONVERTED} else None
    return StatisticsCaseOut(
        happened_on=row.happened_on,
        entry_id=row.entry_id,
        referral_id=found.get("referral_id"),
        subject_kind=row.subject_kind,
        institution_id=row.institution_id,
        project_id=row.project_id,
        name=Line.from_json(row.printed).full_name,
        region_code=row.region_code,
        region_name=region_names().get(row.region_code, row.region_code),
        bank=found.get("bank"),
        bank_name=found.get("bank_name"),
        amount_yuan=found.get("amount_yuan"),
        rate_percent=found.get("rate_percent"),
        balance_yuan=None if "balance_yuan" in own else found.get("balance_yuan"),
        subsidy_yuan=None if "subsidy_yuan" in own else found.get("subsidy_yuan"),
        days_to_decision=None if decided is None else (decided - row.delivered_on).days,
    )


def _row_out(row: Row) -> StatisticsRowOut:
    withheld = [name for name in COLUMNS if name in row.withheld]
    return StatisticsRowOut(key=row.key, label=row.label, withheld=withheld, **row.values)


def _frame(session: Session, asked: Asked, scope: Scope) -> dict[str, str]:
    match asked.by:
        case By.CITY | By.COUNTY:
            prefix = _prefix(asked, scope)
            return {} if prefix is None else places(Level(asked.by), prefix)
        case By.KIND:
            return kinds(asked.kinds)
        case By.BANK:
            return read_banks(session, asked, scope)
        case By.MONTH:
            return months(asked.begin, asked.end)


def _prefix(asked: Asked, scope: Scope) -> str | None:
    """The longer of what the caller reaches and what was asked for, if the one lies in the other."""
    if scope.sees_nothing:
        return None
    short, long = sorted(("" if asked.region is None else region_prefix(asked.region), scope.region_prefix), key=len)
    return long if long.startswith(short) else None
