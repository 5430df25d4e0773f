"""Whoever types nonsense into a form or an address is told so: no page falls over, nothing is echoed as markup.

Forms are found by following links, as somebody would come upon them; of many that differ in an id, one is tried.
"""

import os
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.access.permissions import Role
from app.programmes.seeds import Seeds
from tests.access.people import Person
from tests.access.town import Town, a_town
from tests.console.desk import Desk, Form, sign_in
from tests.databases import SqliteDatabases

MARKUP: Final = "<script>alert('虚构')</script>\"'"
NONSENSE: Final = {
    "nothing": "",
    "two signs": "--5",
    "too many digits": "9" * 5_000,
    "markup": MARKUP,
    "no day": "2026-02-30",
    "a foreign id": "01a1ff00-0000-7000-8000-000000000000",
    "full-width digits": "１２０",
    "lone surrogate and the like": "\ufffe\u202e\U0001f475",
}
# They end the session, or belong to no form of a page.
SPARED: Final = {"/sign-out/confirmed", "/type-size", "/login", "/sign-in/password"}
QUERIED: Final = ("cursor", "as_of", "q", "page_size", "product", "batch", "kind", "number", "of", "from", "to", "next")
CARRIED: Final = {"csrf_token", "idempotency_key", "version", "resume"}
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{6}")
# `make pages` tries all of it on every page; what is left out here is read by the same functions (test_forms.py).
ALL: Final = "YINQIAO_ALL_PAGES" in os.environ
_MOST: Final = 60 if ALL else 40
_TRIED: Final = list(NONSENSE.items())[: None if ALL else 5]


@pytest.fixture(scope="module")
def own_town(sqlite: SqliteDatabases, seeds: Seeds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with a_town(sqlite, seeds, tmp_path_factory.mktemp("attachments")) as made:
        yield made


def people_of(town: Town) -> list[Person | None]:
    """One of each role, and nobody."""
    house, people = town.house, town.people
    others = [house.somebody(role) for role in (Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)]
    named = (people.county, people.province, people.pboc, people.bank, people.home, people.finance, people.auditor)
    return [None, *named, people.system_admin, *others]


def kind_of(address: str) -> str:
    return _ID.sub("*", address.partition("?")[0])


def visited(desk: Desk) -> Iterator[tuple[str, list[Form]]]:
    """Every kind of page that somebody comes upon, with its forms."""
    first = desk.get("/home") if desk.token else desk.get("/")
    waiting, seen = [first.path, *first.links()], set[str]()
    while waiting and len(seen) < _MOST:
        address = waiting.pop(0)
        if not address.startswith("/") or address.startswith(("/api", "/static")) or kind_of(address) in seen:
            continue
        seen.add(kind_of(address))
        shown = desk.get(address.partition("#")[0])
        assert shown.status < 500, address
        yield address, shown.forms
        waiting += shown.links()


def fill_with_nonsense(form: Form, kind: str) -> None:
    """Each kind of nonsense in every field at once; and each must be answered by a page."""
    for name, text in _TRIED:
        typed: dict[str, Any] = {field.replace("/", "__"): text for field in form.names - CARRIED}
        shown = form.send(**typed)
        assert shown.status < 500, (kind, name)
        assert MARKUP[:17] not in shown.response.text, (kind, name)


def ask_for_nonsense(desk: Desk, address: str) -> None:
    """Every name that an address may carry, with something that is none of its values."""
    for text in ("--5", MARKUP, "2026-02-30"):
        shown = desk.get(address.partition("?")[0], dict.fromkeys(QUERIED, text))
        assert shown.status < 500, (address, text)
        assert MARKUP[:17] not in shown.response.text, (address, text)


# As long as there are pages, and longer on a busy machine.
@pytest.mark.timeout(300)
def test_no_page_falls_over_whatever_is_typed_into_its_forms_and_its_address(own_town: Town) -> None:
    forms, pages = set[str](), set[str]()
    for person in people_of(own_town):
        desk = sign_in(own_town, person)
        for address, found in visited(desk):
            if kind_of(address) not in pages:
                pages.add(kind_of(address))
                ask_for_nonsense(desk, address)
            for form in found:
                kind = f"{form.method} {kind_of(form.action)}"
                if kind not in forms and form.action.partition("?")[0] not in SPARED:
                    forms.add(kind)
                    fill_with_nonsense(form, kind)
    assert len(forms) > 60, forms
    assert len(pages) > 60, pages
