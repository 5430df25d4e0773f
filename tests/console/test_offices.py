"""The pages of the central bank, of auditors and of administrators: they show what the API answers, and ask before
they do what cannot be undone.
"""

import csv
import io
import re
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from app.access.permissions import Role
from app.config import Settings
from app.demo.codes import code_of
from app.demo.people import NoDemonstration
from app.http.clock import now, today
from app.store.tables import Account
from tests.access.people import Person
from tests.access.town import Town
from tests.console.desk import Desk, Shown, sign_in
from tests.referrals.scene import a_borrower, a_lender

_SERIALS = count(1)
YEAR = {"from": "2026-01-01", "to": "2026-12-31"}


@pytest.fixture
def pboc(town: Town) -> Desk:
    return sign_in(town, town.people.pboc)


@pytest.fixture(scope="session")
def security(town: Town) -> Person:
    return town.house.colleague(town.people.system_admin, Role.SECURITY_ADMIN)


def cells(shown: Shown) -> list[str]:
    """What stands in the cells of all tables."""
    rows = re.findall(r"<(?:td|th scope=\"row\")[^>]*>(.*?)</t[dh]>", shown.response.text, re.DOTALL)
    return [re.sub(r"<span aria-hidden.*?</span>|<[^>]+>|\s", "", one) for one in rows]


def fields(shown: Shown, action: str) -> dict[str, str]:
    return dict(shown.form(action).fields)


def pushes(town: Town) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = town.house.get(town.people.pboc, "/pushes", page_size=200)["items"]
    return found


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("finance", "/pboc", 403),
        ("county", "/pboc/pushes/new", 403),
        ("bank", "/pboc/rates", 403),
        ("home", "/statistics", 403),
        ("pboc", "/audit", 403),
        ("system_admin", "/statistics", 403),
        ("system_admin", "/keys", 403),
        ("finance", "/offices/new", 403),
        ("auditor", "/people", 200),
    ],
)
def test_a_page_is_for_whom_the_api_is(town: Town, who: str, path: str, status: int) -> None:
    assert sign_in(town, getattr(town.people, who)).get(path).status == status


def test_the_three_administrators_do_each_their_own(town: Town, security: Person) -> None:
    somebody = f"/people/{town.people.county.account_id}"
    system, guard = sign_in(town, town.people.system_admin), sign_in(town, security)
    for path, by_system, by_guard in (
        ("/roles", 403, 200),
        ("/start-password", 403, 200),
        ("/name", 200, 403),
        ("/close", 200, 403),
    ):
        assert (system.get(somebody + path).status, guard.get(somebody + path).status) == (by_system, by_guard), path
    assert {f"{somebody}/name", f"{somebody}/close"} <= set(system.get(somebody).links())
    assert {f"{somebody}/roles", f"{somebody}/start-password"} <= set(guard.get(somebody).links())
    assert not [link for link in guard.get(f"/people/{security.account_id}").links() if link.endswith("/roles")]


def test_nothing_is_pushed_before_it_was_chosen_seen_and_checked(town: Town, pboc: Desk) -> None:
    lender, _ = a_lender(town), a_borrower(town)
    before = len(pushes(town))
    chosen = pboc.get("/pboc/pushes/new").form("/pboc/pushes/preview")
    assert not {"batch", "bank"} & dict(chosen.fields).keys(), "no decision is preselected"
    nothing = chosen.send()
    assert (nothing.status, nothing.wrong()) == (422, ["f-batch", "f-bank"])

    seen = chosen.send(batch="all", bank=lender.code)
    (would,) = town.house.get(town.people.pboc, "/pushes/preview", bank=lender.code)["banks"]
    assert {str(would["items"]), str(would["counts"]["new"]), str(would["known"])} <= set(cells(seen))
    lines = pboc.get(f"/pboc/pushes/preview?batch=all&bank={lender.code}&lines={lender.code}")
    assert "虚构康宁养老院" in cells(lines)

    check = seen.form("/pboc/pushes/check").send(note="虚构的说明")
    assert "还没有推送" in check.text
    assert len(pushes(town)) == before

    form = check.form("/pboc/pushes")
    done, again = form.send(), form.send()
    assert done.path == again.path, "a press that comes twice pushes once"
    made = pushes(town)
    assert len(made) == before + 1
    assert done.path == f"/pboc/pushes/{made[0]['id']}"
    (delivery,) = made[0]["deliveries"]
    assert (made[0]["note"], delivery["items"]) == ("虚构的说明", would["items"])
    assert delivery["number"] in done.text
    assert "还没有签收" in done.text


