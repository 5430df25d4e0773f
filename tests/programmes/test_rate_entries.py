"""This month's LPR needs no developer; what is known is neither contradicted nor taken back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from app.http.clock import now
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.store.engine import Database

AUTHOR = "虚构分行 李某"


def enter(api: TestClient, series: str, day: str, percent: str) -> httpx2.Response:
    return api.post(f"reference-rates/{series}/points", json={"from": day, "percent": percent, "author": AUTHOR})


def confirm(api: TestClient, series: str, day: str, tag: str | None) -> httpx2.Response:
    headers = {} if tag is None else {"If-Match": tag}
    return api.put(f"reference-rates/{series}/known-through", json={"known_through": day}, headers=headers)


def on(api: TestClient, series: str, day: str) -> Any:
    return api.get("reference-rates", params={"series": series, "on": day}).json()["items"][0]["value"]


def test_a_new_rate_holds_from_its_day(api: TestClient, desk: Database, seeds: Seeds) -> None:
    before = api.get("reference-rates/lpr_1y")
    entered = enter(api, "lpr_1y", "2026-10-20", "2.9")
    assert entered.status_code == 200
    assert entered.headers["etag"] != before.headers["etag"]
    assert entered.json()["points"][-1] == {"from": "2026-10-20", "percent": "2.9"}
    assert entered.json()["known_through"] == "2026-10-20"
    assert (on(api, "lpr_1y", "2026-10-19")["percent"], on(api, "lpr_1y", "2026-10-20")["percent"]) == ("3", "2.9")
    again = enter(api, "lpr_1y", "2026-10-20", "2.9")
    assert (again.status_code, again.headers["etag"]) == (200, entered.headers["etag"])
    with desk.writing() as session:
        loaded = load_seeds(session, seeds, now() + timedelta(days=1))
    assert loaded.changed == 0
    assert api.get("reference-rates/lpr_1y").json() == entered.json()


@pytest.mark.parametrize(
    ("day", "percent", "status", "code"),
    [
        ("2025-05-19", "3.4", 409, "rate_contradicts"),
        ("2025-05-20", "3.4", 409, "rate_contradicts"),
        ("2026-08-20", "3.4", 409, "rate_contradicts"),
        ("2026-11-21", "3.4", 422, "day_not_come"),
        ("2026-09-20", "100.1", 422, "decimal_range"),
        ("2026-09-31", "3.4", 422, "date_parsing"),
    ],
)
def test_what_is_known_is_not_contradicted(api: TestClient, day: str, percent: str, status: int, code: str) -> None:
    before = api.get("reference-rates/lpr_5y").json()
    response = enter(api, "lpr_5y", day, percent)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (status, code)
    assert api.get("reference-rates/lpr_5y").json() == before


def test_the_day_after_the_last_one_known_may_bring_a_new_rate(api: TestClient) -> None:
    assert enter(api, "benchmark_over_5y", "2026-08-21", "4.8").status_code == 200


def test_that_nothing_changed_is_entered_too(api: TestClient) -> None:
    series = "benchmark_up_to_1y"
    tag = api.get(f"reference-rates/{series}").headers["etag"]
    assert on(api, series, "2026-11-20")["carried_forward"]
    assert confirm(api, series, "2026-11-20", None).status_code == 428
    done = confirm(api, series, "2026-11-20", tag)
    assert (done.status_code, done.json()["known_through"]) == (200, "2026-11-20")
    assert not on(api, series, "2026-11-20")["carried_forward"]
    assert confirm(api, series, "2026-11-20", tag).status_code == 412
    newer = done.headers["etag"]
    assert confirm(api, series, "2026-11-20", newer).headers["etag"] == newer
    assert confirm(api, series, "2026-11-19", newer).json()["code"] == "rate_contradicts"
    assert confirm(api, series, "2026-11-21", newer).json()["code"] == "day_not_come"


def test_an_unknown_series_is_not_found(api: TestClient) -> None:
    assert enter(api, "shibor", "2026-10-20", "2").json()["code"] == "series_not_found"
    assert confirm(api, "shibor", "2026-10-20", '"1"').json()["code"] == "series_not_found"
    assert api.get("reference-rates/shibor").json()["code"] == "series_not_found"


def test_of_two_rates_for_one_day_at_once_one_stays(api: TestClient) -> None:
    start = threading.Barrier(4)

    def write(percent: str) -> int:
        start.wait()
        return enter(api, "benchmark_1y_to_5y", "2026-10-20", percent).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(write, ["4.1", "4.2", "4.3", "4.4"]))
    assert answers == [200, 409, 409, 409]
    points = api.get("reference-rates/benchmark_1y_to_5y").json()["points"]
    assert [one["from"] for one in points].count("2026-10-20") == 1
