"""Banks, and the relending lists as dated facts."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.config import PROJECT_ROOT
from app.products.load import load_banks
from app.products.queries import relending_of
from app.programmes.seeds import SeedRefused
from app.store.engine import Database
from app.store.tables import RelendingLender, RelendingList
from tests.products.samples import bank_body

Move = Callable[[date], None]


def test_a_bank_is_registered_once(api: TestClient, slug: str) -> None:
    added = api.post("banks", json=bank_body(slug))
    assert (added.status_code, added.json()["kind_label"], added.json()["region_name"]) == (
        201,
        "城市商业银行",
        "太原市",
    )
    again = api.post("banks", json=bank_body(slug))
    assert (again.status_code, again.json()["code"], again.json()["errors"][0]["pointer"]) == (
        409,
        "code_taken",
        "/code",
    )


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"kind": "shadow"}, "/kind"),
        ({"region_code": "110000"}, "/region_code"),
        ({"code": "Xu Gou"}, "/code"),
        ({"national": "no"}, "/national"),
        ({"name": ""}, "/name"),
    ],
)
def test_a_refused_bank_names_the_place(api: TestClient, slug: str, changes: dict[str, Any], pointer: str) -> None:
    response = api.post("banks", json=bank_body(slug) | changes)
    assert (response.status_code, [one["pointer"] for one in response.json()["errors"]]) == (422, [pointer])


def test_banks_are_listed_by_kind_and_page(api: TestClient, slug: str) -> None:
    for number in range(3):
        api.post("banks", json=bank_body(f"{slug}-{number}", kind="village"))
    first = api.get("banks", params={"kind": "village", "page_size": 2, "total": True}).json()
    assert (len(first["items"]), first["total"]) == (2, 3)
    second = api.get("banks", params={"kind": "village", "page_size": 2, "cursor": first["next_cursor"]}).json()
    assert ([one["code"] for one in second["items"]], second["next_cursor"]) == ([f"{slug}-2"], None)


def test_the_list_of_2025_holds_21_national_banks_and_five_of_cities(api: TestClient) -> None:
    (tool,) = api.get("relending-lists", params={"as_of": "2026-11-20"}).json()["items"]
    lenders = tool["lenders"]
    assert (len(lenders), sum(one["national"] for one in lenders)) == (26, 21)
    cities = [one["name"] for one in lenders if one["kind"] == "city_commercial"]
    assert cities == ["北京银行", "上海银行", "江苏银行", "南京银行", "宁波银行"]
    assert tool["citation"]["clause"] == "报道2"


@pytest.mark.parametrize(
    ("day", "count"),
    [("2025-05-08", 0), ("2025-05-09", 26), ("2027-12-31", 26), ("2028-01-01", 0)],
)
def test_a_list_holds_on_its_days(api: TestClient, day: str, count: int) -> None:
    (tool,) = api.get("relending-lists", params={"as_of": day}).json()["items"]
    assert len(tool["lenders"]) == count


def test_a_bank_on_the_list_shows_it(api: TestClient, shop: Database, slug: str, on: Move) -> None:
    listed = api.post("banks", json=bank_body("bank-of-nanjing", region_code="140100")).json()
    other = api.post("banks", json=bank_body(slug)).json()
    assert [one["code"] for one in listed["relending"]] == ["service-relending"]
    assert other["relending"] == []
    with shop.reading() as session:
        assert relending_of(session, ["bank-of-nanjing"], date(2025, 5, 8)) == {"bank-of-nanjing": []}


def test_loading_the_lists_twice_changes_nothing(shop: Database) -> None:
    with shop.writing() as session:
        assert load_banks(session, PROJECT_ROOT / "seed") == 26
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (RelendingList, RelendingLender)]
    assert counts == [1, 26]


def test_a_list_cites_a_clause_that_exists(shop: Database, tmp_path: Path) -> None:
    file = shutil.copy(PROJECT_ROOT / "seed" / "banks.yaml", tmp_path)
    Path(file).write_text(Path(file).read_text(encoding="utf-8").replace("报道2", "报道9"), encoding="utf-8")

    def load() -> None:
        with shop.writing() as session:
            load_banks(session, tmp_path)

    with pytest.raises(SeedRefused, match="引用的条款不存在"):
        load()
