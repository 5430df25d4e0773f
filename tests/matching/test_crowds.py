"""The whole service under a crowd: a real server, real sockets, five connections, 120 clients at once."""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest
import uvicorn

from app.http.idempotency import HEADER
from app.main import create_app
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.store.engine import Database, open_database
from tests.callers import OpenGate
from tests.databases import Databases, settings_for
from tests.products.samples import BEDS, a_product, bank_body
from tests.seeded import SEEDED_AT

CLIENTS: Final = 120
POOL: Final = 5
PUBLISHERS: Final = 8
# The day on which the products of these tests begin, so that what the clock says does not matter.
DAY: Final = "2026-11-20"
INSTITUTION: Final = {"institution.region_code": "140105", "institution.beds_total": 80}


class Server:
    """The service on a socket of this machine."""

    def __init__(self, database: Database, url: str) -> None:
        settings = settings_for(url, pool_size=POOL, worker_threads=POOL)
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=CLIENTS)
        config = uvicorn.Config(create_app(settings, database, OpenGate()), log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/api/v1/"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


@pytest.fixture
def address(databases: Databases, seeds: Seeds) -> Iterator[str]:
    """Where a service with the seeds, a bank and a published product answers."""
    url = databases.create()
    database = open_database(settings_for(url, pool_size=POOL, worker_threads=POOL))
    with database.writing() as session:
        load_seeds(session, seeds, SEEDED_AT)
    server = Server(database, url)
    yield server.address
    server.stop()
    database.dispose()
    databases.drop(url)


def client_of(address: str) -> httpx2.Client:
    return httpx2.Client(base_url=address, timeout=60)


def answered(response: httpx2.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


def draft(address: str) -> dict[str, Any]:
    """A product of a bank, not yet published, for whoever has the beds."""
    with client_of(address) as client:
        answered(client.post("banks", json=bank_body()), 201)
        body = a_product(subjects=["institution"], requires=BEDS, valid_from=DAY)
        return answered(client.post("products", json=body), 201)


def publish(client: httpx2.Client, product: dict[str, Any]) -> httpx2.Response:
    path = f"products/{product['id']}/versions/1/actions/publish"
    return client.post(path, headers={"If-Match": '"1"', HEADER: str(uuid4())})


def at_once(address: str, count: int, work: Callable[[httpx2.Client, int], list[int]]) -> Counter[int]:
    """What as many clients are answered that all begin together."""
    start = threading.Barrier(count)

    def visit(number: int) -> list[int]:
        with client_of(address) as client:
            start.wait()
            return work(client, number)

    with ThreadPoolExecutor(count) as pool:
        return Counter(status for statuses in pool.map(visit, range(count)) for status in statuses)


def test_a_crowd_on_five_connections_sees_no_server_error(address: str) -> None:
    product = draft(address)
    with client_of(address) as client:
        answered(publish(client, product), 200)

    def visit(client: httpx2.Client, number: int) -> list[int]:
        """Registers an institution and changes it; then one of three looks at either side, or keeps what is said."""
        added = client.post("institutions", json={"name": f"虚构养老院{number}号", "facts": INSTITUTION})
        key = added.json()["id"]
        patch = {"facts": {"institution.beds_total": 40}}
        changed = client.patch(f"institutions/{key}", json=patch, headers={"If-Match": '"1"'})
        match number % 3:
            case 0:
                then = client.get(f"institutions/{key}/matches", params={"as_of": DAY})
            case 1:
                then = client.get(f"products/{product['id']}/candidates", params={"as_of": DAY, "total": True})
            case _:
                then = client.post("assessments", json={"institution": key, "as_of": DAY})
        return [added.status_code, changed.status_code, then.status_code]

    assert at_once(address, CLIENTS, visit) == {201: CLIENTS + CLIENTS // 3, 200: CLIENTS + CLIENTS * 2 // 3}
    with client_of(address) as client:
        kept = answered(client.get("assessments", params={"total": True, "page_size": 1}), 200)
        assert kept["total"] == CLIENTS // 3
        numbers = set()
        for page in pages(client, "institutions"):
            numbers |= {one["provisional_number"] for one in page}
            assert {(one["version"], one["beds_total"]) for one in page} == {(2, 40)}
    # Every one got a number of its own, and none was lost or given twice.
    assert len(numbers) == CLIENTS


def pages(client: httpx2.Client, noun: str) -> Iterator[list[dict[str, Any]]]:
    cursor: dict[str, str] = {}
    while True:
        page = answered(client.get(noun, params={"page_size": 50, **cursor}), 200)
        yield page["items"]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def test_a_product_published_by_many_at_once_has_one_version(address: str) -> None:
    product = draft(address)
    answers = at_once(address, PUBLISHERS, lambda client, _number: [publish(client, product).status_code])
    assert answers == {200: 1, 412: PUBLISHERS - 1}
    with client_of(address) as client:
        versions = answered(client.get(f"products/{product['id']}/versions"), 200)["items"]
    assert [(one["version"], one["status"], one["revision"]) for one in versions] == [(1, "published", 2)]


def test_of_many_changes_of_one_institution_none_is_lost(address: str) -> None:
    """Everybody adds a bed to what was read; whoever was overtaken reads again."""
    with client_of(address) as client:
        body = {"name": "虚构养老院", "facts": {**INSTITUTION, "institution.beds_total": 0}}
        key = answered(client.post("institutions", json=body), 201)["id"]

    def add_beds(client: httpx2.Client, _number: int) -> list[int]:
        return [status for _ in range(5) for status in add_a_bed(client, key)]

    answers = at_once(address, PUBLISHERS, add_beds)
    assert answers[200] == 5 * PUBLISHERS
    assert set(answers) == {200, 412}
    with client_of(address) as client:
        last = answered(client.get(f"institutions/{key}"), 200)
    assert last["facts"]["institution.beds_total"]["value"] == 5 * PUBLISHERS
    assert last["version"] == 5 * PUBLISHERS + 1


def add_a_bed(client: httpx2.Client, key: str) -> Iterator[int]:
    while True:
        seen = client.get(f"institutions/{key}")
        beds = seen.json()["facts"]["institution.beds_total"]["value"]
        patch = {"facts": {"institution.beds_total": beds + 1}}
        response = client.patch(f"institutions/{key}", json=patch, headers={"If-Match": seen.headers["ETag"]})
        yield response.status_code
        if response.status_code == 200:
            return
