"""Regions: current counties, and cities only for development zones."""

import pytest

from app.institutions.places import place_errors
from app.regions import Level, regions
from tests.institutions.registry import Registry, pointers

AT = "/facts/institution.region_code"


def test_each_of_the_117_counties_is_a_place_and_no_zone() -> None:
    counties = [region.code for region in regions().values() if region.level is Level.COUNTY]
    assert len(counties) == 117
    assert all(place_errors(code, None, AT) == [] for code in counties)
    assert all(place_errors(code, True, AT)[0].pointer == "/zone" for code in counties)


def test_each_of_the_11_cities_is_a_place_only_for_a_zone() -> None:
    cities = [region.code for region in regions().values() if region.level is Level.CITY]
    assert len(cities) == 11
    assert all(place_errors(code, True, AT) == [] for code in cities)
    assert all(place_errors(code, None, AT)[0].code == "not_a_county" for code in cities)


@pytest.mark.parametrize(
    ("code", "says"),
    [("140101", "市辖区"), ("140202", "现行"), ("110105", "现行"), ("140000", "不能只填到省")],
    ids=["a heading", "dissolved in 2018", "another province", "the province"],
)
def test_what_is_no_current_county_is_refused_with_the_reason(registry: Registry, code: str, says: str) -> None:
    refused = registry.post(facts={"region_code": code})
    assert list(pointers(refused)) == [AT]
    assert says in refused.json()["detail"]


def test_a_region_is_the_one_fact_that_must_be_known(registry: Registry) -> None:
    assert pointers(registry.post(facts={"region_code": None})) == {AT: "missing"}


def test_a_zone_is_marked_and_stays_marked(registry: Registry) -> None:
    zone = registry.add(facts={"region_code": "140100"}, zone=True)
    assert (zone["zone"], zone["region_name"]) == (True, "太原市（开发区）")
    amended = registry.amend(zone["id"], 1, {"beds_total": 10}).json()
    assert (amended["zone"], amended["region_code"]) == (True, "140100")
    moved = registry.amend(zone["id"], 2, {"region_code": "140105"}).json()
    assert (moved["zone"], moved["region_code"]) == (False, "140105")
    back = registry.amend(zone["id"], 3, {"region_code": "140100"})
    assert pointers(back) == {AT: "not_a_county"}
