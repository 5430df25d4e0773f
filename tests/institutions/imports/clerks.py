"""A clerk with a sheet: sends it, waits for what was found, writes it, takes it back."""

import csv
import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx2

from app.access.permissions import Role
from app.access.row_security import APP_ROLE
from app.http.idempotency import HEADER
from app.main import create_app
from app.store.engine import open_database
from tests.access.house import COUNTY, House
from tests.access.people import Person
from tests.contract import documented_client
from tests.databases import Databases, settings_for
from tests.institutions.registry import a_uscc

PLACE: Final = "太原市小店区"
HEADINGS: Final = ("机构名称", "统一社会信用代码", "院点序号", "所在县（市、区）", "床位总数", "护理型床位", "联系电话")
_LOOKS: Final = 400


def an_office(databases: Databases, folder: Path, **changes: Any) -> Iterator[House]:
    """The service with a storage of its own."""
    url = databases.create()
    settings = settings_for(url, argon2_memory_kib=64, argon2_passes=1, attachments_path=folder, **changes)
    owner, served = open_database(settings), open_database(settings, APP_ROLE)
    with documented_client(create_app(settings, served)) as client:
        yield House(client, owner, served)
    served.dispose()
    owner.dispose()
    databases.drop(url)


def a_row(name: str, uscc: str | None = "new", **cells: object) -> dict[str, object]:
    """One row of a sheet: a site of the home county with a code of its own, 60 beds, 20 of them nursing beds."""
    row: dict[str, object] = {
        "机构名称": name,
        "统一社会信用代码": a_uscc() if uscc == "new" else uscc,
        "所在县（市、区）": PLACE,
        "床位总数": 60,
        "护理型床位": 20,
    }
    return row | cells


def sheet(rows: Sequence[Mapping[str, object]], headings: Sequence[str] = HEADINGS) -> bytes:
    """The rows as CSV."""
    named = [*headings, *(key for row in rows for key in row if key not in headings)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(named)), restval="")
    writer.writeheader()
    writer.writerows([{key: "" if value is None else value for key, value in row.items()} for row in rows])
    return text.getvalue().encode("utf-8-sig")


@dataclass(frozen=True)
class Clerk:
    """Somebody of civil affairs at the service."""

    house: House
    person: Person

    def send(
        self, rows: Sequence[Mapping[str, object]] | bytes, *, key: str | None = None, **params: Any
    ) -> httpx2.Response:
        """The upload as it is answered."""
        content = rows if isinstance(rows, bytes) else sheet(rows)
        headers = {} if key is None else {HEADER: key}
        asked = {"name": "虚构机构.csv"} | {name: str(value).lower() for name, value in params.items()}
        return self.house.call(self.person, "POST", "/imports", params=asked, content=content, headers=headers)

    def bring(self, rows: Sequence[Mapping[str, object]] | bytes, **params: Any) -> dict[str, Any]:
        """The import once its work is done, well or not."""
        return self.outcome(self.send(rows, **params))

    def act(self, found: Mapping[str, Any], action: str, body: Any = None, **more: Any) -> httpx2.Response:
        """An action on the import as it was seen."""
        headers = {HEADER: more.pop("key", uuid4().hex)}
        path = f"/imports/{found['id']}/actions/{action}"
        version = more.pop("version", found["version"])
        return self.house.call(self.person, "POST", path, json=body, version=version, headers=headers)

    def apply(self, found: Mapping[str, Any], **body: Any) -> dict[str, Any]:
        """Write what was checked."""
        return self.outcome(self.act(found, "apply", body))

    def undo(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Take it back."""
        return self.outcome(self.act(found, "undo"))

    def outcome(self, accepted: httpx2.Response) -> dict[str, Any]:
        """Follow the operation to its end, then read the import."""
        assert accepted.status_code == 202, accepted.text
        operation = self.followed(accepted.headers["Location"])
        return self.house.get(self.person, operation["result"].removeprefix("/api/v1"))

    def followed(self, location: str) -> dict[str, Any]:
        """The operation once it has ended."""
        pause = threading.Event()
        for _ in range(_LOOKS):
            operation = self.house.get(self.person, location.removeprefix("/api/v1"))
            if operation["state"] in {"done", "failed"}:
                return operation
            # The worker is a thread of this process: let it work. Nobody sets the event; it is a wait with an end.
            pause.wait(0.02)
        raise AssertionError(f"still {operation}")

    def rows(self, found: Mapping[str, Any], **params: Any) -> list[dict[str, Any]]:
        """What was found of each row."""
        items: list[dict[str, Any]] = self.house.get(self.person, f"/imports/{found['id']}/rows", **params)["items"]
        return items

    def institution(self, key: str, **params: Any) -> dict[str, Any]:
        return self.house.get(self.person, f"/institutions/{key}", **params)

    def named(self, name: str) -> list[dict[str, Any]]:
        """Institutions that are found by a name."""
        items: list[dict[str, Any]] = self.house.get(self.person, "/institutions", q=name)["items"]
        return items


def a_clerk(house: House, region: str = COUNTY) -> Clerk:
    return Clerk(house, house.somebody(Role.CIVIL_AFFAIRS, region))
