"""The bank's side and the borrower's side are one rule: what SQL lists is what each case's own page says."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, update

from app.cases.select import CaseKind
from app.matching.candidates import Sort
from app.store.tables import Institution, Need, Project
from tests.matching.conftest import World
from tests.matching.factories import AS_OF, RECORDED, products

CANDIDATES = {"eligible", "needs_info", "near_miss"}
SLUGS = [record.slug for record in products()]


def candidacy(item: dict[str, Any]) -> str:
    return "near_miss" if item["near_miss"] else str(item["outcome"])


def candidates(world: World, slug: str, **query: Any) -> list[dict[str, Any]]:
    """Every page of the list, one after the other."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        query = {"as_of": AS_OF.isoformat(), **query}
        response = world.client.get(f"/api/v1/products/{world.products[slug]}/candidates", params=query | cursor)
        assert response.status_code == 200, response.text
        found += response.json()["items"]
        if response.json()["next_cursor"] is None:
            return found
        cursor = {"cursor": response.json()["next_cursor"]}


def own_page(world: World, kind: CaseKind, case_id: UUID, **query: Any) -> dict[str, Any]:
    """The matches of one case."""
    which = {} if kind is CaseKind.INSTITUTION else {str(kind): str(case_id)}
    owner = world.registry.owners[case_id]
    query = {"as_of": AS_OF.isoformat(), **query, **which}
    response = world.client.get(f"/api/v1/institutions/{owner}/matches", params=query)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


@pytest.fixture(scope="module")
def own_pages(world: World) -> dict[UUID, dict[str, Any]]:
    """What every case's own page says of each product."""
    return {
        case_id: {one["slug"]: one for one in own_page(world, kind, case_id)["products"]}
        for kind in (CaseKind.INSTITUTION, CaseKind.PROJECT, CaseKind.NEED)
        for case_id in world.registry.ids[kind]
    }


def test_candidates_are_the_cases_whose_own_page_shows_the_product(
    world: World, own_pages: dict[UUID, dict[str, Any]]
) -> None:
    everything = Counter[str]()
    for slug in SLUGS:
        listed = {UUID(one["case_id"]): candidacy(one) for one in candidates(world, slug)}
        shown = {
            case_id: candidacy(page[slug])
            for case_id, page in own_pages.items()
            if slug in page and candidacy(page[slug]) in CANDIDATES and case_id not in world.registry.closed
        }
        assert listed == shown, slug
        everything.update(listed.values())
    # A population in which one outcome never occurs would show nothing about it.
    assert min(everything[one] for one in CANDIDATES) >= 10


def test_both_sides_agree_on_another_day(world: World) -> None:
    day, needs = "2025-11-20", [one for one in world.registry.ids[CaseKind.NEED] if one not in world.registry.closed]
    pages = {need: own_page(world, CaseKind.NEED, need, as_of=day)["products"] for need in needs}
    said = {(need, one["slug"]): candidacy(one) for need, page in pages.items() for one in page}
    listed = {
        (UUID(one["case_id"]), slug): candidacy(one)
        for slug in SLUGS
        for one in candidates(world, slug, kind="need", as_of=day)
    }
    assert listed == {key: word for key, word in said.items() if word in CANDIDATES}


@pytest.mark.parametrize("slug", SLUGS)
def test_counts_are_what_the_pages_hold(world: World, slug: str) -> None:
    rows = candidates(world, slug)
    answer = first_page(world, slug, total=True)
    assert answer["total"] == len(rows)
    for outcome, count in answer["counts"].items():
        mine = [one for one in rows if candidacy(one) == outcome]
        assert count == {"cases": len(mine), "institutions": len({one["institution_id"] for one in mine})}


def first_page(world: World, slug: str, **query: Any) -> dict[str, Any]:
    address = f"/api/v1/products/{world.products[slug]}/candidates"
    response = world.client.get(address, params={"as_of": AS_OF.isoformat(), **query})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_visit_every_row_once_in_order(world: World, sort: Sort) -> None:
    whole = candidates(world, "all-kinds", sort=sort, page_size=200)
    paged = candidates(world, "all-kinds", sort=sort, page_size=3)
    assert len(whole) > 9
    assert paged == whole
    assert {one["case_id"] for one in whole} == {one["case_id"] for one in candidates(world, "all-kinds")}
    in_order: dict[Sort, list[Any]] = {
        Sort.OUTCOME: [list(CANDIDATE_ORDER).index(candidacy(one)) for one in whole],
        Sort.AMOUNT: [-float(one["amount_yuan"] or -1) for one in whole],
        # Names are ordered by the collation of the database, of which we only ask that it is one.
        Sort.NAME: [[one["name"] for one in whole].index(one["name"]) for one in whole],
        Sort.REGISTERED: [one["case_id"] for one in whole],
    }
    assert in_order[sort] == sorted(in_order[sort])


CANDIDATE_ORDER = ("eligible", "needs_info", "near_miss")


def test_a_cursor_belongs_to_its_filters(world: World) -> None:
    cursor = first_page(world, "all-kinds", page_size=2)["next_cursor"]
    address = f"/api/v1/products/{world.products['all-kinds']}/candidates"
    query = {"as_of": AS_OF.isoformat(), "cursor": cursor, "sort": "name"}
    assert world.client.get(address, params=query).json()["code"] == "cursor_refused"