def test_a_bank_that_has_everything_is_named_and_left_out(town: Town, pboc: Desk) -> None:
    lender, idle = a_lender(town), a_lender(town)
    town.house.post(town.people.pboc, "/pushes", {"banks": [idle.code]})
    asked = f"batch=all&bank={lender.code}&bank={idle.code}"
    shown = pboc.get(f"/pboc/pushes/preview?{asked}")
    assert "/pboc/pushes/check" not in [form.action for form in shown.forms]
    assert f"/pboc/pushes/preview?batch=all&bank={lender.code}" in shown.links()
    unknown = pboc.get("/pboc/pushes/preview?batch=all&bank=xugou-there-is-none")
    assert (unknown.status, unknown.wrong()) == (422, ["f-bank"])


def test_a_bank_is_registered_once_and_what_was_typed_stays(town: Town, pboc: Desk) -> None:
    code = f"xugou-registered-{next(_SERIALS)}"
    typed: dict[str, Any] = {"name": "虚构登记银行", "code": code, "kind": "village", "region_code": "140200"}
    form = pboc.get("/pboc/banks/new").form("/pboc/banks/new")
    assert form.send(**typed).wrong() == ["f-national"]
    assert code in form.send(**typed, national="false").text
    (row,) = [one for one in town.house.get(None, "/banks", page_size=200)["items"] if one["code"] == code]
    assert (row["name"], row["national"]) == ("虚构登记银行", False)
    taken = pboc.get("/pboc/banks/new").form("/pboc/banks/new").send(**typed, national="false")
    assert taken.status == 409
    assert fields(taken, "/pboc/banks/new")["name"] == "虚构登记银行"


def test_a_rate_is_checked_before_it_is_entered(town: Town, pboc: Desk) -> None:
    path = "/pboc/rates/benchmark_over_5y"
    series = town.house.get(None, "/reference-rates/benchmark_over_5y")
    shown = cells(pboc.get(path))
    assert all(f"{one['percent']}%" in shown for one in series["points"])
    day: dict[str, Any] = {"from": "2999-01-01"}
    form = pboc.get(f"{path}/new").form(f"{path}/check")
    check = form.send(percent="49", **day)
    assert "高44.1个百分点" in check.text.replace(" ", "")
    refused = check.form(f"{path}/new").send()
    assert (refused.status, refused.wrong()) == (422, ["f-from"])
    assert fields(refused, f"{path}/check")["percent"] == "49"
    mended = check.form(f"{path}/new").send(pressed=("resume", "1"))
    assert (mended.status, fields(mended, f"{path}/check")["from"]) == (200, "2999-01-01")
    assert town.house.get(None, "/reference-rates/benchmark_over_5y") == series, "nothing was entered"
    assert pboc.get("/pboc/rates/there_is_none").status == 404


def test_every_figure_of_the_statistics_is_the_apis(town: Town, pboc: Desk) -> None:
    for by in ("city", "bank", "month"):
        shown = pboc.get("/statistics", {"by": by, **YEAR})
        table = town.house.get(town.people.pboc, "/statistics", by=by, **YEAR)
        there = cells(shown)
        at = 0
        for row in [*table["rows"], table["total"]]:
            expected = [row["label"], *(_count(row[name]) for name in ("listed", "pushed", "contacted", "decided"))]
            at = there.index(expected[0], at)
            assert there[at : at + len(expected)] == expected
    cell = next(link for link in shown.links() if "cell=pushed:total" in link)
    rows = town.house.get(town.people.pboc, "/statistics/rows", by="month", cell="pushed:total", total=True, **YEAR)
    assert f"共 {rows['total']} 条" in pboc.get(cell.replace("%3A", ":")).text


def _count(value: int | None) -> str:
    return "没有" if value is None else f"{value:,}"


def test_small_numbers_are_kept_back_in_words_from_whoever_may_not_see_cases(town: Town) -> None:
    desk = sign_in(town, town.people.finance)
    shown = desk.get("/statistics", {"by": "city", "from": "2026-01-01"})
    table = town.house.get(town.people.finance, "/statistics", by="city", **{"from": "2026-01-01"})
    hidden = [name for row in table["rows"] for name in row["withheld"]]
    assert hidden
    drawn = [one for one in cells(shown) if one == "隐去"]
    assert len(drawn) == len(hidden) + len(table["total"]["withheld"])
    assert not [link for link in shown.links() if "/statistics/rows" in link]
    assert not {"region", "kind", "bank"} & shown.form("/statistics").names
    narrowed = desk.get("/statistics", {"by": "city", "from": "2026-01-01", "region": "140100"})
    assert (narrowed.status, narrowed.wrong()) == (422, ["f-region"])
    assert desk.get("/statistics/rows?by=city&cell=pushed:total").status == 403


