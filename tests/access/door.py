"""The door of the whole service, and people who have passwords: for tests of signing in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import httpx2
from sqlalchemy import update

from app.access.passwords import hash_password
from app.access.permissions import Role
from app.access.row_security import APP_ROLE
from app.access.same_origin import CSRF_HEADER
from app.config import Settings
from app.main import create_app
from app.store.engine import Database, open_database
from app.store.tables import Account
from tests.access.people import KIND, an_account, an_organisation
from tests.contract import documented_client
from tests.databases import Databases, settings_for

PASSWORD: Final = "correct-horse-battery"
START: Final = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
ORIGIN: Final = "https://testserver"
OWN_PAGE: Final = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
COOKIE: Final = "__Host-yinqiao"


@dataclass(frozen=True)
class User:
    """Somebody who signs in with PASSWORD."""

    id: UUID
    login: str


@dataclass(frozen=True)
class Browser:
    """A browser that has signed in: its cookie, and the token that its forms carry."""

    cookie: str
    csrf_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.cookie}", CSRF_HEADER: self.csrf_token, **OWN_PAGE}


class Door:
    """A client whose every answer is checked against the document, and the database as its owner sees it."""

    def __init__(self, client: Any, owner: Database, settings: Settings) -> None:
        self.client = client
        self.owner = owner
        self.settings = settings

    def user(self, role: Role = Role.CIVIL_AFFAIRS, **row: Any) -> User:
        defaults = {"password_hash": hash_password(PASSWORD, self.settings), "password_changed_at": START}
        with self.owner.writing() as session:
            account = an_account(session, an_organisation(session, KIND[role]), role, **defaults | row)
            return User(account.id, account.login)

    def change(self, user: User, **columns: Any) -> None:
        """Change the row behind the service's back."""
        with self.owner.writing() as session:
            session.execute(update(Account).where(Account.id == user.id).values(**columns))

    def account(self, user: User) -> Account:
        with self.owner.reading() as session:
            found = session.get_one(Account, user.id)
            session.expunge(found)
            return found

    def call(self, method: str, path: str, token: str | None = None, **request: Any) -> httpx2.Response:
        """One request, with a bearer token or without; the client keeps no cookie between them."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        headers |= request.pop("headers", {})
        answer: httpx2.Response = self.client.request(method, path, headers=headers, **request)
        self.client.cookies.clear()
        return answer

    def attempt(self, login: str, password: str = PASSWORD, code: str | None = None, **request: Any) -> httpx2.Response:
        body = {"login": login, "password": password} | ({} if code is None else {"code": code})
        return self.call("POST", "/api/v1/sessions", json=body, **request)

    def token(self, user: User, code: str | None = None) -> str:
        """The token of a sign-in that succeeds."""
        answer = self.attempt(user.login, code=code)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def status(self, token: str) -> int:
        """What the token is answered."""
        return self.call("GET", "/api/v1/sessions/current", token).status_code

    def browser(self, user: User, **headers: str) -> Browser:
        """A sign-in over the console that succeeds."""
        body = {"login": user.login, "password": PASSWORD}
        answer = self.call("POST", "/sign-in", json=body, headers=OWN_PAGE | headers)
        assert answer.status_code == 200, answer.text
        return Browser(answer.cookies[COOKIE], answer.json()["csrf_token"])


def a_door(databases: Databases, **changes: object) -> Iterator[Door]:
    """The service as it runs, with passwords that are quickly hashed."""
    url = databases.create()
    quick = {"argon2_passes": 1, "argon2_memory_kib": 64, "secret_key": "k" * 40}
    settings = settings_for(url, **quick | changes)
    owner, served = open_database(settings), open_database(settings, APP_ROLE)
    client = documented_client(create_app(settings, served))
    client.base_url = httpx2.URL(ORIGIN)
    with client:
        yield Door(client, owner, settings)
    served.dispose()
    owner.dispose()
    databases.drop(url)
