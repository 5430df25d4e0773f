"""What stands on a printed list, whatever it is printed as: headings, columns, lines, notices. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from app.whitelist.printing.lines import UNKNOWN, Line

TITLE: Final = "养老机构和康养项目融资白名单"
ISSUER: Final = "山西省民政厅"
SEAL: Final = "（发布单位盖章）"
# D1(二十六): the list recommends and promises nothing.
NOTICE: Final = (
    "说明：列入名单是向银行的推荐，不是授信承诺。是否贷款、贷多少，由银行独立审查决定并自担风险"
    "（晋银发〔2025〕55号第二十六条）。"
)
HEADINGS: Final = ("序号", "名称", "统一社会信用代码", "市", "县（市、区）", "类别", "床位", "资金需求")
# How the width is shared, in millimetres of the 273 between the margins of an A4 page that lies on its side.
WIDTHS: Final = (13, 64, 52, 22, 24, 37, 15, 46)
# Serial and beds stand in the middle of their columns, like the short words of city and county.
CENTRED: Final = frozenset({0, 3, 4, 6})
_DRAFT: Final = "草稿，尚未公示"
_ABANDONED: Final = "已放弃，不生效"


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """A line with its place in the list and the money that is wanted, which is for offices and banks."""

    serial: int
    line: Line
    need: str

    def cells(self) -> tuple[str, ...]:
        """The texts of the columns."""
        line = self.line
        beds = UNKNOWN if line.beds is None else str(line.beds)
        return (
            str(self.serial),
            line.full_name,
            line.full_number,
            line.city,
            line.county,
            line.kind,
            beds,
            self.need,
        )


@dataclass(frozen=True, slots=True)
class PrintedList:
    """A batch to be printed. `part` names the region where the reader sees a part only; `made_at` is the batch's own
    last instant, so that the same list is printed the same at any time."""

    state: str
    batch_title: str
    number: str | None
    document_number: str | None
    notice_from: date | None
    notice_to: date | None
    published_on: date | None
    part: str | None
    made_at: datetime
    rows: Sequence[PrintedRow]

    @property
    def title(self) -> str:
        """The heading, with the number of a published batch."""
        return f"{TITLE}（{self.number}）" if self.number else TITLE

    @property
    def facts(self) -> tuple[str, ...]:
        """What stands below the heading."""
        said = [self.batch_title, *self._stage()]
        said += [f"仅列{self.part}，序号与全表相同"] if self.part else []
        return (*said, f"共 {len(self.rows)} 项")

    @property
    def signed_on(self) -> str:
        """The date beside the seal."""
        return "　　年　　月　　日" if self.published_on is None else day(self.published_on)

    def _stage(self) -> list[str]:
        match self.state:
            case "published":
                numbered = [f"文号：{self.document_number}"] if self.document_number else []
                return [*numbered, f"发布日期：{day(self.published_on)}"]
            case "on_notice":
                return [f"公示稿，公示期：{day(self.notice_from)}至{day(self.notice_to)}（含首尾两日）"]
            case "draft":
                return [_DRAFT]
            case _:
                return [_ABANDONED]


def day(on: date | None) -> str:
    """As it stands on paper."""
    return UNKNOWN if on is None else f"{on.year}年{on.month}月{on.day}日"


def file_name(printed: PrintedList, ending: str) -> str:
    """The name under which the file is saved."""
    return f"{TITLE}{printed.number or '（' + printed.batch_title + '）'}.{ending}"
