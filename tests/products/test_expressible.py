"""A rule that could not be searched for is refused while it is written, with its place and what to write instead."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.cases.select import CaseKind
from app.errors import FieldError
from app.products import service
from app.products.expressible import unsearchable
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType
from app.rules.parameters import NO_PARAMETERS
from app.rules.structure import MOST_LEAVES, MOST_LEVELS
from tests.products.samples import BEDS, DAY, a_product, bank_body

Json = dict[str, Any]
Draft = Callable[..., Json]

SLUGS = {"op": "overlaps", "fact": "loan.other_interest_subsidy", "values": ["xugou"], "id": "second"}
TOLD = {"op": "known", "fact": "loan.other_interest_subsidy", "id": "told"}
ALL_BUT_LOANS = (CaseKind.INSTITUTION, CaseKind.PROJECT, CaseKind.NEED)


def complaints(rule: Json, kinds: Iterable[CaseKind]) -> list[FieldError]:
    return list(unsearchable(rule, "/requires", kinds, DAY, NO_PARAMETERS))


def group(op: str, *members: Json) -> Json:
    return {"op": op, "of": list(members)}


@pytest.mark.parametrize("op", ["overlaps", "contains"])
def test_a_condition_that_sql_cannot_express_is_named_with_its_place(op: str) -> None:
    rule = group("all", BEDS, {"op": "not", "of": {**SLUGS, "op": op}})
    (error,) = complaints(rule, [CaseKind.NEED, CaseKind.LOAN])
    assert (error.pointer, error.code) == ("/requires/of/1/of/fact", "not_searchable")
    assert "已享受的其他贴息" in error.detail
    assert "known" in error.detail


def test_the_same_condition_is_searchable_where_its_fact_is_unknown_or_only_known_is_asked() -> None:
    assert complaints(SLUGS, ALL_BUT_LOANS) == []
    assert complaints(TOLD, CaseKind) == []


@pytest.mark.parametrize("kind", CaseKind)
def test_every_other_set_of_the_catalogue_can_be_searched(kind: CaseKind) -> None:
    """So that a new set of codes without a declared list is noticed here, and not by a bank."""
    sets = [fact for fact in CATALOGUE if fact.type is FactType.SET and fact.codes]
    leaves = [{"op": "overlaps", "fact": one.key, "values": list(one.codes)[:1], "id": f"c{at}"}
              for at, one in enumerate(sets)]  # fmt: skip
    assert len(leaves) > 3
    assert complaints(group("any", *leaves), [kind]) == []


@pytest.mark.parametrize("name", ["applies", "requires"])
def test_what_no_case_of_a_product_can_answer_is_refused_as_it_is_drafted(
    api: TestClient, slug: str, on: object, name: str
) -> None:
    api.post("banks", json=bank_body(slug))
    response = api.post("products", json=a_product(slug, slug, **{name: SLUGS}))
    assert (response.status_code, response.json()["code"]) == (422, "terms_refused")
    (error,) = response.json()["errors"]
    assert (error["pointer"], error["code"]) == (f"/{name}/fact", "never_known")
    assert "不能问已有贷款的事实" in error["detail"]


def beyond_sql(
    raw: Json, at: str, _kinds: Iterable[CaseKind], _day: object, _parameters: object
) -> Iterable[FieldError]:
    """As if the beds were stored in a way that SQL cannot search."""
    if raw["fact"] == BEDS["fact"]:
        yield FieldError(f"{at}/fact", "not_searchable", "无法查找")


def test_a_draft_is_refused_when_written_changed_or_published(
    api: TestClient, draft: Draft, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft of a program before this one may hold what this one cannot search: it is not published either."""
    product = draft(requires=BEDS)
    path = f"products/{product['id']}/versions/1"
    monkeypatch.setattr(service, "unsearchable", beyond_sql)
    refusals = [
        api.post("products", json=a_product(f"{slug}-more", slug, requires=BEDS)),
        api.patch(path, json={"applies": BEDS, "requires": None}, headers={"If-Match": '"1"'}),
        api.post(f"{path}/actions/publish", headers={"If-Match": '"1"'}),
    ]
    places = [[one["pointer"] for one in refusal.json()["errors"]] for refusal in refusals]
    assert [one.status_code for one in refusals] == [422] * 3
    assert places == [["/requires/fact"], ["/applies/fact"], ["/requires/fact"]]
    kept = api.get(path)
    assert (kept.json()["status"], kept.headers["ETag"]) == ("draft", '"1"')


def nested(levels: int) -> Json:
    """A rule of so many levels."""
    node: Json = leaf(0)
    for level in range(1, levels):
        node = group("all" if level % 2 else "any", leaf(level), node)
    return node


def leaf(number: int) -> Json:
    return {**BEDS, "id": f"c{number}", "value": number}


# Amount and term are two conditions of every product, and everything stands in one `all`.
LARGEST = {
    "levels": (nested(MOST_LEVELS - 1), nested(MOST_LEVELS), "too_deep"),
    "conditions": (
        group("all", *map(leaf, range(MOST_LEAVES - 2))),
        group("all", *map(leaf, range(MOST_LEAVES - 1))),
        "too_many_leaves",
    ),
}


@pytest.mark.parametrize("what", LARGEST)
def test_the_largest_rule_is_published_and_searched_and_a_larger_one_refused_in_its_place(
    api: TestClient, draft: Draft, slug: str, what: str
) -> None:
    fits, exceeds, code = LARGEST[what]
    product = draft(requires=fits, subjects=["institution", "project", "need"])
    published = api.post(f"products/{product['id']}/versions/1/actions/publish", headers={"If-Match": '"1"'})
    assert published.status_code == 200
    assert api.get(f"products/{product['id']}/candidates", params={"total": True}).status_code == 200
    refused = api.post("products", json=a_product(f"{slug}-more", slug, requires=exceeds))
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"], error["code"]) == (422, "/requires", code)
    assert "产品条款也是条件" in error["detail"]