def test_the_file_of_a_table_is_the_same_table(town: Town, pboc: Desk) -> None:
    shown = pboc.get("/statistics", {"by": "city", **YEAR})
    link = next(one for one in shown.links() if one.endswith("format=csv"))
    answer = pboc.get(link).response
    assert answer.headers["content-type"].startswith("text/csv")
    heading, *lines = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    table = town.house.get(town.people.pboc, "/statistics", by="city", **YEAR)
    assert heading == list(table["columns"].values())
    assert [line[3] for line in lines] == [str(row["pushed"]) for row in [*table["rows"], table["total"]]]


def test_the_trail_is_shown_as_it_is_and_one_event_with_before_and_after(town: Town) -> None:
    person = town.house.somebody(Role.FINANCE)
    path = f"/people/{person.account_id}"
    form = sign_in(town, town.people.system_admin).get(f"{path}/name").form(f"{path}/name")
    assert form.send(name="虚构改过的姓名").path == path
    desk = sign_in(town, town.people.auditor)
    shown = desk.get("/audit", {"object_id": str(person.account_id)})
    events = town.house.get(town.people.auditor, "/audit-events", object_id=str(person.account_id))["items"]
    addresses = [f"/audit/{one['id']}" for one in events]
    assert [link for link in shown.links() if re.fullmatch(r"/audit/[0-9a-f-]{36}", link)] == addresses
    renamed = next(one for one in events if one["action"] == "amend_user")
    values = renamed["changes"][0]["fields"]["name"]
    event = desk.get(f"/audit/{renamed['id']}")
    place = cells(event).index("名称")
    assert cells(event)[place + 1 : place + 3] == [values["before"], values["after"]] != ["—", "—"]
    assert renamed["hash"] in event.text


def test_a_filter_of_the_trail_that_fits_nobody_says_so(town: Town) -> None:
    desk = sign_in(town, town.people.auditor)
    shown = desk.get("/audit", {"login": "xugou.nobody", "from": "上周"})
    assert (shown.status, shown.wrong()) == (422, ["f-from", "f-login"])
    with town.house.owner.reading() as session:
        login = session.get_one(Account, town.people.pboc.account_id).login
    assert desk.get("/audit", {"login": login}).status == 200
    empty = desk.get("/audit", {"action": "add_push", "outcome": "refused", "object_type": "bank"})
    assert "没有符合这些条件的记录" in empty.text


def test_a_seal_says_where_it_went(town: Town) -> None:
    admin = town.house.colleague(town.people.system_admin, Role.AUDIT_ADMIN)
    before = town.house.get(town.people.auditor, "/audit-seals", total=True)["total"]
    desk = sign_in(town, admin)
    shown = desk.get("/audit/seals").form("/audit/seals").send()
    assert "没有设定送到哪里" in shown.text
    assert town.house.get(admin, "/audit-seals", total=True)["total"] == before + 1
    assert "/audit/seals" not in [one.action for one in sign_in(town, town.people.auditor).get("/audit/seals").forms]


def test_only_the_demonstration_says_the_code_of_a_second_factor(town: Town) -> None:
    person, owner = town.house.somebody(Role.FINANCE), town.house.owner
    shown = sign_in(town, person).get("/account/second-factor")
    assert "此刻的验证码" not in shown.text
    settings: Settings = town.house.client.app.state.settings
    with pytest.raises(NoDemonstration):
        code_of(owner, person.account_id, now(), settings)
    demo = settings.model_copy(update={"demo": True, "database_url": "sqlite:///demo.db"})
    code = code_of(owner, person.account_id, now(), demo)
    assert code is not None
    assert "第二因素已启用" in shown.form("/account/second-factor").send(code=code).text
    assert code_of(owner, person.account_id, now(), demo) != code, "one that was taken is good no more"


