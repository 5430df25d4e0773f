"""Workbooks as different programs write them, from one table of cells."""

import csv
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import xlsxwriter

Cells = str | int | float | bool | date | None
Table = Sequence[Sequence[Cells]]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DATE_STYLE = 1
PERCENT_STYLE = 2
# What LibreOffice Calc writes: an own number for the date format, and styles that nothing uses.
STYLES = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<styleSheet xmlns="{MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="General"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="1"><font><sz val="10"/><name val="Arial"/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="2"><xf numFmtId="164"/><xf numFmtId="9"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="164" xfId="0"/><xf numFmtId="165" xfId="0"/><xf numFmtId="9" xfId="0"/></cellXfs>'
    "</styleSheet>"
)


def letter(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def serial(day: date, from_1904: bool = False) -> int:
    return (day - (date(1904, 1, 1) if from_1904 else date(1899, 12, 30))).days


def parts(
    sheets: Sequence[tuple[str, str, str]], *, shared: str | None = None, styles: str | None = STYLES, book: str = ""
) -> dict[str, str]:
    """The parts of a workbook from (name, state, XML) of its sheets; `book` is put into the workbook's own part."""
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{at}" state="{state}" r:id="rId{at}"/>'
        for at, (name, state, _) in enumerate(sheets, start=1)
    )
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    found = {
        "[Content_Types].xml": f'<?xml version="1.0" encoding="UTF-8"?>\n<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        f"{types}</Types>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{book}<sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}'
        f'<Relationship Id="rId998" Type="{OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId999" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    }
    found |= {f"xl/worksheets/sheet{at}.xml": xml for at, (_, _, xml) in enumerate(sheets, start=1)}
    if styles is not None:
        found["xl/styles.xml"] = styles
    found["xl/sharedStrings.xml"] = shared if shared is not None else f'<sst xmlns="{MAIN}"/>'
    return found


def zipped(
    content: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED, rename: Callable[[str], str] = str
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, part in content.items():
            archive.writestr(rename(name), part)
    return buffer.getvalue()


def sheet(rows: str, around: str = "", before: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        f"{before}<sheetData>{rows}</sheetData>{around}</worksheet>"
    )


def inline(text: str) -> str:
    return f't="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def cell(place: str, value: Cells, text: Callable[[str], str] = inline, from_1904: bool = False) -> str:
    name = f' r="{place}"' if place else ""
    match value:
        case None:
            return ""
        case bool():
            return f'<c{name} t="b"><v>{int(value)}</v></c>'
        case int() | float():
            return f"<c{name}><v>{value!r}</v></c>"
        case date():
            return f'<c{name} s="{DATE_STYLE}"><v>{serial(value, from_1904)}</v></c>'
        case _:
            return f"<c{name} {text(value)}"


def xml_rows(table: Table, text: Callable[[str], str] = inline, from_1904: bool = False) -> str:
    return "".join(
        f'<row r="{number}">'
        + "".join(cell(f"{letter(at)}{number}", value, text, from_1904) for at, value in enumerate(row, start=1))
        + "</row>"
        for number, row in enumerate(table, start=1)
    )


class Shared:
    """A table of shared strings; `rich` splits every text into two runs, as half-formatted cells are kept."""

    def __init__(self, rich: bool = False) -> None:
        self.texts: list[str] = []
        self.rich = rich

    def __call__(self, text: str) -> str:
        if text not in self.texts:
            self.texts.append(text)
        return f't="s"><v>{self.texts.index(text)}</v></c>'

    def xml(self) -> str:
        items = "".join(f"<si>{self._item(text)}</si>" for text in self.texts)
        return f'<sst xmlns="{MAIN}" count="{len(self.texts)}" uniqueCount="{len(self.texts)}">{items}</sst>'

    def _item(self, text: str) -> str:
        if not self.rich:
            return f'<t xml:space="preserve">{escape(text)}</t>'
        middle = len(text) // 2
        runs = "".join(
            f'<r><rPr><b/></rPr><t xml:space="preserve">{escape(run)}</t></r>' for run in (text[:middle], text[middle:])
        )
        return f'{runs}<rPh sb="0" eb="1"><t>PINYIN</t></rPh><phoneticPr fontId="1"/>'


def by_openpyxl(table: Table) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in table:
        page.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def by_openpyxl_streaming(table: Table) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("机构")
    for row in table:
        page.append(list(row))
    return saved(book)


def by_xlsxwriter(table: Table, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, options) as book:
        page = book.add_worksheet("机构")
        day = book.add_format({"num_format": "yyyy/m/d"})
        for number, row in enumerate(table):
            for at, value in enumerate(row):
                if isinstance(value, date):
                    page.write_datetime(number, at, value, day)
                elif isinstance(value, str):
                    page.write_string(number, at, value)
                elif value is not None:
                    page.write(number, at, value)
    return buffer.getvalue()


def by_xlsxwriter_constant(table: Table) -> bytes:
    return by_xlsxwriter(table, constant_memory=True)


def by_calc(table: Table) -> bytes:
    """As LibreOffice Calc writes it: shared strings, spans, a style on every column, blank rows to the last."""
    shared = Shared()
    rows = xml_rows(table, shared).replace("<row ", '<row customFormat="false" ht="12.8" hidden="false" ')
    rows += f'<row r="{len(table) + 1}" ht="12.8"/><row r="1048576" ht="12.8"/>'
    columns = '<cols><col min="1" max="1024" width="11.52" style="0" customWidth="false" hidden="false"/></cols>'
    page = sheet(rows, '<pageMargins left="0.7" right="0.7"/>', f'<sheetPr filterMode="false"/>{columns}')
    return zipped(parts([("Sheet1", "visible", page)], shared=shared.xml(), book='<fileVersion appName="Calc"/>'))


def by_calc_rich(table: Table) -> bytes:
    shared = Shared(rich=True)
    page = sheet(xml_rows(table, shared))
    return zipped(parts([("Sheet1", "visible", page)], shared=shared.xml()))


def by_hand_inline(table: Table) -> bytes:
    return zipped(parts([("Sheet1", "visible", sheet(xml_rows(table)))]), zipfile.ZIP_STORED)


def by_hand_unnamed(table: Table) -> bytes:
    """Cells and rows without names, which the standard allows: they follow one another."""
    rows = "".join("<row>" + "".join(cell("", value) or "<c/>" for value in row) + "</row>" for row in table)
    return zipped(parts([("Sheet1", "visible", sheet(rows))]))


def by_hand_1904(table: Table) -> bytes:
    page = sheet(xml_rows(table, from_1904=True))
    return zipped(parts([("Sheet1", "visible", page)], book='<workbookPr date1904="1"/>'))


def by_hand_backslashes(table: Table) -> bytes:
    """Old .NET programs write the names of the parts with backslashes."""
    return zipped(parts([("Sheet1", "visible", sheet(xml_rows(table)))]), rename=lambda name: name.replace("/", "\\"))


WRITERS: Mapping[str, Callable[[Table], bytes]] = {
    one.__name__: one
    for one in (
        by_openpyxl,
        by_openpyxl_streaming,
        by_xlsxwriter,
        by_xlsxwriter_constant,
        by_calc,
        by_calc_rich,
        by_hand_inline,
        by_hand_unnamed,
        by_hand_1904,
        by_hand_backslashes,
    )
}


def as_csv(table: Table, encoding: str = "utf-8-sig", separator: str = ",", end: str = "\r\n") -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator=end)
    writer.writerows([["" if value is None else _in_csv(value) for value in row] for row in table])
    return buffer.getvalue().encode(encoding)


def _in_csv(value: Cells) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return f"{value.year}/{value.month}/{value.day}" if isinstance(value, date) else str(value)
