"""The console's cookie: where it counts, what vouches for it, and that nobody can plant one."""

from collections.abc import Iterator
from itertools import product

import pytest
import time_machine
from sqlalchemy import select

from app.access.credentials import new_token
from app.access.same_origin import CSRF_HEADER
from app.store.tables import AuditEvent
from tests.access.door import COOKIE, ORIGIN, OWN_PAGE, PASSWORD, START, Browser, Door, User, a_door
from tests.access.house import refused
from tests.databases import Databases

FOREIGN = "https://evil.example"
SITES = ("same-origin", "same-site", "cross-site", None)
ORIGINS = (ORIGIN, FOREIGN, None)
# Fetch-Metadata alone or Origin alone is enough, if neither of them says otherwise; nothing at all is not.
COMBINATIONS = [
    (site, origin, site in {"same-origin", None} and origin in {ORIGIN, None} and (site, origin) != (None, None))
    for site, origin in product(SITES, ORIGINS)
]


@pytest.fixture(scope="module")
def door(databases: Databases) -> Iterator[Door]:
    yield from a_door(databases)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(START, tick=False):
        yield


@pytest.fixture(scope="module")
def user(door: Door) -> User:
    with time_machine.travel(START, tick=False):
        return door.user()


def said(site: str | None, origin: str | None) -> dict[str, str]:
    named = {"Sec-Fetch-Site": site, "Origin": origin}
    return {name: value for name, value in named.items() if value is not None}


def sign_out(door: Door, browser: Browser, headers: dict[str, str]) -> int:
    own = {"Cookie": f"{COOKIE}={browser.cookie}", CSRF_HEADER: browser.csrf_token}
    return door.call("POST", "/sign-out", headers=own | headers).status_code


def test_the_cookie_is_for_this_host_tls_and_no_script(door: Door, user: User) -> None:
    answer = door.call("POST", "/sign-in", json={"login": user.login, "password": PASSWORD}, headers=OWN_PAGE)
    value, *attributes = answer.headers["set-cookie"].split("; ")
    assert value.startswith("__Host-yinqiao=yqs_")
    assert {one.lower() for one in attributes} == {"secure", "httponly", "samesite=lax", "path=/"}
    assert "token" not in answer.json()


def test_twelve_combinations_are_the_whole_table() -> None:
    assert len(COMBINATIONS) == 12
    assert sum(passes for *_, passes in COMBINATIONS) == 3


@pytest.mark.parametrize(("site", "origin", "passes"), COMBINATIONS)
def test_only_our_own_pages_sign_in(door: Door, user: User, site: str | None, origin: str | None, passes: bool) -> None:
    body = {"login": user.login, "password": PASSWORD}
    answer = door.call("POST", "/sign-in", json=body, headers=said(site, origin))
    assert answer.status_code == (200 if passes else 403)
    assert ("set-cookie" in answer.headers) is passes


@pytest.mark.parametrize(("site", "origin", "passes"), COMBINATIONS)
def test_only_our_own_pages_sign_out(
    door: Door, user: User, site: str | None, origin: str | None, passes: bool
) -> None:
    browser = door.browser(user)
    assert sign_out(door, browser, said(site, origin)) == (200 if passes else 403)
    # Whoever was refused has ended nothing.
    assert sign_out(door, browser, OWN_PAGE) == (401 if passes else 200)


def test_a_foreign_page_that_was_refused_is_on_record(door: Door) -> None:
    user = door.user()
    browser = door.browser(user)
    sign_out(door, browser, {"Sec-Fetch-Site": "cross-site", "Origin": FOREIGN})
    asked = select(AuditEvent.action).where(AuditEvent.account_id == user.id, AuditEvent.outcome == "refused")
    with door.owner.reading() as session:
        assert session.scalars(asked).all() == ["console_sign_out"]


@pytest.mark.parametrize(("mode", "status"), [("navigate", 200), ("cors", 200), ("no-cors", 403), ("websocket", 403)])
def test_pictures_and_plug_ins_do_not_sign_out(door: Door, user: User, mode: str, status: int) -> None:
    assert sign_out(door, door.browser(user), OWN_PAGE | {"Sec-Fetch-Mode": mode}) == status


