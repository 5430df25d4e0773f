"""Coming in and going out, what a page says to whoever may not see it, and where a form may come from."""

from dataclasses import replace

import pytest
from fastapi import Request

from app.access.permissions import Role
from app.console import page
from app.http.clock import now
from app.store.tables import SignInSession
from tests.access.town import Town
from tests.console.desk import BROWSER, ORIGIN, sign_in


def test_the_start_page_is_for_everybody(town: Town) -> None:
    shown = sign_in(town, None).get("/")
    assert shown.status == 200
    assert "/login" in shown.links()


def test_whoever_is_not_signed_in_is_sent_to_the_door_and_back(town: Town) -> None:
    shown = sign_in(town, None).get("/account")
    assert shown.path == "/login"
    assert dict(shown.form("/sign-in/password").fields)["next"] == "/account"


@pytest.mark.parametrize("target", ["https://example.com/", "//example.com", "/\\example.com", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_after_signing_in(town: Town, target: str) -> None:
    shown = sign_in(town, None).get("/login", {"next": target})
    assert dict(shown.form("/sign-in/password").fields)["next"] == ""


def test_a_wrong_password_keeps_the_login_and_says_so(town: Town) -> None:
    form = sign_in(town, None).get("/login").form("/sign-in/password")
    shown = form.send(login="虚构的人", password="不对的密码")
    assert shown.status == 401
    assert shown.wrong() == ["f-login"]
    assert dict(shown.form("/sign-in/password").fields)["login"] == "虚构的人"
    assert "不对的密码" not in shown.response.text


def test_a_form_of_another_site_is_refused(town: Town) -> None:
    desk = sign_in(town, town.people.county)
    form = desk.get("/account").form("/sign-out/confirmed")
    foreign = BROWSER | {"sec-fetch-site": "cross-site", "cookie": f"__Host-yinqiao={desk.token}"}
    answer = desk.client.post(ORIGIN + form.action, data=dict(form.fields), headers=foreign)
    assert (answer.status_code, "其他网站" in answer.text) == (403, True)
    without = desk.post(form.action, {"csrf_token": "0" * 64})
    assert (without.status, "表单已失效" in without.text) == (403, True)
    assert desk.get("/account").status == 200


def test_the_token_of_a_form_is_never_written_twice_alike(town: Town) -> None:
    desk = sign_in(town, town.people.county)
    tokens = {dict(desk.get("/account").form("/sign-out/confirmed").fields)["csrf_token"] for _ in range(3)}
    assert len(tokens) == 3


def test_going_out_ends_the_session(town: Town) -> None:
    desk = sign_in(town, town.people.county)
    shown = desk.get("/account").form("/sign-out/confirmed").send()
    assert (shown.path, "您已退出" in shown.text) == ("/", True)
    assert desk.get("/account").path == "/login"


def test_what_was_typed_goes_through_the_door_when_the_session_has_ended(town: Town) -> None:
    desk = sign_in(town, town.people.county)
    form = desk.get("/account/password").form("/account/password")
    with town.house.owner.writing() as session:
        row = session.query(SignInSession).filter_by(account_id=town.people.county.account_id, ended_at=None).all()
        for one in row:
            one.ended_at, one.ended_because = now(), "signed_out"
    shown = form.send(current_password="虚构的旧密码", new_password="虚构的新密码一二三四五六七八九")
    assert (shown.status, "还没有提交" in shown.text) == (401, True)
    kept = dict(shown.form("/sign-in/password").fields)
    assert kept["next"] == "/account/password"
    assert "虚构的新密码一二三四五六七八九" not in shown.response.text, "no password is carried through a page"


def test_a_stranger_s_file_is_turned_away_unread(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    form = sign_in(town, town.people.county).get("/affairs/imports").form("/affairs/imports")

    async def read(request: Request) -> None:
        pytest.fail(f"the form of a stranger was read: {request.url}")

    monkeypatch.setattr(page, "read_form", read)
    stranger = replace(form, desk=sign_in(town, None))
    answer = stranger.send(files={"file": ("虚构.xlsx", b"PK" + bytes(10_000), "application/octet-stream")})
    assert (answer.status, answer.path) == (401, "/affairs/imports")


def test_a_page_that_is_not_there_and_one_that_is_not_for_somebody(town: Town) -> None:
    desk = sign_in(town, town.people.home)
    missing = desk.get("/no-such-page")
    assert (missing.status, missing.response.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert Role.INSTITUTION.value not in missing.text
    assert desk.get("/static/console.css").status == 200


def test_large_type_is_kept(town: Town) -> None:
    desk = sign_in(town, None)
    form = desk.get("/").form("/type-size")
    answer = desk.client.post(
        ORIGIN + "/type-size", data={**dict(form.fields), "size": "large"}, headers=BROWSER, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "yinqiao-type=large" in answer.headers["set-cookie"]
