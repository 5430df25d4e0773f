"""The list as a PDF: A4 on its side, the head of the table on every page, room for the seal on the last one.

The typeface is Noto Sans SC (SIL Open Font License) from an installed package, embedded as far as it is used: the file
looks the same everywhere, and the same list gives the same bytes.
"""

from collections.abc import Container
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fpdf import FPDF
from fpdf.enums import Align, VAlign, WrapMode, XPos, YPos
from fpdf.fonts import FontFace

from app.errors import StoreUnavailable
from app.whitelist.printing.breaking import broken
from app.whitelist.printing.content import CENTRED, HEADINGS, ISSUER, NOTICE, SEAL, WIDTHS, PrintedList

MEDIA_TYPE: Final = "application/pdf"
_PACKAGE: Final = "pylopdf_fonts_zh_cn"
_FILE: Final = "NotoSansSC-Regular.otf"
_FAMILY: Final = "list"
_MARGIN: Final = 12
_FOOT: Final = 14
_SEAL_HEIGHT: Final = 52
_SEAL_WIDTH: Final = 90
_LINE: Final = 5.2
_PADDING: Final = 1.2
# The library breaks a line that fills its cell to the last fraction.
_SLACK: Final = 0.2
_HEAD_FILL: Final = (231, 238, 242)
_BORDER: Final = (106, 123, 136)
# What printers set for a character that they have no type for.
_NO_TYPE: Final = "〓"
_NO_TYPE_NOTICE: Final = "〓 处的字在字库中没有，以电子表格为准。"


class FontMissing(StoreUnavailable):
    """The package with the typeface is not installed."""

    code = "print_font_missing"
    title = "缺少打印字体"


def as_pdf(printed: PrintedList) -> bytes:
    """The file. Raises FontMissing."""
    page = _Page(printed)
    page.add_page()
    page.write_head()
    page.write_table()
    page.write_close()
    return bytes(page.output())


class _Page(FPDF):
    """A document of one list."""

    def __init__(self, printed: PrintedList) -> None:
        super().__init__(orientation="landscape", unit="mm", format="A4")
        self._printed, self._lacks = printed, False
        self._widths: dict[str, float] = {}
        self.add_font(_FAMILY, "", _typeface())
        typeface: Any = self.fonts[_FAMILY]
        self._known: Container[int] = typeface.cmap
        self.set_margins(_MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=_FOOT + 4)
        self.set_creation_date(printed.made_at)
        self.set_title(printed.title)
        self.set_author(ISSUER)
        self.set_creator("银桥")
        # The library would write its version here.
        self.set_producer("fpdf2")
        self.set_lang("zh-CN")
        self.set_draw_color(*_BORDER)
        self.alias_nb_pages("{nb}")

    def footer(self) -> None:
        """Which page of how many, and of what."""
        self.set_y(-_FOOT)
        self.set_font(_FAMILY, size=9)
        self.cell(0, 6, self._set(self._printed.number or self._printed.batch_title), align=Align.L)
        self.set_x(_MARGIN)
        self.cell(0, 6, f"第 {self.page_no()} 页，共 {{nb}} 页", align=Align.R)

    def write_head(self) -> None:
        """Title and facts."""
        self.set_font(_FAMILY, size=18)
        self._block(9, self._printed.title, Align.C)
        self.set_font(_FAMILY, size=10.5)
        self.ln(1)
        self._block(6, "　　".join(self._printed.facts), Align.C)
        self.ln(3)

    def write_table(self) -> None:
        """Every line, broken as Chinese is."""
        self.set_font(_FAMILY, size=9.5)
        sides = tuple(Align.C if column in CENTRED else Align.L for column in range(len(WIDTHS)))
        heading = FontFace(fill_color=_HEAD_FILL)
        with self.table(
            col_widths=WIDTHS,
            text_align=sides,
            headings_style=heading,
            line_height=_LINE,
            padding=(1, _PADDING),
            v_align=VAlign.M,
        ) as table:
            head = table.row()
            for text in HEADINGS:
                head.cell(text, align=Align.C)
            for line in self._printed.rows:
                row = table.row()
                for text, width in zip(line.cells(), WIDTHS, strict=True):
                    row.cell(broken(self._set(text), width - 2 * _PADDING - _SLACK, self._width_of))

    def write_close(self) -> None:
        """The notice and the room for the seal, on one page."""
        if self.will_page_break(_SEAL_HEIGHT + 20):
            self.add_page()
        self.ln(4)
        self.set_font(_FAMILY, size=10.5)
        self._block(6, NOTICE, Align.L)
        if self._lacks:
            self._block(6, _NO_TYPE_NOTICE, Align.L)
        self.set_xy(self.w - _MARGIN - _SEAL_WIDTH, self.get_y() + _SEAL_HEIGHT - 18)
        for text in (f"{ISSUER}{SEAL}", self._printed.signed_on):
            self.set_x(self.w - _MARGIN - _SEAL_WIDTH)
            self.cell(_SEAL_WIDTH, 8, text, align=Align.C, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _width_of(self, sign: str) -> float:
        """At the size of the table. Most characters come again."""
        if sign not in self._widths:
            self._widths[sign] = self.get_string_width(sign)
        return self._widths[sign]

    def _block(self, height: float, text: str, align: Align) -> None:
        self.multi_cell(
            0,
            height,
            self._set(text),
            align=align,
            wrapmode=WrapMode.CHAR,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def _set(self, text: str) -> str:
        """The text in characters that the typeface has."""
        known = "".join(sign if ord(sign) in self._known else _NO_TYPE for sign in text)
        self._lacks = self._lacks or known != text
        return known


def _typeface() -> Path:
    """Where the typeface is. Raises FontMissing."""
    try:
        path = Path(str(files(_PACKAGE).joinpath(_FILE)))
    except ModuleNotFoundError:
        path = Path(_FILE)
    if not path.is_file():
        raise FontMissing(f"没有找到字体 {_FILE}，请安装 Python 包 {_PACKAGE.replace('_', '-')} 后再打印 PDF")
    return path