@pytest.mark.parametrize("origin", ["null", "http://testserver.evil.example", "https://testserver:8443", "testserver"])
def test_an_origin_that_only_looks_like_ours_is_foreign(door: Door, user: User, origin: str) -> None:
    assert sign_out(door, door.browser(user), {"Sec-Fetch-Site": "same-origin", "Origin": origin}) == 403


def test_a_form_carries_the_token_of_its_own_session(door: Door, user: User) -> None:
    first, second = door.browser(user), door.browser(user)
    cookie = {"Cookie": f"{COOKIE}={first.cookie}", **OWN_PAGE}
    for wrong in ("", second.csrf_token, "é"):
        answer = door.call("POST", "/sign-out", data={"csrf_token": wrong}, headers=cookie)
        assert refused(answer) == (403, "csrf_token_wrong")
    assert door.call("POST", "/sign-out", data={"csrf_token": first.csrf_token}, headers=cookie).status_code == 200


def test_a_form_signs_in_like_json(door: Door, user: User) -> None:
    form = {"login": user.login, "password": PASSWORD, "code": ""}
    assert door.call("POST", "/sign-in", data=form, headers=OWN_PAGE).status_code == 200
    answer = door.call("POST", "/sign-in", data={"login": user.login}, headers=OWN_PAGE)
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/password"]
    twice = b"login=a&login=b&password=c"
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    assert door.call("POST", "/sign-in", content=twice, headers=OWN_PAGE | form_type).status_code == 415
    assert (
        door.call("POST", "/sign-in", content=b"{}", headers=OWN_PAGE | {"Content-Type": "text/plain"}).status_code
        == 415
    )


def test_the_cookie_is_nothing_to_the_api_and_a_token_nothing_to_the_console(door: Door, user: User) -> None:
    browser = door.browser(user)
    cookie = {"Cookie": f"{COOKIE}={browser.cookie}", **OWN_PAGE}
    assert door.call("GET", "/api/v1/sessions/current", headers=cookie).status_code == 401
    # Nor does the cookie's token work in the header, or the header's in a cookie.
    assert door.call("GET", "/api/v1/sessions/current", browser.cookie).status_code == 401
    token = door.token(user)
    assert sign_out(door, Browser(token, browser.csrf_token), OWN_PAGE) == 401
    assert door.call("POST", "/sign-out", token, headers=OWN_PAGE).status_code == 401


def test_a_session_that_was_planted_is_not_the_one_that_is_opened(door: Door, user: User) -> None:
    planted = new_token()
    browser = door.browser(user, Cookie=f"{COOKIE}={planted}")
    assert browser.cookie != planted
    assert sign_out(door, Browser(planted, browser.csrf_token), OWN_PAGE) == 401


def test_signing_in_again_ends_the_session_that_came_along(door: Door, user: User) -> None:
    # The attacker's own living session, planted in the victim's browser, dies as the victim signs in.
    attackers = door.browser(door.user())
    victims = door.browser(user, Cookie=f"{COOKIE}={attackers.cookie}")
    assert sign_out(door, attackers, OWN_PAGE) == 401
    assert sign_out(door, victims, OWN_PAGE) == 200


def test_a_cookie_that_is_sent_again_after_signing_out_is_refused(door: Door, user: User) -> None:
    browser = door.browser(user)
    answer = door.call("POST", "/sign-out", headers=browser.headers)
    assert answer.status_code == 200
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert refused(door.call("POST", "/sign-out", headers=browser.headers)) == (401, "credential_refused")


def test_other_roles_are_another_session(door: Door) -> None:
    user = door.user()
    browser = door.browser(user)
    door.change(user, role_stamp=2)
    assert sign_out(door, browser, OWN_PAGE) == 401


def test_a_token_in_an_address_is_refused(door: Door, user: User) -> None:
    token = door.token(user)
    answer = door.call("GET", f"/api/v1/sessions/current?token={token}", token)
    assert refused(answer) == (400, "credential_in_address")
