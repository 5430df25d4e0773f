"""The public catalogue over HTTP: documents and clauses, programmes, rates, facts, regions."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.rules.catalogue import CATALOGUE

CLAUSES = {
    "jinyinfa-2025-61": 20,
    "jinyinfa-2025-55": 26,
    "changfagai-shehui-2024-143": 26,
    "yangzhengbanfa-2025-37": 30,
    "jinzhengbanfa-2022-37": 17,
}
# The general clauses, guiding thought and aims, name no office at all.
WITHOUT_OFFICES = {
    "jinyinfa-2025-61": {"一(一)", "一(二)"},
    "yangzhengbanfa-2025-37": {"一(一)", "一(二)"},
}
# Every programme that the five documents carry, by document.
PROGRAMMES = {
    "jinzhengbanfa-2022-37": {
        "kangyang-interest-subsidy", "kangyang-town-grant", "kangyang-fund", "kangyang-key-credit",
        "kangyang-wider-security", "kangyang-bonds", "kangyang-income-pledge", "kangyang-standard-land",
        "kangyang-flexible-land", "kangyang-fast-track",
    },
    "jinyinfa-2025-61": {
        "eldercare-credit-priority", "eldercare-special-loan", "eldercare-movable-security",
        "eldercare-unsecured-loan", "wenlv-kangyang-credit", "eldercare-reits", "listing-support",
        "rural-relending", "whitelist-push", "service-relending",
    },
    "jinyinfa-2025-55": {
        "listing-support-jinyinfa-55", "sme-inclusive-credit", "startup-guarantee-loan", "wider-security",
        "government-guarantee",
    },
    "changfagai-shehui-2024-143": {
        "meal-service-relief", "meal-service-subsidy", "bed-differential-subsidy", "rural-centre-upgrade",
        "smart-demo-reward", "land-allocation", "land-lease", "stock-conversion", "community-land-quota",
        "central-budget", "special-bonds", "inclusive-relending",
    },
    "yangzhengbanfa-2025-37": {
        "yq-meal-relief", "yq-property-credit", "yq-operating-subsidy", "yq-bed-differential", "yq-city-enterprise",
        "yq-retrofit-trade-in", "yq-rural-stay", "yq-land-allocation", "yq-land-lease", "yq-stock-conversion",
        "yq-central-budget", "yq-special-bonds", "yq-loans", "yq-training-body", "yq-training-enterprise",
        "yq-entry-reward",
    },
}  # fmt: skip
LPR_1Y = [
    ("2019-08-20", "4.25"), ("2019-09-20", "4.2"), ("2019-11-20", "4.15"), ("2020-02-20", "4.05"),
    ("2020-04-20", "3.85"), ("2021-12-20", "3.8"), ("2022-01-20", "3.7"), ("2022-08-22", "3.65"),
    ("2023-06-20", "3.55"), ("2023-08-21", "3.45"), ("2024-07-22", "3.35"), ("2024-10-21", "3.1"),
    ("2025-05-20", "3"),
]  # fmt: skip
LPR_5Y = [
    ("2019-08-20", "4.85"), ("2019-11-20", "4.8"), ("2020-02-20", "4.75"), ("2020-04-20", "4.65"),
    ("2022-01-20", "4.6"), ("2022-05-20", "4.45"), ("2022-08-22", "4.3"), ("2023-06-20", "4.2"),
    ("2024-02-20", "3.95"), ("2024-07-22", "3.85"), ("2024-10-21", "3.6"), ("2025-05-20", "3.5"),
]  # fmt: skip
BENCHMARK = {
    "benchmark_up_to_1y": [("2015-06-28", "4.85"), ("2015-08-26", "4.6"), ("2015-10-24", "4.35")],
    "benchmark_1y_to_5y": [("2015-06-28", "5.25"), ("2015-08-26", "5"), ("2015-10-24", "4.75")],
    "benchmark_over_5y": [("2015-06-28", "5.4"), ("2015-08-26", "5.15"), ("2015-10-24", "4.9")],
}
SERIES = {"lpr_1y": LPR_1Y, "lpr_5y": LPR_5Y, **BENCHMARK}
KNOWN_THROUGH = "2026-08-20"


def get(client: TestClient, path: str, **query: str) -> Any:
    response = client.get(f"/api/v1{path}", params=query)
    assert response.status_code == 200, response.text
    return response.json()


def refused(client: TestClient, path: str, status: int, **query: str) -> dict[str, Any]:
    response = client.get(f"/api/v1{path}", params=query)
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


def value_on(client: TestClient, series: str, on: str) -> dict[str, Any]:
    (found,) = get(client, "/reference-rates", series=series, on=on)["items"]
    value: dict[str, Any] = found["value"]
    return value


def the_day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def test_the_five_documents_have_their_119_clauses(client: TestClient) -> None:
    originals = [one for one in get(client, "/policies")["items"] if one["source"] == "original"]
    assert {one["slug"]: one["clause_count"] for one in originals} == CLAUSES
    assert sum(CLAUSES.values()) == 119


@pytest.mark.parametrize("slug", CLAUSES)
def test_each_clause_says_to_whom_by_whom_and_with_what_force(client: TestClient, slug: str) -> None:
    clauses = get(client, f"/policies/{slug}")["clauses"]
    assert len(clauses) == len({clause["key"] for clause in clauses}) == CLAUSES[slug]
    silent = {clause["key"] for clause in clauses if not clause["departments"]}
    assert silent == WITHOUT_OFFICES.get(slug, set())
    for clause in clauses:
        assert 10 <= len(clause["summary"]) <= 400
        assert clause["subject"]
        assert (clause["force"] == "I") is (clause["decidability"] is None)
        assert clause["official_text"] is None


@pytest.mark.parametrize("slug", PROGRAMMES)
def test_each_document_carries_its_programmes(client: TestClient, slug: str) -> None:
    listed = get(client, "/programmes")["items"]
    assert {one["slug"] for one in listed if one["document"] == slug} == PROGRAMMES[slug]
    clauses = get(client, f"/policies/{slug}")["clauses"]
    assert {programme for clause in clauses for programme in clause["programmes"]} == PROGRAMMES[slug]


def test_what_only_the_press_says_is_marked(client: TestClient) -> None:
    listed = get(client, "/programmes")["items"]
    originals = set().union(*PROGRAMMES.values())
    assert {one["slug"] for one in listed if one["confidence"] == "original"} == originals
    secondary = {one["slug"] for one in listed if one["confidence"] == "secondary"}
    assert secondary
    assert all(slug.startswith("secondary-") for slug in secondary)


def test_every_programme_can_be_read_with_its_rules_and_parameters(client: TestClient) -> None:
    for one in get(client, "/programmes")["items"]:
        detail = get(client, f"/programmes/{one['slug']}", as_of="2025-11-20")
        assert detail["slug"] == one["slug"]
        assert (detail["applies"] is None) is (one["force"] == "I")


def test_every_programme_says_in_words_what_it_asks_and_where_that_stands(client: TestClient) -> None:
    for slug in {one["slug"] for one in client.get("/api/v1/programmes").json()["items"]}:
        programme = client.get(f"/api/v1/programmes/{slug}").json()
        asked = [one for one in programme["asks"].values() if one is not None]
        assert bool(asked) is (programme["applies"] is not None)
        for condition in (one for some in asked for one in some):
            assert condition["label"]
            assert condition["wanted"]
            assert (condition["clause"] is None) is (condition["source"] is not None)
    subsidy = client.get("/api/v1/programmes/kangyang-interest-subsidy").json()["asks"]
    assert subsidy["institution"] is None
    assert ["investor" in one["fact"] for one in subsidy["project"]].count(True) == 2
    assert len({one["alternative"] for one in subsidy["project"] if one["any_of"]}) == 2


def test_a_parameter_has_a_value_from_its_day_on(client: TestClient) -> None:
    path = "/programmes/kangyang-standard-land"
    on_the_day = {one["key"]: one["value"] for one in get(client, path, as_of="2022-04-22")["parameters"]}
    before = {one["key"]: one["value"] for one in get(client, path, as_of="2022-04-21")["parameters"]}
    assert on_the_day["kangyang.large_project_yuan"] == "500000000.00"
    assert before["kangyang.large_project_yuan"] is None


def test_the_interest_subsidy_shows_its_readings(client: TestClient) -> None:
    readings = get(client, "/programmes/kangyang-interest-subsidy")["readings"]["readings"]
    assert [one["slug"] for one in readings][:2] == ["default", "lower-rate"]


@pytest.mark.parametrize(
    ("path", "code"), [("/policies/nobody", "policy_not_found"), ("/programmes/nobody", "programme_not_found")]
)
def test_an_unknown_slug_is_not_found(client: TestClient, path: str, code: str) -> None:
    problem = refused(client, path, 404)
    assert problem["code"] == code
    assert "nobody" in problem["detail"]


@pytest.mark.parametrize("path", ["/policies/Ünknown", "/programmes/UPPER", "/programmes/-x"])
def test_what_cannot_be_a_slug_is_refused(client: TestClient, path: str) -> None:
    assert refused(client, path, 422)["errors"][0]["pointer"] == "/path/slug"


def test_renamed_offices_have_their_names_by_date(client: TestClient) -> None:
    def name(day: str) -> str:
        departments = get(client, "/programmes/kangyang-key-credit", as_of=day)["departments"]
        found: dict[str, str] = {one["name"]: one["name_today"] for one in departments}
        return found["山西银保监局"]

    assert name("2023-07-19") == "山西银保监局"
    assert name("2023-07-20") == "山西金融监管局"


@pytest.mark.parametrize("series", SERIES)
def test_a_series_has_its_published_points(client: TestClient, series: str) -> None:
    (found,) = get(client, "/reference-rates", series=series)["items"]
    assert [(point["from"], point["percent"]) for point in found["points"]] == SERIES[series]
    assert (found["known_through"], found["value"]) == (KNOWN_THROUGH, None)


@pytest.mark.parametrize("series", SERIES)
def test_a_rate_holds_from_its_day_until_the_next_change(client: TestClient, series: str) -> None:
    points = SERIES[series]
    for (_, before), (day, percent) in pairwise(points):
        after = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        found = [value_on(client, series, on) for on in (the_day_before(day), day, after)]
        assert [one["percent"] for one in found] == [before, percent, percent]
        assert not any(one["carried_forward"] for one in found)


@pytest.mark.parametrize("series", SERIES)
def test_a_day_past_the_last_known_carries_the_value_forward_and_says_so(client: TestClient, series: str) -> None:
    known = value_on(client, series, KNOWN_THROUGH)
    carried = value_on(client, series, "2026-08-21")
    assert known["percent"] == carried["percent"] == SERIES[series][-1][1]
    assert (known["carried_forward"], known["note"]) == (False, None)
    assert carried["carried_forward"]
    assert KNOWN_THROUGH in carried["note"]


@pytest.mark.parametrize("series", SERIES)
def test_a_day_before_a_series_begins_is_refused(client: TestClient, series: str) -> None:
    first = SERIES[series][0][0]
    assert value_on(client, series, first)["percent"] == SERIES[series][0][1]
    problem = refused(client, "/reference-rates", 422, series=series, on=the_day_before(first))
    assert problem["code"] == "rate_not_known"
    assert problem["errors"][0]["pointer"] == "/query/on"
    assert first in problem["detail"]


def test_a_day_that_only_some_series_know_is_answered_by_those(client: TestClient) -> None:
    found = {one["code"]: one["value"] for one in get(client, "/reference-rates", on="2015-08-26")["items"]}
    assert found["lpr_1y"] is found["lpr_5y"] is None
    assert found["benchmark_1y_to_5y"]["percent"] == "5"


def test_an_unknown_series_is_not_found(client: TestClient) -> None:
    assert refused(client, "/reference-rates", 404, series="lpr_9y")["code"] == "series_not_found"


def test_shanxi_has_eleven_cities_and_117_counties(client: TestClient) -> None:
    listed = get(client, "/regions")["items"]
    levels = [one["level"] for one in listed]
    assert (levels.count("province"), levels.count("city"), levels.count("county")) == (1, 11, 117)
    assert not {"市辖区", "市区"} & {one["name"] for one in listed}
    cities = {one["code"] for one in listed if one["level"] == "city"}
    assert {one["parent"] for one in listed if one["level"] == "county"} == cities
    assert listed[0] == {"code": "140000", "name": "山西省", "level": "province", "parent": None}


def test_regions_are_filtered_by_level_and_parent(client: TestClient) -> None:
    yangquan = get(client, "/regions", parent="140300")["items"]
    assert {one["name"] for one in yangquan} == {"城区", "矿区", "郊区", "平定县", "盂县"}
    assert get(client, "/regions", parent="140300", level="city")["items"] == []
    assert len(get(client, "/regions", level="city")["items"]) == 11


def test_the_fact_catalogue_is_complete(client: TestClient) -> None:
    facts = get(client, "/facts")["items"]
    assert [one["key"] for one in facts] == [fact.key for fact in CATALOGUE]
    assert all(one["label"] for one in facts)
    needs = get(client, "/facts", subject="need")["items"]
    assert {one["key"].partition(".")[0] for one in needs} == {"need"}
    refused(client, "/facts", 422, subject="nobody")
