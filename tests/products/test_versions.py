"""Draft, publish, supersede, withdraw: over HTTP, against the clock, and against direct SQL."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from app.products.queries import list_published
from app.store.engine import Database
from app.store.tables import ProductVersion
from tests.products.samples import BEDS, DAY, a_product, bank_body

Draft = Callable[..., dict[str, Any]]
Move = Callable[[date], None]


def act(api: TestClient, product: dict[str, Any], number: int, action: str, revision: int = 1) -> httpx2.Response:
    path = f"products/{product['id']}/versions/{number}/actions/{action}"
    return api.post(path, headers={"If-Match": f'"{revision}"'})


def statuses(api: TestClient, product: dict[str, Any]) -> list[str]:
    items = api.get(f"products/{product['id']}/versions").json()["items"]
    return [one["status"] for one in items]


def published(shop: Database, product: dict[str, Any], day: date) -> int | None:
    with shop.reading() as session:
        found = {one.product_id: one.version for one in list_published(session, day)}
    return found.get(UUID(product["id"]))


def test_a_draft_is_offered_to_nobody(api: TestClient, shop: Database, draft: Draft) -> None:
    product = draft()
    assert (product["status"], product["draft_version"], product["shown"]["version"]) == ("draft", 1, 1)
    assert published(shop, product, DAY) is None


def test_a_published_draft_is_offered_from_its_first_day(api: TestClient, shop: Database, draft: Draft) -> None:
    product = draft(valid_from="2026-12-01")
    response = act(api, product, 1, "publish")
    assert (response.status_code, response.headers["etag"]) == (200, '"2"')
    version = response.json()["version"]
    assert (version["status"], version["published_on"]) == ("published", "2026-11-20")
    with shop.reading() as session:
        (stored,) = [one for one in list_published(session, DAY) if str(one.product_id) == product["id"]]
    assert (stored.record.valid_from, stored.version, stored.bank_name) == (date(2026, 12, 1), 1, "虚构银行")


def test_a_draft_is_changed_by_those_who_read_it(api: TestClient, draft: Draft) -> None:
    path = f"products/{draft(requires=BEDS)['id']}/versions/1"
    assert api.get(path).headers["etag"] == '"1"'
    assert api.patch(path, json={"name": "改名"}).status_code == 428
    changed = api.patch(path, json={"requires": None, "name": "虚构新名"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (changed.json()["name"], changed.json()["requires"], changed.json()["term"]["low_months"]) == (
        "虚构新名",
        None,
        12,
    )
    assert api.patch(path, json={"name": "改名"}, headers={"If-Match": '"1"'}).status_code == 412


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"requires": {**BEDS, "fact": "institution.bed"}}, "/requires/fact"),
        ({"internal": ["nobody"]}, "/internal/0"),
        ({"amount": {"low_yuan": "2", "high_yuan": "1"}}, "/amount"),
    ],
)
def test_a_refused_change_names_its_place(api: TestClient, draft: Draft, changes: dict[str, Any], pointer: str) -> None:
    path = f"products/{draft()['id']}/versions/1"
    response = api.patch(path, json=changes, headers={"If-Match": '"1"'})
    assert (response.status_code, [one["pointer"] for one in response.json()["errors"]]) == (422, [pointer])
    assert api.get(path).headers["etag"] == '"1"'


def test_what_is_published_no_longer_changes(api: TestClient, draft: Draft) -> None:
    product = draft()
    act(api, product, 1, "publish")
    path = f"products/{product['id']}/versions/1"
    again = api.patch(path, json={"name": "改名"}, headers={"If-Match": '"2"'})
    assert (again.status_code, again.json()["code"]) == (409, "not_a_draft")
    assert act(api, product, 1, "publish", revision=2).json()["code"] == "not_a_draft"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE product_version SET valid_to = '2030-01-01' WHERE id = :id",
        "UPDATE product_version SET body = '{}' WHERE id = :id",
        "UPDATE product_version SET regions = ',140100,' WHERE id = :id",
        "UPDATE product_version SET number = 7 WHERE id = :id",
        "UPDATE product_version SET published_at = NULL, published_on = NULL WHERE id = :id",
        "DELETE FROM product_version WHERE id = :id",
    ],
)
def test_not_even_by_direct_sql(api: TestClient, shop: Database, draft: Draft, statement: str) -> None:
    product = draft()
    with shop.reading() as session:
        row = session.execute(text("SELECT id, body FROM product_version ORDER BY id DESC")).first()
    assert row is not None
    act(api, product, 1, "publish")

    def run() -> None:
        with shop.writing() as session:
            session.execute(text(statement), {"id": row.id})

    with pytest.raises(IntegrityError, match="a published product version never changes"):
        run()
    with shop.reading() as session:
        kept = session.execute(text("SELECT body FROM product_version WHERE id = :id"), {"id": row.id}).scalar_one()
    assert kept == row.body


def test_a_withdrawal_is_not_taken_back_by_direct_sql(api: TestClient, shop: Database, draft: Draft) -> None:
    product = draft()
    act(api, product, 1, "publish")
    act(api, product, 1, "withdraw", revision=2)

    def revive() -> None:
        with shop.writing() as session:
            own = update(ProductVersion).where(ProductVersion.product_id == UUID(product["id"]))
            session.execute(own.values(withdrawn_at=None, withdrawn_on=None))

    with pytest.raises(IntegrityError, match="never changes"):
        revive()


def test_a_new_version_supersedes_from_its_first_day(api: TestClient, shop: Database, draft: Draft, on: Move) -> None:
    product = draft()
    act(api, product, 1, "publish")
    path = f"products/{product['id']}/versions"
    second = api.post(path, json={"valid_from": "2026-12-01", "name": "虚构第二版"})
    assert (second.status_code, second.json()["version"], second.json()["summary"]) == (201, 2, "虚构的产品")
    assert api.post(path, json={}).json()["code"] == "draft_exists"
    assert act(api, product, 2, "publish").status_code == 200
    assert statuses(api, product) == ["published", "published"]
    for day, number in ((date(2026, 11, 30), 1), (date(2026, 12, 1), 2)):
        assert published(shop, product, day) == number
    on(date(2026, 12, 1))
    assert statuses(api, product) == ["superseded", "published"]
    assert api.get(f"products/{product['id']}").json()["shown"]["name"] == "虚构第二版"
    assert api.get(f"{path}/1").json()["superseded_on"] == "2026-12-01"
    assert act(api, product, 1, "withdraw", revision=2).json()["code"] == "not_in_force"


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("2024-01-01", "2026-11-19", 422),
        ("2024-01-01", "2026-11-20", 200),
        ("2026-12-01", "2026-11-30", 422),
        ("2026-12-01", "2026-12-01", 200),
    ],
)
def test_a_later_version_begins_neither_in_the_past_nor_before_its_predecessor(
    api: TestClient, draft: Draft, first: str, second: str, status: int
) -> None:
    product = draft(valid_from=first)
    assert act(api, product, 1, "publish").status_code == 200
    api.post(f"products/{product['id']}/versions", json={"valid_from": second})
    response = act(api, product, 2, "publish")
    assert response.status_code == status
    if status == 422:
        assert [one["pointer"] for one in response.json()["errors"]] == ["/valid_from"]


def test_a_withdrawn_version_is_no_longer_offered(api: TestClient, shop: Database, draft: Draft, on: Move) -> None:
    product = draft(valid_from="2026-01-01")
    act(api, product, 1, "publish")
    on(date(2026, 12, 1))
    response = act(api, product, 1, "withdraw", revision=2)
    assert (response.json()["status"], response.json()["withdrawn_on"]) == ("withdrawn", "2026-12-01")
    assert published(shop, product, date(2026, 11, 30)) == 1
    assert published(shop, product, date(2026, 12, 1)) is None


def test_what_was_known_before_can_be_replayed(api: TestClient, shop: Database, draft: Draft, on: Move) -> None:
    product, day = draft(valid_from="2026-01-01"), date(2027, 1, 1)
    act(api, product, 1, "publish")
    on(date(2026, 12, 1))
    act(api, product, 1, "withdraw", revision=2)
    with shop.reading() as session:
        mine = ProductVersion.product_id == UUID(product["id"])
        known_at = session.scalars(select(ProductVersion.published_at).where(mine)).one()
        assert known_at is not None
        then, now, before = (
            {str(one.product_id): one for one in list_published(session, day, instant)}
            for instant in (known_at, None, known_at - timedelta(microseconds=1))
        )
    assert (then[product["id"]].version, then[product["id"]].withdrawn_on) == (1, None)
    assert product["id"] not in now
    assert product["id"] not in before


def test_a_withdrawn_draft_makes_room_for_another(api: TestClient, draft: Draft) -> None:
    product = draft()
    assert act(api, product, 1, "withdraw").json()["status"] == "withdrawn"
    assert api.post(f"products/{product['id']}/versions", json={"name": "虚构再来"}).json()["version"] == 2
    assert statuses(api, product) == ["withdrawn", "draft"]


def test_the_same_draft_published_twice_at_once_gives_one_version(api: TestClient, draft: Draft) -> None:
    product = draft()
    start = threading.Barrier(2)

    def publish() -> int:
        start.wait()
        return act(api, product, 1, "publish").status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(future.result() for future in [pool.submit(publish) for _ in range(2)])
    assert answers == [200, 412]
    versions = api.get(f"products/{product['id']}/versions").json()["items"]
    assert [(one["version"], one["status"], one["revision"]) for one in versions] == [(1, "published", 2)]


def test_two_drafts_begun_at_once_give_one(api: TestClient, draft: Draft) -> None:
    product = draft()
    act(api, product, 1, "publish")
    start = threading.Barrier(4)

    def begin() -> int:
        start.wait()
        return api.post(f"products/{product['id']}/versions", json={}).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(future.result() for future in [pool.submit(begin) for _ in range(4)])
    assert answers == [201, 409, 409, 409]
    assert statuses(api, product) == ["published", "draft"]


def test_two_products_of_one_name_at_once_give_one(api: TestClient, slug: str, on: Move) -> None:
    api.post("banks", json=bank_body(slug))
    start = threading.Barrier(4)

    def add() -> int:
        start.wait()
        return api.post("products", json=a_product(slug, slug)).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(future.result() for future in [pool.submit(add) for _ in range(4)])
    assert answers == [201, 409, 409, 409]


def test_a_product_belongs_to_a_known_bank(api: TestClient, slug: str) -> None:
    response = api.post("products", json=a_product(slug, "nobody"))
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/bank")


def test_an_unknown_product_or_version_is_not_found(api: TestClient, draft: Draft) -> None:
    product = draft()
    assert api.get(f"products/{product['id']}/versions/2").json()["code"] == "product_version_not_found"
    nobody = f"products/{UUID(int=1)}"
    for path in (nobody, f"{nobody}/versions", f"{nobody}/versions/1"):
        assert api.get(path).json()["code"] == "product_not_found"


def test_conditions_say_who_sees_them_and_what_they_decide(api: TestClient, draft: Draft) -> None:
    shown = draft(requires=BEDS, internal=["beds"], regions=["140100"], securities=["real_estate"])["shown"]
    said = {one["id"]: (one["generated"], one["decides"], one["visibility"]) for one in shown["conditions"]}
    assert said == {
        "region": (True, "applies", "public"),
        "amount": (True, "requires", "public"),
        "term": (True, "requires", "public"),
        "securities": (True, "requires", "public"),
        "security_law": (True, "requires", "public"),
        "security_property": (True, "requires", "public"),
        "beds": (False, "requires", "internal"),
    }
    assert {one["law"] for one in shown["conditions"] if one["id"].startswith("security_")} == {"民法典第399条"}


def test_the_list_is_filtered_and_paged(api: TestClient, slug: str, on: Move) -> None:
    api.post("banks", json=bank_body(slug))
    places = {"a": [], "b": ["140100"], "c": ["140302"], "d": ["140300"]}
    for name, regions in places.items():
        posted = api.post("products", json=a_product(f"{slug}-{name}", slug, regions=regions)).json()
        if name != "d":
            act(api, posted, 1, "publish")

    def names(**filters: str) -> list[str]:
        found, cursor = [], None
        while True:
            page = {"page_size": "2"} | ({} if cursor is None else {"cursor": cursor})
            answer = api.get("products", params={"bank": slug, **filters, **page}).json()
            found += [one["slug"].removeprefix(f"{slug}-") for one in answer["items"]]
            cursor = answer["next_cursor"]
            if cursor is None:
                return found

    assert names() == ["a", "b", "c", "d"]
    assert names(status="published") == ["a", "b", "c"]
    assert names(status="draft") == ["d"]
    assert names(status="withdrawn") == []
    assert names(region="140105") == ["a", "b"]
    assert names(region="140302") == ["a", "c", "d"]
    assert names(region="140303") == ["a", "d"]
    assert names(region="140300") == ["a", "c", "d"]
    assert names(region="140300", status="published") == ["a", "c"]
    assert names(region="140000") == ["a", "b", "c", "d"]
    assert api.get("products", params={"bank": slug, "total": "true"}).json()["total"] == 4
