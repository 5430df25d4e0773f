"""The workbook that clerks fill in: headings and choices from the catalogue, an instruction and an example."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.institutions.workbook.columns import CITY, NUMBER, REGION, SITE, TELEPHONE, USCC, Column, columns
from app.institutions.workbook.examples import Shown, example
from app.regions import Level, region_names, regions
from app.rules.facts import Fact, FactType

SHEET: Final = "机构"
EXPLANATIONS: Final = "填写说明"
CHOICES: Final = "选项"
INSTRUCTION: Final = (
    "填写说明：一行填一个院点，从第 3 行的示例行以下开始填；带 * 的必填，其余不清楚的请留空，不要填 0 或“否”；"
    "金额以万元计，多选用顿号“、”隔开；各列怎么填见“填写说明”表。表头请不要改动。"
)
_FILLED_ROWS: Final = 5_000
_HEADING_ROW: Final = 1
_EXAMPLE_ROW: Final = 2
_FLAGS: Final = ("是", "否")
# Fixed, so that the same catalogue gives the same bytes.
_CREATED: Final = datetime(2026, 1, 1)  # noqa: DTZ001
_TEXT_KEYS: Final = frozenset({USCC, NUMBER, TELEPHONE})
_MESSAGE: Final = 250
_WIDE: Final = frozenset({"name", USCC, NUMBER, REGION, "address"})


def template(covers: Callable[[str], bool] = lambda _code: True) -> bytes:
    """The empty workbook as xlsx; `covers` says which regions the drop-down of places offers (by code)."""
    buffer = BytesIO()
    with Workbook(buffer, {"in_memory": True}) as book:
        book.set_properties({"title": "养老机构导入模板", "created": _CREATED})
        _fill(book, [column for column in columns() if column.offered], _places(covers))
    return buffer.getvalue()


def _places(covers: Callable[[str], bool]) -> list[str]:
    """Counties with their city, then the cities' development zones, as the reader takes them."""
    seen = [region for region in regions().values() if covers(region.code)]
    counties = [region_names()[region.code] for region in seen if region.level is Level.COUNTY]
    return counties + [f"{region.name}开发区" for region in seen if region.level is Level.CITY]


def _fill(book: Workbook, offered: Sequence[Column], places: Sequence[str]) -> None:
    sheet = book.add_worksheet(SHEET)
    _explain(book, offered)
    lists = _lists(book, offered, places)
    _head(book, sheet, offered)
    for at, column in enumerate(offered):
        sheet.data_validation(_EXAMPLE_ROW, at, _FILLED_ROWS, at, _validation(column, lists.get(column.key)))
    _write_example(book, sheet, offered)
    sheet.freeze_panes(_EXAMPLE_ROW, 1)
    sheet.activate()


def _head(book: Workbook, sheet: Worksheet, offered: Sequence[Column]) -> None:
    note = book.add_format({"text_wrap": True, "valign": "vcenter", "bg_color": "#FFF8E1"})
    sheet.merge_range(0, 0, 0, 9, "", note)
    sheet.write_string(0, 0, INSTRUCTION, note)
    sheet.set_row(0, 48)
    sheet.set_row(_HEADING_ROW, 34)
    frame = {"bold": True, "text_wrap": True, "valign": "vcenter", "align": "center", "border": 1}
    required = book.add_format({**frame, "bg_color": "#F8CBAD"})
    optional = book.add_format({**frame, "bg_color": "#DDEBF7"})
    text, day = book.add_format({"num_format": "@"}), book.add_format({"num_format": "yyyy-mm-dd"})
    for at, column in enumerate(offered):
        title = f"{column.heading}*" if column.required else column.heading
        sheet.write_string(_HEADING_ROW, at, title, required if column.required else optional)
        sheet.set_column(at, at, 26 if column.key in _WIDE else 14, _format(column, text, day))


def _format(column: Column, text: Format, day: Format) -> Format | None:
    """Text for numbers that are names, so that no digit and no zero in front is lost."""
    if column.key in _TEXT_KEYS:
        return text
    return day if column.fact is not None and column.fact.type is FactType.DATE else None


