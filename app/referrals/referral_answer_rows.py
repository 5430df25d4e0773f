"""What a workbook of answers says, row by row, with every cell that cannot be read. No database."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

from app.institutions.workbook.days import read_day
from app.institutions.workbook.headed import letter_of
from app.institutions.workbook.headings import key_of, tidy, unit_of
from app.institutions.workbook.limits import Limits
from app.institutions.workbook.process import Cell, Parsed, Percent, SheetRow, parsed
from app.institutions.workbook.refusals import HeadingsNotFound, TooManyRows
from app.institutions.workbook.written import Wrong, number_text, plain, says_nothing, shown
from app.referrals.reasons import REASON_LABELS, DeclineReason
from app.referrals.referral_sheet import ANSWERS, COLUMNS, MOST_ROWS, Field, known_headings
from app.referrals.states import STATE_LABELS, ReferralState

LIMITS: Final = Limits(file_size=8 << 20, unpacked=100 << 20, rows=MOST_ROWS + 100, columns=60)
MOST_NOTE: Final = 1_000
_MOST_WRITTEN: Final = 200
_AMOUNT: Final = re.compile(r"([0-9]{1,13}(?:\.[0-9]{1,6})?)(万元|元|万)?")
_RATE: Final = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,6})?)%?")
# Below this, 0.035 is meant for 3.5 %.
_LOWEST_RATE: Final = Decimal("0.1")
_TEN_THOUSAND: Final = Decimal(10_000)
_FEN: Final = Decimal("0.01")
_HEADINGS: Final = {column.field: column.heading for column in COLUMNS}
_FILLED: Final = tuple(column.field for column in COLUMNS if column.is_filled)
T = TypeVar("T", ReferralState, DeclineReason)


@dataclass(frozen=True, slots=True)
class AnswerProblem:
    """Something that cannot be taken as it stands: where, what is written there, and how to write it."""

    column_letter: str | None
    heading: str | None
    written: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One row of the sheet; `number` counts as the sheet does. Without an answer it is left alone."""

    number: int
    name: str
    referral_id: UUID | None
    version: int | None
    values: Mapping[Field, Any]
    problems: tuple[AnswerProblem, ...]

    @property
    def is_blank(self) -> bool:
        """Whether the bank has filled in nothing."""
        return not self.problems and not any(field in self.values for field in _FILLED)


@dataclass(frozen=True, slots=True)
class _Headed:
    field: Field
    at: int
    unit: str | None


def read_answers(path: Path) -> list[AnswerRow]:
    """The rows of a workbook. Raises WorkbookRefused."""
    with parsed(path, known_headings(), limits=LIMITS) as source:
        return list(_rows(source))


def _rows(source: Parsed) -> Iterator[AnswerRow]:
    heading = next((row for row in source.rows if row.number == source.heading_row), None)
    if heading is None:
        raise HeadingsNotFound.said()
    headed = _headed(heading)
    if Field.REFERRAL not in {one.field for one in headed}:
        raise HeadingsNotFound.said()
    for count, row in enumerate(source.rows, start=1):
        if count > MOST_ROWS:
            raise TooManyRows.said(limit=MOST_ROWS, where=f"多于 {MOST_ROWS} 行")
        yield _row(row, headed, source.from_1904)


def _headed(heading: SheetRow) -> list[_Headed]:
    known = known_headings()
    found: list[_Headed] = []
    for at, cell in enumerate(heading.cells):
        key = key_of(cell, known)
        if key is not None and key not in {one.field for one in found}:
            found.append(_Headed(Field(key), at, unit_of(tidy(str(cell)))[1]))
    return found


def _row(row: SheetRow, headed: list[_Headed], from_1904: bool) -> AnswerRow:
    values: dict[Field, Any] = {}
    problems: list[AnswerProblem] = []
    for one in headed:
        cell = row.cells[one.at] if one.at < len(row.cells) else None
        if cell is None or says_nothing(plain(shown(cell))):
            continue
        value = _read(one, cell, from_1904)
        if isinstance(value, Wrong):
            problems.append(_problem(one, cell, value))
        else:
            values[one.field] = value
    if Field.REFERRAL not in values and not problems:
        detail = "没有对接编号，请用下载的工作簿填写，不要改动前七列"
        problems.append(AnswerProblem(None, _HEADINGS[Field.REFERRAL], "", "no_referral", detail))
    name = str(values.get(Field.NAME, ""))[:_MOST_WRITTEN]
    return AnswerRow(row.number, name, values.get(Field.REFERRAL), values.get(Field.VERSION), values, tuple(problems))


def _problem(one: _Headed, cell: Cell, wrong: Wrong) -> AnswerProblem:
    written = shown(cell)[:_MOST_WRITTEN]
    return AnswerProblem(letter_of(one.at + 1), _HEADINGS[one.field], written, wrong.code, wrong.detail)


def _read(one: _Headed, cell: Cell, from_1904: bool) -> Any:
    """The value of a cell that says something, or what is wrong with it."""
    text = plain(shown(cell))
    match one.field:
        case Field.REFERRAL:
            return _identity(text)
        case Field.VERSION:
            return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else _not_ours("版本")  # noqa: PLR2004
        case Field.STATE:
            return _chosen(text, {state: STATE_LABELS[state] for state in ANSWERS}, "办理结果")
        case Field.REASON:
            return _chosen(text, REASON_LABELS, "不予办理理由")
        case Field.DAY | Field.LOAN_DUE_ON:
            return read_day(_HEADINGS[one.field], cell, from_1904)
        case Field.GRANTED | Field.DISBURSED:
            return _amount(text.replace(",", ""), one.unit)
        case Field.RATE:
            return _rate(number_text(cell.fraction * 100) if isinstance(cell, Percent) else text)
        case Field.NOTE if len(text) > MOST_NOTE:
            return Wrong("too_long", f"“内部备注”最多 {MOST_NOTE} 个字")
        case _:
            return text


def _identity(text: str) -> UUID | Wrong:
    try:
        return UUID(text)
    except ValueError:
        return _not_ours("对接编号")


def _not_ours(label: str) -> Wrong:
    return Wrong("changed", f"“{label}”被改动，请用下载的工作簿重新填写")


def _chosen(text: str, labels: Mapping[T, str], label: str) -> T | Wrong:
    found = next((one for one, said in labels.items() if text in {said, plain(said), one.value}), None)
    return found or Wrong("not_a_choice", f"“{label}”请从下拉列表中选：{'、'.join(labels.values())}")


def _amount(text: str, heading_unit: str | None) -> Decimal | Wrong:
    found = _AMOUNT.fullmatch(text.replace(" ", ""))
    if found is None:
        return Wrong("not_an_amount", "金额要填数字，如 5000000 或 500万元")
    unit = found[2] or heading_unit or "元"
    yuan = Decimal(found[1]) * (_TEN_THOUSAND if unit.startswith("万") else 1)
    if yuan <= 0 or yuan != yuan.quantize(_FEN):
        return Wrong("not_an_amount", "金额要大于零，最多到分")
    return yuan.quantize(_FEN)


def _rate(text: str) -> Decimal | Wrong:
    found = _RATE.fullmatch(text.replace(" ", ""))
    rate = None if found is None else Decimal(found[1])
    if rate is None or rate < _LOWEST_RATE:
        return Wrong("not_a_rate", "年利率填百分数，如 3.5 表示 3.5%")
    return rate
