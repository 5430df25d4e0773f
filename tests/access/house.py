"""The whole service behind its real gate, on a database of a module's own, and people who call it with their keys."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.access.row_security import APP_ROLE
from app.main import create_app
from app.store.engine import Database, open_database
from app.store.tables import Bank, Institution
from tests.access.people import SINCE, Person, colleague, somebody
from tests.contract import documented_client
from tests.databases import Databases, settings_for
from tests.institutions.registry import a_uscc

COUNTY = "140105"
SIBLING = "140106"
CITY = "140100"
PROVINCE = "140000"


class House:
    """A client whose every answer is checked against the document, and the database as its owner sees it."""

    def __init__(self, client: Any, owner: Database, served: Database) -> None:
        self.client = client
        self.owner = owner
        self.served = served

    def somebody(
        self, role: Role, region: str = PROVINCE, *, bank_id: UUID | None = None, institution_id: UUID | None = None
    ) -> Person:
        with self.owner.writing() as session:
            return somebody(session, role, region, bank_id=bank_id, institution_id=institution_id)

    def colleague(self, of: Person, role: Role) -> Person:
        with self.owner.writing() as session:
            return colleague(session, of, role)

    def call(
        self, person: Person | None, method: str, path: str, *, version: int | None = None, **request: Any
    ) -> httpx2.Response:
        """One request of somebody, or of nobody."""
        headers = {} if person is None else dict(person.headers)
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        headers |= request.pop("headers", {})
        answer: httpx2.Response = self.client.request(method, f"/api/v1{path}", headers=headers, **request)
        return answer

    def get(self, person: Person | None, path: str, **params: Any) -> dict[str, Any]:
        """What a read that succeeds answers."""
        answer = self.call(person, "GET", path, params=params)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def post(
        self, person: Person | None, path: str, body: Any = None, status: int = 201, **more: Any
    ) -> dict[str, Any]:
        """What a write that succeeds answers."""
        answer = self.call(person, "POST", path, json=body, **more)
        assert answer.status_code == status, answer.text
        written: dict[str, Any] = answer.json()
        return written


def a_house(databases: Databases) -> Iterator[House]:
    """The service as it runs: on PostgreSQL as the role that owns nothing."""
    url = databases.create()
    # Hashes of the lowest cost: what they are worth is tested elsewhere.
    settings = settings_for(url, argon2_memory_kib=64, argon2_passes=1)
    owner, served = open_database(settings), open_database(settings, APP_ROLE)
    with documented_client(create_app(settings, served)) as client:
        yield House(client, owner, served)
    served.dispose()
    owner.dispose()
    databases.drop(url)


def refusals(answer: httpx2.Response) -> dict[str, str]:
    """Pointer to code of each refused value of a 422."""
    assert answer.status_code == 422, answer.text
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


def refused(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


def a_bank(session: Session, code: str = "xugou-bank") -> Bank:
    made = Bank(
        code=code, name=f"虚构银行{code}", kind="city_commercial", region_code=CITY, national=False, created_at=SINCE
    )
    session.add(made)
    session.flush()
    return made


def an_institution(session: Session, region: str = COUNTY, **row: Any) -> Institution:
    defaults: dict[str, Any] = {
        "name": "虚构康宁养老院",
        "uscc": a_uscc(),
        "site_number": 1,
        "region_code": region,
        "list_status": "none",
        "created_at": SINCE,
        "version": 1,
    }
    made = Institution(**defaults | row)
    session.add(made)
    session.flush()
    return made
