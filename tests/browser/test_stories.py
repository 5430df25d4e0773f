"""The three stories in the browser, by the people who live them: at a desk and on a phone, with scripts and without.

The clock of their demonstration can be moved, for a batch is on notice for a week.
"""

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Final

import openpyxl
import pytest
from playwright.sync_api import Browser

from app.http.clock import today
from tests.browser.service import Service
from tests.browser.sight import Sight
from tests.institutions.registry import a_uscc
from tests.whitelist.test_story import HOME, corrected, filled

WAYS: Final = {
    "desk": {"width": 1440},
    "phone in large type": {"width": 390, "large": True},
    "phone without scripts": {"width": 390, "large": True, "js": False},
}
# The longest story goes both ways that differ most.
LONG: Final = ["desk", "phone without scripts"]
PLACED, PLACE = "所在县（市、区）", "新荣区"
TODAY: Final = today().isoformat()
_SERIALS: Final = count(1)
# So different that none is taken for another.
NAMES: Final = iter(("虚构松涛颐养院", "虚构听雨老年公寓", "虚构望云康养中心", "虚构临泉护理院"))


@pytest.fixture(scope="module")
def movable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A demonstration whose days go by as the story wants."""
    with Service.started(tmp_path_factory.mktemp("movable"), movable=True) as service:
        yield service


@pytest.fixture(params=[WAYS[name] for name in LONG], ids=LONG)
def window(request: pytest.FixtureRequest, chromium: Browser, movable: Service) -> Iterator[Sight]:
    made = Sight.open(chromium, movable.address, **request.param)
    yield made
    assert made.cheap_faults() == []
    made.close()


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def sight(request: pytest.FixtureRequest, chromium: Browser, base: str) -> Iterator[Sight]:
    made = Sight.open(chromium, base, **request.param)
    yield made
    assert made.cheap_faults() == []
    made.close()


def imported(window: Sight, name: str) -> None:
    """A workbook with a slip in it: looked at, mended in the marked copy, written."""
    window.enter("county")
    window.go("/affairs/imports")
    template = window.download("下载模板")
    other = f"{name[:4]}敬老院"
    homes = [
        {**HOME, "所在县（市、区）": PLACE, "机构名称": one, "统一社会信用代码": a_uscc()} for one in (name, other)
    ]
    homes[1]["床位总数（张）"] = "八十来张"
    window.upload(filled(template, *homes), "虚构台账.xlsx")
    assert window.says("还没有写入")
    assert window.says("八十来张")
    mended, said = corrected(window.download("下载标注的表格"))
    assert [one for one in said if "床位总数" in one]
    window.go("/affairs/imports")
    window.upload(mended, "虚构台账改.xlsx")
    window.press(re.compile(r"^写入 2 行"))
    window.press(re.compile("写入"))
    assert window.says("已写入 2 行")


def nominated(window: Sight, name: str) -> None:
    """From the register: drafted, submitted, and agreed to at every level by somebody else."""
    window.go("/affairs/register")
    window.fill("q", name)
    window.press("查找")
    window.follow(re.compile(f"^{name}$"))
    window.follow(re.compile("推荐"))
    window.choose("subject")
    window.press("起草推荐")
    case = window.path
    for login, action in (
        ("county", "submit"),
        ("county-checker", "recommend"),
        ("city", "review"),
        ("province", "approve"),
    ):
        window.enter(login)
        window.go(case)
        window.choose("action", action)
        window.press("下一步：核对后提交")
        assert window.says("还没有提交")
        window.confirm()


def published(window: Sight, movable: Service, title: str, name: str) -> str:
    """Drafted and announced by one of the province, published a week later by another; the address of the batch."""
    window.enter("province")
    window.go("/affairs/batches/new")
    window.fill("title", title)
    window.page.get_by_label(re.compile(name)).first.check()
    window.press("建立草稿")
    batch = window.path
    window.fill("notice_from", movable.today.isoformat())
    window.fill("notice_to", (movable.today + timedelta(days=6)).isoformat())
    window.press("下一步：核对后公示")
    assert window.says("还没有公示")
    window.confirm()
    movable.days_go_by(8)
    window.enter("province-checker")
    window.go(batch)
    window.fill("document_number", f"虚构民发〔2026〕{next(_SERIALS) + 100}号")
    window.press("下一步：核对后发布")
    assert window.says("还没有发布")
    window.confirm()
    assert window.says(name)
    return batch


@pytest.mark.timeout(180)
def test_from_a_clerks_workbook_to_a_list_that_a_bank_receives(window: Sight, movable: Service) -> None:
    name = next(NAMES)
    title = f"虚构批次：{name}"
    imported(window, name)
    nominated(window, name)
    batch = published(window, movable, title, name)
    book = openpyxl.load_workbook(io.BytesIO(window.saved(f"{batch}/list.xlsx")))
    assert any(name in str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row)
    assert window.saved(f"{batch}/list.pdf").startswith(b"%PDF")

    window.enter("pboc")
    window.go("/pboc/pushes/new")
    window.page.get_by_label(re.compile(re.escape(title))).check()
    window.press(re.compile("选全部"))
    window.press("看会推送什么")
    window.press("下一步：核对")
    assert window.says("还没有推送")
    window.press(re.compile(r"^推送给 \d+ 家银行"))

    window.enter("bank")
    window.go("/bank/deliveries")
    window.click("main table a")
    assert window.says(name)
    window.press("签收")
    assert window.says(re.compile("已签收|签收于"))


@pytest.mark.timeout(120)
def test_a_bank_finds_its_candidates_and_records_a_contact_and_a_loan(sight: Sight) -> None:
    sight.enter("bank")
    sight.go("/bank/candidates")
    sight.click("main a[href*='/bank/candidates?product=']")
    assert sight.says("共 ")
    sight.click("main table a[href^='/bank/borrowers/']")
    assert sight.says("满足")

    sight.go("/bank/referrals?state=not_contacted")
    sight.click("main table a[href^='/bank/referrals/']")
    one = sight.path
    for step, fields in (
        ("contact", {"contacted_on": TODAY}),
        ("investigate", {"began_on": TODAY}),
        ("grant", {"amount_yuan": "2000000", "granted_on": TODAY}),
        ("disburse", {"amount_yuan": "1000000", "disbursed_on": TODAY, "due_on": "2029-11-20", "rate_percent": "3.5"}),
    ):
        sight.go(f"{one}/{step}")
        for name, value in fields.items():
            sight.fill(name, value)
        sight.press(re.compile("."))
        if sight.path.endswith("/check"):
            sight.confirm()
    assert sight.says("已放款")


@pytest.mark.timeout(120)
def test_an_institution_sees_what_it_gets_why_not_and_how_much_a_year(sight: Sight) -> None:
    sight.page.goto(sight.base + "/")
    sight.clicks = 0
    sight.click("button[value=institution]")
    assert sight.says("现在可以申请")
    assert sight.clicks <= 4
    before = sight.clicks
    sight.follow(re.compile("^差在哪里"))
    assert sight.clicks - before <= 1
    assert sight.page.locator(".status.bad, .status.warn").count()
    before = sight.clicks
    sight.follow(re.compile("^贴息测算$"))
    for name, value in {
        "principal_yuan": "20000000",
        "drawn_on": "2022-07-01",
        "due_on": "2025-07-01",
        "contract_rate_percent": "4.45",
    }.items():
        sight.fill(name, value)
    sight.press("计算")
    assert sight.clicks - before <= 2
    assert sight.says("逐年")
    assert sight.says("以主管部门和银行的决定为准")