def test_from_a_new_person_to_a_first_password_that_is_shown_once(town: Town, security: Person) -> None:
    office = str(town.people.finance.organisation_id)
    login = f"xugou.new-{next(_SERIALS)}"
    system, guard = sign_in(town, town.people.system_admin), sign_in(town, security)
    form = system.get(f"/people/new?organisation={office}").form("/people/new")
    wrong = form.send(name="虚构新人", login="A")
    assert (wrong.status, wrong.wrong()) == (422, ["f-login"])
    assert fields(wrong, "/people/new")["name"] == "虚构新人"
    made = form.send(name="虚构新人", login=login)
    path = made.path
    assert path == form.send(name="虚构新人", login=login).path, "sent twice, made once"

    roles = guard.get(f"{path}/roles").form(f"{path}/roles")
    assert roles.names >= {"roles"}
    assert guard.get(f"{path}/roles").text.count("财政工作人员") == 1
    stale = guard.get(f"{path}/roles").form(f"{path}/roles")
    assert "财政工作人员" in roles.send(roles="finance").text
    late = stale.send(roles=[])
    assert (late.status, "被他人修改" in late.text) == (412, True)

    give = guard.get(f"{path}/start-password").form(f"{path}/start-password")
    shown, again = give.send(), give.send()
    (password,) = re.findall(r"<p class=\"secret\"><code>([^<]+)</code>", shown.response.text)
    assert shown.response.headers["cache-control"] == "no-store"
    assert password not in again.response.text
    assert "不再显示" in again.text
    opened = town.house.call(None, "POST", "/sessions", json={"login": login, "password": password})
    assert opened.json()["owed"] == ["new_password"]


def test_an_account_ends_after_a_check_and_only_with_its_work_in_other_hands(town: Town) -> None:
    person = town.house.somebody(Role.FINANCE)
    mate = town.house.colleague(person, Role.FINANCE)
    path = f"/people/{person.account_id}"
    system = sign_in(town, town.people.system_admin)
    asked = system.get(f"{path}/close").form(f"{path}/close/check")
    assert asked.send(reason="虚构的调离").wrong() == ["f-hand_over_to"], "nobody is chosen unasked"
    check = asked.send(reason="虚构的调离", hand_over_to="handed_over")
    refused = check.form(f"{path}/close").send()
    assert (refused.status, refused.wrong()) == (409, ["f-hand_over_to"])
    assert fields(refused, f"{path}/close/check")["reason"] == "虚构的调离"
    check = asked.send(reason="虚构的调离", hand_over_to=str(mate.account_id))
    assert town.house.get(town.people.system_admin, f"/users/{person.account_id}")["closed_at"] is None
    assert "已停用" in check.form(f"{path}/close").send().text
    (handed,) = town.house.get(town.people.system_admin, "/handovers", user_id=str(person.account_id))["items"]
    assert UUID(handed["to_user_id"]) == mate.account_id
    assert handed["reason"] in system.get("/people/handovers").text


def test_a_key_is_shown_once_works_and_ends(town: Town, security: Person) -> None:
    person = town.house.somebody(Role.FINANCE)
    desk = sign_in(town, security)
    form = desk.get(f"/keys/new?user_id={person.account_id}").form("/keys/new")
    assert form.send(name="虚构程序").wrong() == ["f-permissions", "f-expires_on"]
    issue: dict[str, Any] = {"name": "虚构程序", "permissions": "statistics.read", "expires_on": _in_a_month()}
    shown, again = form.send(**issue), form.send(**issue)
    (key,) = re.findall(r"<p class=\"secret\"><code>([^<]+)</code>", shown.response.text)
    assert key not in again.response.text
    headers = {"Authorization": f"Bearer {key}"}
    assert town.house.client.get("/api/v1/statistics?by=city", headers=headers).status_code == 200
    listed = desk.get(f"/keys?user_id={person.account_id}")
    check = next(one for one in listed.forms if one.action.endswith("/check")).send()
    assert "还没有停用" in check.text
    (revoke,) = [one for one in check.forms if one.action.endswith("/revoke")]
    assert "密钥已停用" in revoke.send().text
    assert town.house.client.get("/api/v1/statistics?by=city", headers=headers).status_code == 401


def _in_a_month() -> str:
    """A day that the API takes, as the clock of the service has it."""
    return (today() + timedelta(days=30)).isoformat()


def test_an_office_is_added_renamed_and_closed(town: Town) -> None:
    desk = sign_in(town, town.people.system_admin)
    serial = next(_SERIALS)
    form = desk.get("/offices/new?kind=audit").form("/offices/new")
    typed: dict[str, Any] = {"name": "虚构审计局", "code": f"xugou-audit-{serial}", "region_code": "140100"}
    refused = form.send(**typed)
    assert (refused.status, refused.wrong()) == (422, ["f-parent_id"])
    assert fields(refused, "/offices/new")["name"] == "虚构审计局"
    above = str(town.people.auditor.organisation_id)
    made = form.send(**typed, parent_id=above)
    name = desk.get(f"{made.path}/name").form(f"{made.path}/name")
    assert "虚构市审计局" in name.send(name="虚构市审计局").text
    stored = town.house.get(town.people.system_admin, made.path.replace("/offices", "/organisations"))
    assert (stored["name"], stored["parent_id"]) == ("虚构市审计局", above)
    assert "已停用" in desk.get(f"{made.path}/close").form(f"{made.path}/close").send().text
