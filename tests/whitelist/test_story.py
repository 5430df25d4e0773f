"""The first story: from the empty template to the printed list, by the people who do it, over HTTP."""

import io
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, Final

import openpyxl
import pypdfium2
import pytest

from app.access.permissions import Role
from app.config import PROJECT_ROOT
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.whitelist.seeds import load_whitelist
from tests.access.house import CITY, COUNTY, House, refused
from tests.databases import Databases
from tests.institutions.imports.clerks import Clerk, an_office
from tests.institutions.registry import a_uscc
from tests.seeded import SEEDED_AT
from tests.whitelist.board import Board
from tests.whitelist.desk import DOCUMENT, on

DAY: Final = date(2026, 11, 2)
NAME: Final = "虚构松涛养老院"
# A home as a clerk writes it down, with a clerk's habits.
HOME: Final = {
    "机构名称": NAME,
    "所在县（市、区）": "小店区",
    "法人类型": "民办非企业单位",
    "机构类别": "养老院",
    "已备案": "是",
    "备案日期": "2024.1.15",
    "床位总数（张）": "１２０",
    "消防合格": "√",
    "食品经营许可": "有",
    "预收费合规": "是",
    "失信被执行人": "否",
    "列入经营异常名录": "否",
    "列入严重违法失信名单": "无",
    "涉及非法集资": "否",
    "有逾期贷款": "否",
    "资金需求（万元）": 500,
    "需求期限（个月）": 36,
    "资金用途": "固定资产或建设",
}


@pytest.fixture
def house(databases: Databases, seeds: Seeds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    for house in an_office(databases, tmp_path_factory.mktemp("files")):
        with house.owner.writing() as session:
            load_seeds(session, seeds, SEEDED_AT)
            load_whitelist(session, PROJECT_ROOT / "seed")
        yield house


def headings(row: Iterable[Any]) -> dict[str, int]:
    """The place of each heading, from 0."""
    return {str(cell.value).rstrip("*"): place for place, cell in enumerate(row)}


def filled(template: bytes, *homes: dict[str, Any]) -> bytes:
    """The template with these homes below its example."""
    book = openpyxl.load_workbook(io.BytesIO(template))
    sheet = book.worksheets[0]
    columns = headings(sheet[2])
    for row, home in enumerate(homes, start=4):
        for heading, value in home.items():
            sheet.cell(row, columns[heading] + 1, value)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def corrected(report: bytes) -> tuple[bytes, list[str]]:
    """The marked sheet with the right number of beds in it, and what it said had to be changed."""
    book = openpyxl.load_workbook(io.BytesIO(report))
    sheet = book.worksheets[0]
    head = next(row for row in sheet.iter_rows() if row[-1].value == "要改什么")
    columns = headings(head)
    said = [str(row[-1].value) for row in sheet.iter_rows(min_row=int(head[0].row or 0) + 1) if row[-1].value]
    wrong = next(row for row in sheet.iter_rows(min_row=int(head[0].row or 0) + 1) if "床位" in str(row[-1].value))
    wrong[columns["床位总数（张）"]].value = 80
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue(), said


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return re.sub(r"\s", "", "".join(page.get_textpage().get_text_bounded() for page in document))
    finally:
        document.close()


def test_a_clerk_brings_a_workbook_and_the_list_is_published_and_printed(house: House) -> None:
    with on(DAY - timedelta(days=1)):
        board = Board(house)
        home = imported(board)
    with on(DAY):
        nomination = approved(board, home)
        batch = announced(board, nomination)
        early = publish(board, batch, board.province_second)
        assert refused(early) == (409, "notice_running")
    after = DAY + timedelta(days=7)
    with on(after):
        assert refused(publish(board, batch, board.province)) == (409, "own_draft")
        published = publish(board, batch, board.province_second).json()
    assert (published["number"], published["published_on"]) == ("晋养白〔2026〕第1批", after.isoformat())
    listed(board, home, published, after)


def imported(board: Board) -> str:
    """Template, dry run, marked sheet, corrected sheet, written: the id of the home."""
    house, clerk = board.house, Clerk(board.house, board.clerk)
    template = house.call(clerk.person, "GET", "/imports/template.xlsx").content
    other = {**HOME, "机构名称": "虚构听雨敬老院", "统一社会信用代码": a_uscc(), "床位总数（张）": "八十来张"}
    sheet = filled(template, {**HOME, "统一社会信用代码": a_uscc()}, other)
    found = clerk.bring(sheet)
    assert (found["counts"]["added"], found["counts"]["wrong"]) == (1, 1)
    report = house.call(clerk.person, "GET", f"/imports/{found['id']}/report.xlsx").content
    again, said = corrected(report)
    assert ["床位总数" in one for one in said] == [True], said
    found = clerk.bring(again)
    assert (found["counts"]["added"], found["counts"]["wrong"]) == (2, 0)
    assert clerk.apply(found)["counts"]["written"] == 2
    (home,) = clerk.named(NAME)
    assert clerk.institution(home["id"])["facts"]["institution.beds_total"]["value"] == 120
    key: str = home["id"]
    return key


def approved(board: Board, home: str) -> dict[str, Any]:
    """The clerk nominates, a colleague recommends, the city reviews, the province approves."""
    one = board.act(board.clerk, board.draft(board.clerk, home), "submit")
    assert refused(board.ask(board.clerk, one, "recommend")) == (409, "acted_at_another_level")
    one = board.act(board.county, one, "recommend")
    one = board.act(board.city, one, "review")
    one = board.act(board.province, one, "approve")
    assert one["state"] == "approved"
    return one


def announced(board: Board, nomination: dict[str, Any]) -> dict[str, Any]:
    """A batch of one on notice for seven days."""
    body = {"title": "虚构的第一批", "nominations": [nomination["id"]]}
    batch = board.house.post(board.province, "/whitelist/batches", body)
    period = {"notice_from": DAY.isoformat(), "notice_to": (DAY + timedelta(days=6)).isoformat()}
    path = f"/whitelist/batches/{batch['id']}/actions/notice"
    answer = board.house.call(board.province, "POST", path, json=period, version=batch["version"])
    assert answer.status_code == 200, answer.text
    after: dict[str, Any] = answer.json()
    return after


def publish(board: Board, batch: dict[str, Any], person: Any) -> Any:
    path, body = f"/whitelist/batches/{batch['id']}/actions/publish", {"document_number": DOCUMENT}
    return board.house.call(person, "POST", path, json=body, version=batch["version"])


def listed(board: Board, home: str, batch: dict[str, Any], day: date) -> None:
    """On the list from that day on, for everybody to read, and on paper."""
    house = board.house
    for asked, names in ((day, [NAME]), (day - timedelta(days=1), [])):
        entries = house.get(board.province, "/whitelist/entries", as_of=asked.isoformat())["items"]
        assert [one["line"]["name"] for one in entries] == names
    with on(day):
        public = house.get(None, "/whitelist/public")["items"]
        assert [one["line"]["name"] for one in public] == [NAME]
        assert house.get(house.somebody(Role.CIVIL_AFFAIRS, COUNTY), f"/institutions/{home}")["list_status"] == "listed"
        pdf = house.call(house.somebody(Role.CIVIL_AFFAIRS, CITY), "GET", f"/whitelist/batches/{batch['id']}/list.pdf")
    text = text_of(pdf.content)
    assert all(word in text for word in (NAME, "120", "500万元", "小店区", "银行", batch["number"]))
