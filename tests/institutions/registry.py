"""What the tests of this room say to the service, and fictional rows that are told apart by their serial."""

from collections.abc import Mapping
from itertools import count
from typing import Any

import httpx2
from fastapi.testclient import TestClient
from stdnum.cn import uscc as gb32100

API = "/api/v1/institutions"
COUNTY = "140105"
_SERIALS = count(1)


def a_uscc(prefix: str = "52") -> str:
    """A code that nobody has: a valid check digit after a reserved organisation code."""
    body = f"{prefix}140000X{next(_SERIALS):08d}"
    return body + gb32100.calc_check_digit(body)


def pointers(response: httpx2.Response) -> dict[str, str]:
    """Pointer to code of each refused value."""
    return {error["pointer"]: error["code"] for error in response.json()["errors"]}


class Registry:
    """The registry over HTTP; `facts` are written without their subject."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def post(
        self, name: str = "虚构康宁养老院", facts: Mapping[str, Any] | None = None, **body: Any
    ) -> httpx2.Response:
        stated = {"region_code": COUNTY} | dict(facts or {})
        keyed = {f"institution.{key}": value for key, value in stated.items()}
        return self.client.post(API, json={"name": name, "facts": keyed} | body)

    def add(self, name: str = "虚构康宁养老院", facts: Mapping[str, Any] | None = None, **body: Any) -> dict[str, Any]:
        response = self.post(name, facts, **body)
        assert response.status_code == 201, response.text
        added: dict[str, Any] = response.json()
        return added

    def patch(self, path: str, body: Mapping[str, Any], version: int) -> httpx2.Response:
        return self.client.patch(f"{API}/{path}", json=body, headers={"If-Match": f'"{version}"'})

    def amend(self, key: str, version: int, facts: Mapping[str, Any] | None = None, **body: Any) -> httpx2.Response:
        keyed = {f"institution.{name}": value for name, value in (facts or {}).items()}
        return self.patch(key, {"facts": keyed} | body, version)

    def get(self, path: str = "", **params: Any) -> dict[str, Any]:
        response = self.client.get(f"{API}/{path}" if path else API, params=params)
        assert response.status_code == 200, response.text
        got: dict[str, Any] = response.json()
        return got

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        response = self.client.post(f"{API}/{path}", json=body)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created


def values(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of an answer by the second word of their key."""
    return {key.partition(".")[2]: fact["value"] for key, fact in answer["facts"].items()}
