"""The list as a spreadsheet: text cells and numbers only, never a formula, ready to print on A4 on its side."""

import io
from typing import Final

import xlsxwriter

from app.whitelist.printing.content import CENTRED, HEADINGS, ISSUER, NOTICE, SEAL, WIDTHS, PrintedList

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FONT: Final = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter", "text_wrap": True}
_HEAD_ROWS: Final = 3
_A4: Final = 9
# A column of so many millimetres is so many characters wide.
_CHARACTERS_PER_MM: Final = 0.5
_NUMBERS: Final = frozenset({0, 6})
_LAST: Final = len(HEADINGS) - 1


def as_sheet(printed: PrintedList) -> bytes:
    """The file. What a text begins with makes no formula of it; the same list gives the same bytes."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"title": printed.title, "author": ISSUER, "created": printed.made_at})
        sheet = book.add_worksheet("白名单")
        _lay_out(sheet, printed)
        plain, centred = (book.add_format({**_FONT, "border": 1, "align": side}) for side in ("left", "center"))
        heading = book.add_format({**_FONT, "border": 1, "bold": True, "align": "center", "bg_color": "#E7EEF2"})
        title = book.add_format({**_FONT, "font_size": 16, "bold": True, "align": "center"})
        loose = book.add_format(_FONT)
        sheet.merge_range(0, 0, 0, _LAST, "", title)
        sheet.write_string(0, 0, printed.title, title)
        sheet.merge_range(1, 0, 1, _LAST, "", loose)
        sheet.write_string(1, 0, "　".join(printed.facts), loose)
        for column, text in enumerate(HEADINGS):
            sheet.write_string(_HEAD_ROWS - 1, column, text, heading)
        for place, row in enumerate(printed.rows, start=_HEAD_ROWS):
            for column, text in enumerate(row.cells()):
                form = centred if column in CENTRED else plain
                if column in _NUMBERS and text.isdigit():
                    sheet.write_number(place, column, int(text), form)
                else:
                    sheet.write_string(place, column, text, form)
        _close(sheet, _HEAD_ROWS + len(printed.rows), printed, loose)
    return file.getvalue()


def _lay_out(sheet: xlsxwriter.worksheet.Worksheet, printed: PrintedList) -> None:
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEAD_ROWS - 1)
    sheet.freeze_panes(_HEAD_ROWS, 0)
    sheet.set_footer("&C第 &P 页，共 &N 页")
    sheet.set_row(0, 30)
    for column, millimetres in enumerate(WIDTHS):
        sheet.set_column(column, column, millimetres * _CHARACTERS_PER_MM)


def _close(
    sheet: xlsxwriter.worksheet.Worksheet, below: int, printed: PrintedList, loose: xlsxwriter.format.Format
) -> None:
    """The notice, and room for the seal."""
    sheet.merge_range(below, 0, below, _LAST, "", loose)
    sheet.write_string(below, 0, NOTICE, loose)
    sheet.set_row(below, 32)
    sheet.set_row(below + 1, 90)
    for offset, text in enumerate((f"{ISSUER}{SEAL}", printed.signed_on), start=2):
        sheet.merge_range(below + offset, _LAST - 2, below + offset, _LAST, "", loose)
        sheet.write_string(below + offset, _LAST - 2, text, loose)
