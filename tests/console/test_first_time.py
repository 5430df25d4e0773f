"""An institution's first time: the code from its bureau makes an account, and whoever made it is in."""

from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from tests.access.town import Town
from tests.console.desk import Shown, sign_in

HERE: Final = "/sign-in/institution"
PASSWORD: Final = "虚构的六七个毫不相干的词语"


def a_code(town: Town, institution: UUID) -> str:
    """What the county hands over, as it stands on its page."""
    at = f"/affairs/register/{institution}/codes"
    page = sign_in(town, town.people.county).get(at).form(at).send().response.text
    return page.partition("<code>")[2].partition("</code>")[0]


def first_time(town: Town, given: str, /, **changed: Any) -> Shown:
    """What becomes of a code that somebody without an account types into the page that the door leads to."""
    door = sign_in(town, None).get("/login")
    assert HERE in door.links()
    typed: dict[str, Any] = {"login": f"xugou-{uuid4().hex[:8]}", "name": "虚构院长", "password": PASSWORD}
    return door.desk.get(HERE).form(HERE).send(**{"code": given} | typed | changed)


def test_whoever_has_a_code_makes_an_account_and_is_in(town: Town) -> None:
    code = a_code(town, town.hermit)
    full_width = str.maketrans("0123456789-", "０１２３４５６７８９－")
    shown = first_time(town, code.lower().translate(full_width))
    assert (shown.status, shown.path) == (200, "/mine"), shown.text
    again = first_time(town, code)
    assert (again.status >= 400, again.path) == (True, HERE)
    assert "代码" in again.text


@pytest.mark.parametrize(("field", "wrong"), [("code", "7KQ2M"), ("login", "虚构"), ("name", ""), ("password", "短")])
def test_what_is_wrong_is_said_beside_the_field_and_the_rest_is_kept(town: Town, field: str, wrong: str) -> None:
    shown = first_time(town, a_code(town, town.hermit), **{field: wrong})
    kept = dict(shown.form(HERE).fields)
    assert 400 <= shown.status < 500
    assert f"#f-{field}" in shown.links(), "the summary leads to the field"
    assert {name for name in ("code", "login", "name") if kept[name]} >= {"code", "login", "name"} - {field}
    assert PASSWORD not in shown.response.text
    assert "^[" not in shown.text, "a clerk is told in words, not in a pattern"
