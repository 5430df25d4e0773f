"""Finding institutions: by two characters, by pinyin, by initials, by number; filters, pages, near duplicates."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.institutions.bulk import add_institutions
from app.institutions.facts import Statement
from app.institutions.register import NewInstitution
from app.store.engine import Database
from app.store.pages import CursorRefused, Key, PageAsked, Pages
from app.store.search import near_names, search_grams, search_key
from app.store.tables import Institution
from tests.institutions.registry import API, Registry, a_uscc, pointers

# A county that no other test of this room writes to.
FENYANG = "141182"
HERE = {"region": FENYANG}


@pytest.fixture(scope="session")
def named(registry_database: Database) -> dict[str, str]:
    uscc = a_uscc()
    rows: dict[str, tuple[dict[str, Any], str | None]] = {
        "虚构长治路松鹤养老院": ({"kinds": frozenset({"elderly_home"}), "beds_total": 99, "grade": 3}, None),
        "虚构绿苑女子康养中心": ({"kinds": frozenset({"day_care", "meal_service"}), "beds_total": 100}, uscc),
        "虚构ABC第3护理院": ({"kinds": frozenset({"nursing_home"}), "beds_total": 101, "ownership": "public"}, None),
        "虚构松柏护理院": ({}, None),
    }
    with registry_database.writing() as session:
        add_institutions(
            session,
            [
                NewInstitution(
                    name,
                    {"institution.region_code": Statement(FENYANG)}
                    | {f"institution.{key}": Statement(value) for key, value in facts.items()},
                    code,
                )
                for name, (facts, code) in rows.items()
            ],
            datetime(2026, 9, 1, tzinfo=UTC),
        )
    return {"uscc": uscc}


def names(registry: Registry, **params: Any) -> list[str]:
    return [item["name"].removeprefix("虚构") for item in registry.get(**HERE | params)["items"]]


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("松鹤", ["长治路松鹤养老院"]),
        ("护理", ["ABC第3护理院", "松柏护理院"]),
        ("松柏护理院", ["松柏护理院"]),
        ("松 护", ["松柏护理院"]),
        ("songhe", ["长治路松鹤养老院"]),
        ("changzhi", ["长治路松鹤养老院"]),
        ("Song He", ["长治路松鹤养老院"]),
        ("lvyuan", ["绿苑女子康养中心"]),
        ("lüyuan", ["绿苑女子康养中心"]),
        ("shyly", ["长治路松鹤养老院"]),
        ("ＡＢＣ", ["ABC第3护理院"]),
        ("abc第3", ["ABC第3护理院"]),
        ("songhehu", []),
        ("不存在", []),
        ("%%", None),
        ("松_", None),
    ],
)
def test_a_name_is_found_as_people_type_it(registry: Registry, query: str, expected: list[str] | None) -> None:
    if expected is None:
        assert registry.client.get(API, params={"q": query}).status_code == 422
    else:
        assert names(registry, q=query) == expected


def test_a_number_is_found_by_its_beginning(registry: Registry, named: dict[str, str]) -> None:
    assert names(registry, q=named["uscc"]) == names(registry, q=named["uscc"].lower()) == ["绿苑女子康养中心"]
    assert names(registry, q="52") == ["绿苑女子康养中心"]
    assert len(names(registry, q=f"p{FENYANG}")) == 3
    assert names(registry, q=named["uscc"][4:]) == []


@pytest.mark.parametrize("query", ["松", "s", "，，", "- -"])
def test_one_character_is_too_little(registry: Registry, query: str) -> None:
    response = registry.client.get(API, params={"q": query})
    assert response.status_code == 422
    assert list(pointers(response)) == ["/query/q"]


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"kind": "meal_service"}, ["绿苑女子康养中心"]),
        ({"kind": ["nursing_home", "elderly_home"]}, ["长治路松鹤养老院", "ABC第3护理院"]),
        ({"ownership": "public"}, ["ABC第3护理院"]),
        ({"grade": 3}, ["长治路松鹤养老院"]),
        ({"beds_min": 100}, ["绿苑女子康养中心", "ABC第3护理院"]),
        ({"beds_max": 100}, ["长治路松鹤养老院", "绿苑女子康养中心"]),
        ({"beds_min": 100, "beds_max": 100}, ["绿苑女子康养中心"]),
        ({"list_status": "listed"}, []),
        # Other tests write to that county, but nothing of this name.
        ({"region": "141181", "q": "松鹤"}, []),
    ],
)
def test_filters(registry: Registry, filters: dict[str, Any], expected: list[str]) -> None:
    assert names(registry, **filters) == expected


@pytest.mark.usefixtures("named")
def test_a_region_holds_what_lies_below_it(registry: Registry) -> None:
    county = set(names(registry, region="141182"))
    assert len(county) == 4
    # Other tests may write to other counties of the city.
    for region in ("141100", "1411"):
        found = registry.get(region=region, page_size=200)["items"]
        assert county <= {one["name"].removeprefix("虚构") for one in found}
        assert {one["region_code"][:4] for one in found} == {"1411"}
    assert registry.client.get(API, params={"region": "14118"}).status_code == 422


@pytest.mark.usefixtures("named")
def test_pages_hold_every_row_once_and_the_total_is_exact(registry: Registry) -> None:
    params: dict[str, Any] = HERE | {"page_size": 3, "total": True}
    first = registry.client.get(API, params=params)
    assert (len(first.json()["items"]), first.json()["total"]) == (3, 4)
    address = first.headers["Link"].partition(">")[0].removeprefix("<")
    second = registry.client.get(address).json()
    assert (len(second["items"]), second["total"], second["next_cursor"]) == (1, 4, None)
    seen = [item["id"] for item in first.json()["items"] + second["items"]]
    assert len(set(seen)) == 4
    assert registry.get(**HERE)["total"] is None


@pytest.mark.usefixtures("named")
def test_a_cursor_of_other_filters_or_another_hand_is_refused(registry: Registry) -> None:
    cursor = registry.get(**HERE, page_size=1)["next_cursor"]
    forged = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    for params in ({"region": "1411", "cursor": cursor}, HERE | {"cursor": forged}, HERE | {"cursor": "好"}):
        response = registry.client.get(API, params=params)
        assert (response.status_code, response.json()["code"]) == (422, "cursor_refused")
    assert registry.client.get(API, params={"page_size": 201}).status_code == 422
    assert registry.client.get(API, params=HERE | {"cursor": cursor, "page_size": 200}).status_code == 200


def test_workers_with_one_secret_read_each_others_cursors(session: Session) -> None:
    rows = [NewInstitution("虚构", {"institution.region_code": Statement(FENYANG)}) for _ in range(3)]
    add_institutions(session, rows, datetime(2026, 9, 1, tzinfo=UTC))
    query, order = select(Institution.id), (Key(Institution.id, descending=True),)
    first = Pages("shared-secret").take(session, query, order, PageAsked({}, size=2))
    rest = Pages("shared-secret").take(session, query, order, PageAsked({}, first.next_cursor, 2))
    assert [len(first.rows), len(rest.rows)] == [2, 1]
    with pytest.raises(CursorRefused):
        Pages("other-secret").take(session, query, order, PageAsked({}, first.next_cursor))


def test_how_many_rows_are_wanted_is_a_number_in_the_statement(session: Session) -> None:
    """A plan that PostgreSQL keeps for the statement must know it; one for an unknown number of rows is a bad one."""
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        said.append(statement)

    event.listen(session.connection(), "before_cursor_execute", hear)
    for size in (2, 7):
        Pages("shared-secret").take(session, select(Institution.id), (Key(Institution.id),), PageAsked({}, size=size))
    assert [one.rpartition("LIMIT ")[2].split()[0] for one in said] == ["3", "8"]


@pytest.mark.parametrize("mixed", [False, True])
def test_pages_in_any_order_are_the_sorted_whole(session: Session, *, mixed: bool) -> None:
    add_institutions(
        session,
        [NewInstitution(f"虚构{serial % 3}", {"institution.region_code": Statement(FENYANG)}) for serial in range(10)],
        datetime(2026, 9, 1, tzinfo=UTC),
    )
    query = select(Institution.id, Institution.name)
    order = (Key(Institution.name, descending=True), Key(Institution.id, descending=not mixed))
    whole = sorted(sorted(session.execute(query).all(), reverse=not mixed), key=lambda row: row.name, reverse=True)
    seen: list[Any] = []
    cursor: str | None = None
    for _ in range(5):
        page = Pages("shared-secret").take(session, query, order, PageAsked({}, cursor, 3))
        seen += [row.id for row in page.rows]
        if (cursor := page.next_cursor) is None:
            break
    if not mixed:
        whole = sorted(session.execute(query).all(), key=lambda row: (row.name, row.id), reverse=True)
    assert seen == [row.id for row in whole]


@given(st.text(alphabet="虚构长治康宁养老院护理松鹤aB3", min_size=2, max_size=12))
def test_every_pair_of_characters_is_a_gram(name: str) -> None:
    key, grams = search_key(name).split(" "), search_grams(name)
    assert all(key[0][start : start + 2] in grams for start in range(len(key[0]) - 1))
    assert all(key[2][start : start + 2] in grams for start in range(len(key[2]) - 1))
    assert key[1][:6] in grams
    assert max(map(len, grams)) <= 6


@given(st.text(alphabet="虚构长治市洪洞县重庆银行行长女娲𠮷野家〇々aB3é１，·", max_size=16))
def test_a_name_is_read_word_by_word_as_it_is_read_whole(name: str) -> None:
    bare, read, initials = search_key(name).split(" ")
    # The package's annotation knows no handler that answers a list.
    whole: list[str] = lazy_pinyin(bare, errors=list)  # type: ignore[arg-type]
    assert (read, initials) == ("".join(whole), "".join(syllable[0] for syllable in whole))


def test_near_equal_names_of_the_county_are_reported_when_one_is_registered(registry: Registry) -> None:
    county = {"region_code": "141181"}
    uscc = a_uscc()
    first = registry.add("孝义市虚构夕阳红养老服务中心", county, uscc=uscc)
    second = registry.add("虚构夕阳红养老服务中心", county)
    assert [(one["id"], one["likeness"]) for one in second["possible_duplicates"]] == [(first["id"], 100.0)]
    other = registry.add("虚构完全两样的护理院", county)
    elsewhere = registry.add("虚构夕阳红养老服务中心", {"region_code": "141130"})
    site = registry.add("虚构夕阳红养老服务中心二部", county, uscc=uscc, site_number=2)
    assert other["possible_duplicates"] == elsewhere["possible_duplicates"] == []
    assert first["id"] not in {one["id"] for one in site["possible_duplicates"]}
    assert second["id"] in {one["id"] for one in registry.get(f"{site['id']}/duplicates")["items"]}


@pytest.mark.parametrize(
    ("name", "near"), [("虚构康宁养老院", True), ("虚构康安养老院", True), ("虚构安康护老院", False)]
)
def test_one_character_in_seven_apart_is_near(name: str, *, near: bool) -> None:
    assert bool(near_names("虚构康宁养老院", {1: name})) is near


def test_a_new_name_is_found_and_the_old_one_is_not(registry: Registry) -> None:
    one = registry.add("虚构旧雨楼", {"region_code": "141130"})
    registry.amend(one["id"], 1, name="虚构新月楼")
    assert [item["id"] for item in registry.get(q="新月楼")["items"]] == [one["id"]]
    assert registry.get(q="旧雨楼")["items"] == registry.get(q="jiuyulou")["items"] == []
