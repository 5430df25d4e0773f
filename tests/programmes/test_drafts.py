"""Programmes written over the API: checked like the seeds, published once, never taken back by the seeds."""

import copy
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from app.http.clock import now
from app.programmes.load import load_seeds
from app.programmes.queries import get_programme, list_programmes
from app.programmes.seeds import Seeds
from app.store.engine import Database

AUTHOR = "虚构省民政厅 张某"
DOCUMENT = "jinzhengbanfa-2022-37"
NEW: dict[str, Any] = {
    "name": "虚构的新政策",
    "clause": "三(八)",
    "force": "O",
    "decidability": "M",
    "confidence": "original",
    "subjects": ["institution"],
    "territory": "140000",
    "valid_from": "2027-01-01",
    "departments": ["虚构厅"],
    "benefit": {"kind": "grant", "gives": "虚构的补助", "amount_yuan": "1000.50"},
    "applies": {
        "op": "eq",
        "fact": "institution.filed",
        "value": True,
        "id": "filed",
        "cite": {"clause": "三(八)"},
    },
    "requires": {
        "op": "ge",
        "fact": "institution.beds_total",
        "value": 50,
        "id": "beds",
        "cite": {"own": "虚构口径"},
    },
}


def begin(api: TestClient, of: str, document: str | None = None, **fields: Any) -> httpx2.Response:
    return api.post(f"programmes/{of}/drafts", json={"author": AUTHOR, "document": document, "programme": fields})


def act(api: TestClient, draft: dict[str, Any], action: str, revision: int = 1) -> httpx2.Response:
    path = f"programmes/{draft['slug']}/drafts/{draft['id']}/actions/{action}"
    return api.post(path, headers={"If-Match": f'"{revision}"'})


def test_a_draft_starts_from_the_version_in_force(api: TestClient) -> None:
    before = api.get("programmes/kangyang-standard-land").json()
    draft = begin(api, "kangyang-standard-land", name="改了名的政策").json()
    assert (draft["author"], draft["status"], draft["document"]) == (AUTHOR, "draft", before["document"])
    assert (draft["changed"], draft["in_force"], draft["version"]) == (["name"], before["version"], None)
    assert draft["programme"]["applies"] == before["applies"]
    assert api.get("programmes/kangyang-standard-land").json() == before
    again = begin(api, "kangyang-standard-land", name="再改一次")
    assert (again.status_code, again.json()["code"]) == (409, "draft_exists")


def test_publishing_supersedes_and_keeps_the_old_version(api: TestClient, desk: Database) -> None:
    slug = "kangyang-interest-subsidy"
    before = api.get(f"programmes/{slug}").json()
    published = act(api, begin(api, slug, name="改名后的贴息").json(), "publish")
    assert published.status_code == 200
    after = published.json()["programme"]
    assert (after["name"], after["version"]) == ("改名后的贴息", before["version"] + 1)
    assert after["readings"] == before["readings"]
    assert published.json()["draft"]["status"] == "published"
    assert published.json()["draft"]["version"] == after["version"]
    assert api.get(f"programmes/{slug}").json() == after
    with desk.reading() as session:
        past = {one.record.slug: one for one in list_programmes(session, datetime(2026, 10, 1, tzinfo=UTC))}
    assert (past[slug].record.name, past[slug].version) == (before["name"], before["version"])


def test_a_new_programme_needs_no_developer(api: TestClient) -> None:
    facts = {"institution.region_code": "140105", "institution.filed": True, "institution.beds_total": 50}
    draft = begin(api, "xugou-new", DOCUMENT, **NEW)
    assert draft.status_code == 201, draft.text
    assert api.get("programmes/xugou-new").status_code == 404
    assert act(api, draft.json(), "publish").json()["programme"]["version"] == 1
    checked = api.post("eligibility-checks", json={"facts": facts, "as_of": "2027-01-01"}).json()["programmes"]
    assert [one["outcome"] for one in checked if one["slug"] == "xugou-new"] == ["eligible"]


