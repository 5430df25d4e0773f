"""The bank's workbook of answers: its open follow-up, with drop-downs for what has become of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from io import BytesIO
from typing import Any, Final

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from app.institutions.workbook.headings import NAME, tidy
from app.referrals.reasons import REASON_LABELS
from app.referrals.states import STATE_LABELS, ReferralState
from app.regions import region_names
from app.store.tables import Referral

SHEET: Final = "对接反馈"
_CHOICES: Final = "选项"
# More than one person answers at a time; the next workbook has the rest.
MOST_ROWS: Final = 2_000
_NOTE: Final = (
    "填写说明：一行一个条目，前七列请不要改动。填“办理结果”和“办理日期”；授信填授信金额，放款再填放款金额、年利率和到期日，"
    "不予办理选理由。没有进展的行留空。可以直接填到最后一步，中间各步按同一天补记。"
)
_HEADING_ROW: Final = 1
_FIRST_ROW: Final = 2
# Fixed, so that the same rows give the same bytes.
_CREATED: Final = datetime(2026, 1, 1)  # noqa: DTZ001


class Field(StrEnum):
    """A column; the name is the one that the reader of headings looks for."""

    REFERRAL = "referral"
    VERSION = "version"
    DELIVERY = "delivery"
    NAME = NAME
    REGION = "region"
    DUE_ON = "due_on"
    STATE_NOW = "state_now"
    STATE = "state"
    DAY = "day"
    GRANTED = "granted"
    DISBURSED = "disbursed"
    RATE = "rate"
    LOAN_DUE_ON = "loan_due_on"
    REASON = "reason"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the sheet: its heading, width, and whether the bank fills it in."""

    field: Field
    heading: str
    width: int
    is_filled: bool = False


COLUMNS: Final = (
    Column(Field.REFERRAL, "对接编号", 14),
    Column(Field.VERSION, "版本", 6),
    Column(Field.DELIVERY, "推送编号", 20),
    Column(Field.NAME, "名称", 30),
    Column(Field.REGION, "所在地区", 18),
    Column(Field.DUE_ON, "答复期限", 12),
    Column(Field.STATE_NOW, "现在状态", 12),
    Column(Field.STATE, "办理结果", 14, is_filled=True),
    Column(Field.DAY, "办理日期", 12, is_filled=True),
    Column(Field.GRANTED, "授信金额（元）", 16, is_filled=True),
    Column(Field.DISBURSED, "放款金额（元）", 16, is_filled=True),
    Column(Field.RATE, "年利率%", 10, is_filled=True),
    Column(Field.LOAN_DUE_ON, "贷款到期日", 12, is_filled=True),
    Column(Field.REASON, "不予办理理由", 24, is_filled=True),
    Column(Field.NOTE, "内部备注", 30, is_filled=True),
)
_AT: Final = {column.field: place for place, column in enumerate(COLUMNS)}
# What a row may be answered with; where it stands now is not an answer.
ANSWERS: Final = tuple(state for state in ReferralState if state is not ReferralState.NOT_CONTACTED)


def known_headings() -> dict[str, str]:
    """Tidy spelling of a heading -> its column."""
    found = {tidy(column.heading): column.field.value for column in COLUMNS}
    return found | {tidy(column.heading.partition("（")[0]): column.field.value for column in COLUMNS}


def written(rows: Sequence[Any]) -> bytes:
    """The workbook as xlsx, with rows of `select_referrals`."""
    buffer = BytesIO()
    with Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"title": "推送条目办理反馈", "created": _CREATED})
        sheet = book.add_worksheet(SHEET)
        _offer(book, sheet, len(rows))
        _head(book, sheet)
        for place, row in enumerate(rows, start=_FIRST_ROW):
            _write(book, sheet, place, row)
        sheet.freeze_panes(_FIRST_ROW, _AT[Field.REGION])
    return buffer.getvalue()


def _head(book: Workbook, sheet: Worksheet) -> None:
    note = book.add_format({"text_wrap": True, "valign": "vcenter", "bg_color": "#FFF8E1"})
    sheet.merge_range(0, 0, 0, len(COLUMNS) - 1, "", note)
    sheet.write_string(0, 0, _NOTE, note)
    sheet.set_row(0, 40)
    frame = {"bold": True, "text_wrap": True, "valign": "vcenter", "align": "center", "border": 1}
    given, filled = (book.add_format({**frame, "bg_color": colour}) for colour in ("#D9D9D9", "#DDEBF7"))
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for place, column in enumerate(COLUMNS):
        sheet.write_string(_HEADING_ROW, place, column.heading, filled if column.is_filled else given)
        is_day = column.field in {Field.DAY, Field.LOAN_DUE_ON}
        sheet.set_column(place, place, column.width, day if is_day else None)


def _write(book: Workbook, sheet: Worksheet, place: int, row: Any) -> None:
    one: Referral = row[0]
    texts = {
        Field.REFERRAL: str(one.id),
        Field.VERSION: str(one.version),
        Field.DELIVERY: row.delivery_number or "",
        Field.NAME: one.name,
        Field.REGION: region_names().get(one.region_code, one.region_code),
        Field.DUE_ON: _day(one.due_on),
        Field.STATE_NOW: STATE_LABELS[ReferralState(one.state)],
    }
    # Text and never a formula, whatever a name begins with.
    for field, text in texts.items():
        sheet.write_string(place, _AT[field], text)


def _day(day: date) -> str:
    return day.isoformat()


def _offer(book: Workbook, sheet: Worksheet, count: int) -> None:
    """A hidden sheet of choices, since lists in the validation itself end at 255 characters."""
    choices = book.add_worksheet(_CHOICES)
    choices.hide()
    lists = {
        Field.STATE: [STATE_LABELS[state] for state in ANSWERS],
        Field.REASON: list(REASON_LABELS.values()),
    }
    last = _FIRST_ROW + max(count, 1) - 1
    for place, (field, labels) in enumerate(lists.items()):
        for number, label in enumerate(labels):
            choices.write_string(number, place, label)
        letter = "AB"[place]
        source = f"={_CHOICES}!${letter}$1:${letter}${len(labels)}"
        rule = {"validate": "list", "source": source, "error_title": "请选一项", "error_message": "请从下拉列表中选"}
        sheet.data_validation(_FIRST_ROW, _AT[field], last, _AT[field], rule)
