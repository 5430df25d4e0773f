"""Every page of every role, as wide as a desk, a phone and a small phone in large type: readable, reachable, its own.

Pages are found by following links from each role's menu; of many that differ in an id alone, one is looked at.
"""

import os
import re
from typing import Final

import pytest

from app.console.menus import MENUS, PUBLIC
from app.demo.people import PEOPLE
from tests.browser.sight import Sight

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{6}")
# One person of each role; a checker sees what the maker sees, a city what its counties see.
LOGINS: Final = ("", *(one.login for one in PEOPLE if "checker" not in one.login and one.login != "city"))
DESK, PHONE, SMALL = 1440, 390, 320
ON_PHONES: Final = ("", "institution")
AT_DESKS: Final = ("", "institution", "bank", "county", "province", "pboc", "auditor", "system-admin")
# `make pages` asks for all pages of everybody at every width, with axe each time.
ALL: Final = "YINQIAO_ALL_PAGES" in os.environ
_MOST: Final = 200 if ALL else 12
LOOKS: Final = [
    *((login, {"width": DESK}, True) for login in (LOGINS if ALL else AT_DESKS)),
    *((login, {"width": PHONE}, True) for login in (LOGINS if ALL else ON_PHONES[:1])),
    *((login, {"width": SMALL, "large": True}, ALL) for login in (LOGINS if ALL else ON_PHONES)),
]
# What leads out of the console; and the printed list, which is a sheet of paper.
# The same for whoever is signed in; looked at once, by nobody.
_EVERYBODYS: Final = re.compile(r"^/(policies|programmes|check|calculator|whitelist|sign-in)\b|^/$")
_NO_PAGE: Final = re.compile(r"^/sign-in/oidc|^/static/|/list\.html$")


def kind_of(path: str) -> str:
    """An address with its ids left out: the kind of page that it is."""
    return _ID.sub("*", path.partition("?")[0])


def crawl(sight: Sight, login: str, *, with_axe: bool) -> dict[str, list[str]]:
    """The faults of each kind of page that somebody can reach; raises AssertionError for a page that fails."""
    if login:
        sight.enter(login)
    start = [sight.path, *sight.links()]
    waiting, seen, faults = start, set[str](), dict[str, list[str]]()
    while waiting and len(seen) < _MOST:
        path = waiting.pop(0)
        kind = kind_of(path)
        if kind in seen or _NO_PAGE.search(kind) or "#" in path or (login and _EVERYBODYS.search(kind)):
            continue
        seen.add(kind)
        status = sight.go(path)
        if status is None:
            continue
        assert status in {200, 409, 422}, f"{login} {path}: {status}"
        if found := (sight.faults() if with_axe else sight.cheap_faults()):
            faults[path] = found
        sight.said.clear()
        waiting += sight.links()
    assert len(seen) > 3, f"{login} reached {seen} alone"
    return faults


@pytest.mark.timeout(1_200 if ALL else 120)
@pytest.mark.parametrize(
    ("login", "sight", "with_axe"),
    LOOKS,
    indirect=["sight"],
    ids=[f"{login or 'nobody'} at {window['width']}" for login, window, _ in LOOKS],
)
def test_every_page_is_readable_and_reachable(login: str, sight: Sight, with_axe: bool) -> None:
    assert crawl(sight, login, with_axe=with_axe) == {}


def test_no_menu_has_more_than_five_entries() -> None:
    assert max(map(len, (PUBLIC, *MENUS.values()))) <= 5