def changed(path: list[str | int], value: Any) -> dict[str, Any]:
    """NEW with one thing changed; a missing value takes it out."""
    fields: Any = copy.deepcopy(NEW)
    place = fields
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return dict(fields)


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (["name"], ..., "/programme/name"),
        (["name"], 3, "/programme/name"),
        (["nonsense"], 1, "/programme/nonsense"),
        (["valid_from"], 20270101, "/programme/valid_from"),
        (["valid_from"], "0001-01-01", "/programme/valid_from"),
        (["valid_to"], "2026-12-31", "/programme"),
        (["territory"], "110000", "/programme/territory"),
        (["clause"], "九(九)", "/programme/clause"),
        (["relations"], {"excludes": ["no-such"]}, "/programme/relations"),
        (["applies", "fact"], "institution.file", "/programme/applies/fact"),
        (["applies", "value"], "ja", "/programme/applies/value"),
        (["requires", "value"], {"param": "no.such"}, "/programme/requires/value/param"),
        (["requires", "op"], "gte", "/programme/requires"),
        (["requires", "id"], "filed", "/programme/requires/id"),
        (["requires", "cite"], ..., "/programme"),
        (["requires", "cite"], {"clause": "九(九)"}, "/programme"),
        (["slug"], "other", "/programme/slug"),
        (["benefit", "amount_yuan"], "many", "/programme/benefit/amount_yuan"),
    ],
)
def test_what_does_not_parse_is_refused_with_its_place(
    api: TestClient, path: list[str | int], value: Any, pointer: str
) -> None:
    response = begin(api, "xugou-refused", DOCUMENT, **changed(path, value))
    assert response.status_code == 422, response.text
    assert response.json()["code"] == "programme_refused"
    assert response.json()["errors"][0]["pointer"] == pointer
    assert api.get("programmes/xugou-refused/drafts").json()["items"] == []


@pytest.mark.parametrize("document", [None, "no-such-document"])
def test_a_new_programme_stands_in_a_known_document(api: TestClient, document: str | None) -> None:
    response = begin(api, "xugou-refused", document, **NEW)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/document")


def test_a_draft_is_changed_by_those_who_read_it(api: TestClient) -> None:
    path = f"programmes/xugou-changed/drafts/{begin(api, 'xugou-changed', DOCUMENT, **NEW).json()['id']}"
    assert api.get(path).headers["etag"] == '"1"'
    assert api.patch(path, json={"programme": {"name": "改名"}}).status_code == 428
    done = api.patch(path, json={"programme": {"name": "改名"}, "author": "虚构 李某"}, headers={"If-Match": '"1"'})
    assert (done.status_code, done.headers["etag"], done.json()["author"]) == (200, '"2"', "虚构 李某")
    assert (done.json()["programme"]["name"], done.json()["programme"]["territory"]) == ("改名", "140000")
    stale = api.patch(path, json={"programme": {"name": "改名"}}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    refused = api.patch(path, json={"programme": {"applies": None}}, headers={"If-Match": '"2"'})
    assert refused.status_code == 422
    assert api.get(path).headers["etag"] == '"2"'


def test_a_closed_draft_no_longer_changes(api: TestClient) -> None:
    draft = begin(api, "xugou-closed", DOCUMENT, **NEW).json()
    assert act(api, draft, "withdraw").json()["status"] == "withdrawn"
    assert act(api, draft, "publish", revision=2).json()["code"] == "draft_closed"
    assert api.get("programmes/xugou-closed").status_code == 404
    other = begin(api, "xugou-closed", DOCUMENT, **NEW).json()
    listed = api.get("programmes/xugou-closed/drafts").json()["items"]
    assert [(one["id"], one["status"]) for one in listed] == [
        (other["id"], "draft"),
        (draft["id"], "withdrawn"),
    ]


def test_publishing_what_is_in_force_already_is_refused(api: TestClient) -> None:
    draft = begin(api, "rural-relending").json()
    assert draft["changed"] == []
    assert act(api, draft, "publish").json()["code"] == "nothing_changed"


def test_the_same_draft_published_twice_at_once_gives_one_version(api: TestClient) -> None:
    draft = begin(api, "xugou-race", DOCUMENT, **NEW).json()
    start = threading.Barrier(2)

    def publish() -> int:
        start.wait()
        return act(api, draft, "publish").status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(future.result() for future in [pool.submit(publish) for _ in range(2)])
    assert answers == [200, 412]
    assert api.get("programmes/xugou-race").json()["version"] == 1


def test_two_drafts_begun_at_once_give_one(api: TestClient) -> None:
    start = threading.Barrier(4)

    def write() -> int:
        start.wait()
        return begin(api, "xugou-twice", DOCUMENT, **NEW).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(future.result() for future in [pool.submit(write) for _ in range(4)])
    assert answers == [201, 409, 409, 409]


def test_loading_the_seeds_again_takes_nothing_back(api: TestClient, desk: Database, seeds: Seeds) -> None:
    act(api, begin(api, "xugou-kept", DOCUMENT, **NEW).json(), "publish")
    act(api, begin(api, "central-budget", window_note="网上发布的说明").json(), "publish")
    with desk.writing() as session:
        loaded = load_seeds(session, seeds, now() + timedelta(days=1))
    assert (loaded.added, loaded.changed, loaded.removed) == (0, 0, 0)
    assert loaded.kept >= 1
    assert "保留在线发布的" in str(loaded)
    with desk.reading() as session:
        assert get_programme(session, "central-budget").record.window_note == "网上发布的说明"
        assert get_programme(session, "xugou-kept").version == 1
