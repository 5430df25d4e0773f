"""The printed list: every line on paper, the head on every page, room for the seal, no formula, the same bytes."""

import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.permissions import Role
from app.programmes.seeds import Seeds
from app.rules.values import Value
from app.whitelist.printing import pdf
from app.whitelist.printing.breaking import broken
from app.whitelist.printing.content import HEADINGS, ISSUER, NOTICE, SEAL, WIDTHS
from app.whitelist.printing.lines import Line, institution_line, need_text, project_line
from app.whitelist.printing.page import POLICY, as_page
from app.whitelist.printing.pdf import FontMissing, as_pdf
from app.whitelist.printing.sheet import as_sheet
from tests.access.house import House, a_house
from tests.databases import Databases
from tests.whitelist.desk import DAY, Desk
from tests.whitelist.sheets import LONG, NUMBER, line, printed


def pages_of(content: bytes) -> list[str]:
    """The text of each page without white space, in which lines are broken."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [re.sub(r"\s", "", page.get_textpage().get_text_bounded()) for page in document]
    finally:
        document.close()


@pytest.mark.parametrize("count", [1, 40, 200])
def test_every_line_stands_in_the_pdf_under_a_head_on_a_numbered_page(count: int) -> None:
    pages = pages_of(as_pdf(printed(*(line(f"虚构第{number}号养老院") for number in range(1, count + 1)))))
    whole = "".join(pages)
    assert all(whole.count(f"虚构第{number}号养老院") == 1 for number in range(1, count + 1))
    for number, text in enumerate(pages, start=1):
        assert f"第{number}页，共{len(pages)}页" in text
    with_lines = [text for text in pages if "虚构第" in text]
    assert all(heading in text for text in with_lines for heading in HEADINGS)
    assert (NOTICE.replace(" ", "") in whole, pages[-1].count(ISSUER + SEAL)) == (True, 1)


def test_a_page_is_a4_on_its_side() -> None:
    document = pypdfium2.PdfDocument(as_pdf(printed(line())))
    assert [round(side) for side in document[0].get_size()] == [842, 595]
    document.close()


def test_long_names_and_provisional_numbers_are_printed_whole() -> None:
    owned = line("虚构云溪康养小镇", owner=LONG, provisional=True, number="P14030220260001", beds=None)
    text = "".join(pages_of(as_pdf(printed(line(LONG * 3), owned))))
    assert LONG * 3 in text
    assert f"虚构云溪康养小镇（{LONG}）" in text
    assert "P14030220260001（临时编号）" in text


def test_a_character_without_type_is_marked_and_said() -> None:
    text = "".join(pages_of(as_pdf(printed(line("虚构\U0001f3e0养老院")))))
    assert "虚构〓养老院" in text
    assert "以电子表格为准" in text
    assert "〓" not in "".join(pages_of(as_pdf(printed(line()))))


def test_the_same_list_gives_the_same_bytes_in_another_process() -> None:
    names = ["虚构康宁养老院", LONG, "虚构安和敬老院"]
    program = (
        "import hashlib\n"
        "from app.whitelist.printing.pdf import as_pdf\n"
        "from app.whitelist.printing.sheet import as_sheet\n"
        "from tests.whitelist.sheets import line, printed\n"
        f"made = printed(*(line(name) for name in {names!r}))\n"
        "print(hashlib.sha256(as_pdf(made) + as_sheet(made)).hexdigest())\n"
    )
    seeds = ("0", "1")
    answers = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in seeds
    }
    assert len(answers) == 1


def test_without_its_typeface_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_PACKAGE", "no_such_package_of_fonts")
    with pytest.raises(FontMissing, match="no-such-package-of-fonts"):
        as_pdf(printed(line()))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "http://example.com"])
def test_the_sheet_holds_texts_and_numbers_and_no_formula(name: str) -> None:
    content = as_sheet(printed(line(name), line("虚构院", kind="=cmd|' /C calc'!A0")))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert (sheet["B4"].value, sheet["G4"].value, sheet["C4"].value) == (name, 120, NUMBER)
    assert all(cell.hyperlink is None for cell in cells)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        written = "".join(parts.read(part).decode() for part in parts.namelist() if part.startswith("xl/worksheets/"))
    assert "<f" not in written.replace("<fo", "").replace("<fi", "")


def test_the_sheet_prints_on_its_side_with_the_head_on_every_page() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(as_sheet(printed(*[line()] * 40)))).active
    assert sheet is not None
    assert (sheet.page_setup.orientation, sheet.print_title_rows) == ("landscape", "$3:$3")
    assert [cell.value for cell in sheet[3]] == list(HEADINGS)


def test_the_page_loads_nothing_and_escapes_everything() -> None:
    page = as_page(printed(line("<script>alert(1)</script>"), part="阳泉市<b>"))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(src|href|url\()", page)
    assert "default-src 'none'" in POLICY
    assert "unsafe" not in POLICY
    assert page.count("<thead>") == 1
    assert NOTICE in page


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("draft", "草稿，尚未公示"),
        ("on_notice", "公示稿，公示期：2026年11月2日至2026年11月8日（含首尾两日）"),
        ("published", "发布日期：2026年11月9日"),
        ("abandoned", "已放弃，不生效"),
    ],
)
def test_a_list_says_where_it_stands(state: str, said: str) -> None:
    assert said in printed(line(), state=state).facts


def test_the_columns_share_the_paper() -> None:
    assert (sum(WIDTHS), len(WIDTHS)) == (297 - 2 * 12, len(HEADINGS))


@given(st.text("养老院一二，。）（abc1", max_size=60), st.integers(3, 20))
def test_breaking_keeps_every_character_and_the_width(text: str, width: int) -> None:
    lines = broken(text, width, lambda sign: 1 if sign.isascii() else 2).split("\n")
    assert "".join(lines) == text
    assert all(sum(1 if sign.isascii() else 2 for sign in one) <= width for one in lines)


def test_no_line_begins_with_a_mark_that_closes() -> None:
    assert broken("一二三四，五", 4, lambda _: 1) == "一二三\n四，五"


def test_what_is_wanted_is_said_in_ten_thousands() -> None:
    assert need_text([]) == "—"
    wanted: dict[str, Value] = {
        "need.amount_yuan": Decimal("12345000.50"),
        "need.purpose": "equipment",
        "need.term_months": 36,
    }
    assert need_text([wanted, {}]) == "1,234.50005 万元（设备购置，36 个月）；金额未填"


def test_the_line_of_a_project_has_its_owners_number_and_its_own_place() -> None:
    owner = {"name": "虚构公司", "uscc": None, "provisional_number": "P14010520260001", "region_code": "140105"}
    made = project_line("虚构康养小镇", "140302", owner, {"project.carrier": "town", "project.beds": 300})
    assert (made.full_name, made.full_number) == ("虚构康养小镇（虚构公司）", "P14010520260001（临时编号）")
    assert (made.city, made.county, made.kind, made.beds) == ("阳泉市", "城区", "康养小镇", 300)
    assert Line.from_json(made.to_json()) == made
    zone = institution_line({**owner, "region_code": "140300"}, {})
    assert (zone.city, zone.county, zone.kind, zone.beds) == ("阳泉市", "开发区", "—", None)


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    yield from a_house(databases)


@pytest.fixture(scope="module")
def desk(house: House, seeds: Seeds) -> Desk:
    return Desk.opened(house, seeds)


def test_a_published_batch_is_printed_alike_for_ever(desk: Desk) -> None:
    here, there = desk.nominate("140105", "虚构打印养老院甲"), desk.nominate("140302", coded=False)
    batch = desk.published(here, there)
    path = f"/whitelist/batches/{batch['id']}/list"
    first = desk.house.call(desk.maker, "GET", f"{path}.pdf")
    assert (first.status_code, first.headers["content-type"]) == (200, "application/pdf")
    assert "attachment" in first.headers["content-disposition"]
    text = "".join(pages_of(first.content))
    assert "2,000万元（固定资产或建设）" in text
    need = desk.house.get(desk.maker, f"/institutions/{desk.subjects[here]}/needs")["items"][0]
    changed = {"facts": {"need.amount_yuan": "1.00"}}
    owner = f"/institutions/{desk.subjects[here]}"
    desk.house.call(desk.maker, "PATCH", f"{owner}/needs/{need['id']}", json=changed, version=need["version"])
    registered = desk.house.get(desk.maker, owner)
    renamed = desk.house.call(desk.maker, "PATCH", owner, json={"name": "虚构改名"}, version=registered["version"])
    assert renamed.status_code == 200
    desk.entry_act(desk.maker, desk.entry_of(here, DAY + timedelta(days=7))["id"], "suspend", "risk_reported", DAY)
    assert desk.house.call(desk.checker, "GET", f"{path}.pdf").content == first.content


def test_an_office_prints_the_lines_of_its_region_with_their_serials(desk: Desk) -> None:
    batch = desk.published(desk.nominate("140105"), desk.nominate("140302", "虚构异地养老院"))
    path = f"/whitelist/batches/{batch['id']}/list"
    elsewhere = desk.house.somebody(Role.CIVIL_AFFAIRS, "140302")
    page = desk.house.call(elsewhere, "GET", f"{path}.html")
    assert page.headers["content-security-policy"] == POLICY
    assert "仅列阳泉市城区，序号与全表相同" in page.text
    assert page.text.count("<tr>") == 2
    assert "<td>2</td><td>虚构异地养老院</td>" in page.text
    sheet = openpyxl.load_workbook(io.BytesIO(desk.house.call(elsewhere, "GET", f"{path}.xlsx").content)).active
    assert sheet is not None
    assert (sheet["A4"].value, sheet["B4"].value) == (2, "虚构异地养老院")
    bank = desk.house.call(None, "GET", f"{path}.pdf")
    assert bank.status_code == 401