def test_filters_keep_what_they_name(world: World) -> None:
    whole = candidates(world, "all-kinds")
    for outcome in CANDIDATE_ORDER:
        kept = candidates(world, "all-kinds", outcome=outcome)
        assert kept == [one for one in whole if candidacy(one) == outcome]
    two = candidates(world, "all-kinds", outcome=["near_miss", "eligible"])
    assert two == [one for one in whole if candidacy(one) != "needs_info"]
    for kind in ("institution", "project", "need"):
        assert candidates(world, "all-kinds", kind=kind) == [one for one in whole if one["kind"] == kind]
    in_city = [one for one in whole if one["region_code"].startswith("1403")]
    assert 0 < len(in_city) < len(whole)
    assert candidates(world, "all-kinds", region="140300") == in_city
    assert candidates(world, "all-kinds", kind="loan") == []
    assert first_page(world, "all-kinds", region="140302", kind="need", total=True)["total"] == len(
        candidates(world, "all-kinds", region="140302", kind="need")
    )


def test_possible_ones_name_what_is_missing_and_near_ones_the_distance(world: World) -> None:
    for one in candidates(world, "all-kinds"):
        match candidacy(one):
            case "eligible":
                assert (one["missing"], one["advice"]) == ([], None)
            case "needs_info":
                assert one["missing"]
            case _:
                assert one["missing"] == []
                assert one["advice"]


def test_a_near_miss_says_how_far_it_is(world: World) -> None:
    rows = [one for one in candidates(world, "all-kinds", outcome="near_miss") if "床位" in (one["advice"] or "")]
    assert rows
    assert {one["advice"] for one in rows} <= {
        "床位总数：还差 1 张（达到 50 张）",
        "床位总数：还差 10 张（达到 50 张）",
    }


def test_the_region_of_the_past_is_where_the_case_lay_then(workshop: World) -> None:
    old, new, moved_at = "140902", "141002", RECORDED + timedelta(days=30)
    with workshop.database.writing() as session:
        registry = workshop.registry
        registry.session = session
        owner = registry.institution(region=old, beds_total=80, filed=True)
        ids = {owner, registry.project(owner, region=old), registry.need(owner, amount_yuan=Decimal(1_000_000))}
        nouns: dict[CaseKind, type[Institution] | type[Project] | type[Need]] = {
            CaseKind.INSTITUTION: Institution,
            CaseKind.PROJECT: Project,
            CaseKind.NEED: Need,
        }
        for kind, noun in nouns.items():
            session.execute(update(noun).where(noun.id.in_(ids)).values(region_code=new))
            if kind is not CaseKind.NEED:  # A need lies where its institution does.
                registry.change(kind, registry.ids[kind][-1], moved_at, region_code=new)

    def found(region: str, known_at: datetime | None) -> set[UUID]:
        asked = {} if known_at is None else {"known_at": known_at.isoformat()}
        return {UUID(one["case_id"]) for one in candidates(workshop, "all-kinds", region=region, **asked)} & ids

    before = moved_at - timedelta(seconds=1)
    assert [found(old, at) for at in (before, moved_at, None)] == [ids, set(), set()]
    assert [found(new, at) for at in (before, moved_at, None)] == [set(), ids, ids]


def test_an_unpublished_or_foreign_product_is_not_found(world: World) -> None:
    for address in ("candidates", "candidates/export"):
        response = world.client.get(f"/api/v1/products/{UUID(int=1)}/{address}")
        assert (response.status_code, response.json()["code"]) == (404, "product_not_found")


def test_a_page_takes_a_fixed_number_of_statements(world: World) -> None:
    plain = statements(world, lambda: first_page(world, "plain", page_size=2))
    more = statements(world, lambda: first_page(world, "plain", page_size=50))
    counted = statements(world, lambda: first_page(world, "plain", page_size=50, total=True))
    kinds = statements(world, lambda: first_page(world, "all-kinds", page_size=200, sort="registered"))
    # Version, parameters, page, and the facts of the one kind; the count; one more for each other kind.
    assert (len(plain), len(more), len(counted), len(kinds)) == (4, 4, 5, 6)


def test_a_case_takes_a_fixed_number_of_statements(world: World) -> None:
    institution, need = world.registry.ids[CaseKind.INSTITUTION][0], world.registry.ids[CaseKind.NEED][0]
    own_page(world, CaseKind.INSTITUTION, institution)
    small = statements(world, lambda: own_page(world, CaseKind.INSTITUTION, institution))
    large = statements(world, lambda: own_page(world, CaseKind.NEED, need, expand="conditions"))
    # The case, and what names all that it is held against; or that itself: programmes, parameters, series with points
    # and products, and labels to be cited.
    assert (len(small), len(large)) == (2, 7)


def statements(world: World, ask: Callable[[], object]) -> list[str]:
    """The SELECTs that a request sends."""
    sent: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            sent.append(statement)

    event.listen(world.database.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(world.database.engine, "before_cursor_execute", note)
    return sent