def _write_example(book: Workbook, sheet: Worksheet, offered: Sequence[Column]) -> None:
    look = {"italic": True, "font_color": "#7F7F7F"}
    grey, text = book.add_format(look), book.add_format({**look, "num_format": "@"})
    day = book.add_format({**look, "num_format": "yyyy-mm-dd"})
    for at, column in enumerate(offered):
        value = example(column)
        match value:
            case None:
                sheet.write_blank(_EXAMPLE_ROW, at, None, text if column.key in _TEXT_KEYS else grey)
            case str():
                sheet.write_string(_EXAMPLE_ROW, at, value, text if column.key in _TEXT_KEYS else grey)
            case date():
                sheet.write_datetime(_EXAMPLE_ROW, at, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
            case int() | Decimal():
                sheet.write_number(_EXAMPLE_ROW, at, value, grey)


def _choices(column: Column, places: Sequence[str]) -> Sequence[str]:
    if column.key == REGION:
        return places
    if column.fact is None:
        return ()
    return _FLAGS if column.fact.type is FactType.BOOL else list(column.fact.codes.values())


def _lists(book: Workbook, offered: Sequence[Column], places: Sequence[str]) -> dict[str, str]:
    """A hidden sheet of choices; key of a column -> range. Lists in the validation itself end at 255 characters."""
    sheet = book.add_worksheet(CHOICES)
    sheet.hide()
    ranges: dict[str, str] = {}
    shown: dict[tuple[str, ...], str] = {}
    for column in offered:
        choices = tuple(_choices(column, places))
        if choices and choices not in shown:
            at = len(shown)
            sheet.write_column(0, at, choices)
            letter = f"{chr(64 + at // 26)}{chr(65 + at % 26)}" if at >= 26 else chr(65 + at)  # noqa: PLR2004
            shown[choices] = f"={CHOICES}!${letter}$1:${letter}${len(choices)}"
        if choices:
            ranges[column.key] = shown[choices]
    return ranges


def _validation(column: Column, choices: str | None) -> dict[str, Any]:
    """A drop-down where there is a list, a warning at numbers that cannot be, and the advice beside the cell."""
    advice = {"input_title": column.label[:32], "input_message": how(column)[:_MESSAGE]}
    if choices is None:
        return {"validate": "any", **advice}
    listed = {"validate": "list", "source": choices, **advice}
    if column.fact is not None and column.fact.type is FactType.SET:
        # A drop-down gives one of them; several are typed, so nothing is refused here.
        return {**listed, "show_error": False}
    return {**listed, "error_type": "warning", "error_title": "不在选项中", "error_message": "请从下拉列表中选择。"}


def how(column: Column) -> str:
    """What to write in a column, in one sentence."""
    if column.key in _HOW:
        return _HOW[column.key]
    if column.fact is None:
        return "填文字，最多 200 个字。"
    return _how_of_fact(column.fact)


_HOW: Final = {
    "name": "登记证书上的全称，2 到 120 个字。",
    USCC: "18 位统一社会信用代码，文本格式。没有的留空，系统给临时编号。",
    NUMBER: "没有统一社会信用代码、但已登记过的机构，填系统给的临时编号（例如 P14010520260001），按它更新；"
    "有代码的和新登记的留空。",
    SITE: "同一法人有几处院点时，从 1 起编号；只有一处的留空。",
    CITY: "所在的市；写了县（市、区）全名的不必填。",
    REGION: "从列表中选，或写六位行政区划代码，例如 140106。没有县级代码的开发区选“某市开发区”。",
    TELEPHONE: "一个号码，例如 0351-1234567 或 11 位手机号，文本格式。",
}


def _how_of_fact(fact: Fact) -> str:
    match fact.type:
        case FactType.BOOL:
            return "填“是”或“否”；不清楚留空。"
        case FactType.DATE:
            return "填日期，写成 2026-11-03 的样子，要写到日。"
        case FactType.ENUM:
            return "从列表中选一项；不清楚留空。"
        case FactType.SET:
            return "从列表中选；有几项的，用顿号“、”隔开；一项也没有的写“没有”；不清楚留空。"
        case _ if fact.unit == "元":
            return "填数字，以万元计；以别的单位计的，把单位写在数字后面，例如 3500000元。"
        case _ if fact.unit == "%":
            return "填百分数的数字，例如 85 表示 85%。"
        case _:
            return f"填数字，单位是{fact.unit}；确实没有的填 0，不清楚留空。"


def _explain(book: Workbook, offered: Sequence[Column]) -> None:
    sheet = book.add_worksheet(EXPLANATIONS)
    bold = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for at, (title, width) in enumerate(
        (("列名", 26), ("必填", 8), ("怎么填", 60), ("可选项（代码）", 70), ("示例", 26))
    ):
        sheet.write_string(0, at, title, bold)
        sheet.set_column(at, at, width, wrap)
    for number, cells in enumerate(_explanations(offered), start=1):
        for at, text in enumerate(cells):
            sheet.write_string(number, at, text)
    sheet.freeze_panes(1, 1)


def _explanations(offered: Sequence[Column]) -> Iterator[tuple[str, str, str, str, str]]:
    for column in offered:
        codes = column.fact.codes if column.fact is not None else {}
        listed = "、".join(f"{label}（{code}）" for code, label in codes.items())
        yield column.heading, "是" if column.required else "", how(column), listed, _example_text(example(column))


def _example_text(value: Shown) -> str:
    return "" if value is None else str(value)
