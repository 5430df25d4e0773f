"""A bank's products: drafts keep what was typed, rules grow by presses alone, two people publish."""

from typing import Any

import pytest

from app.http.clock import today
from tests.access.town import Town
from tests.console.counter import Counter, a_slug, wording
from tests.console.desk import Form


@pytest.fixture
def counter(town: Town) -> Counter:
    """A bank of the test's own."""
    return Counter(town)


def test_a_new_product_keeps_what_was_typed_until_it_is_right(counter: Counter) -> None:
    form = counter.desk.get("/bank/products/new").form("/bank/products/new")
    typed: dict[str, Any] = {
        "slug": a_slug(),
        "name": "虚构护理贷",
        "summary": "虚构的产品",
        "subjects": ["institution"],
        "amount__low_yuan": "500,000",
        "amount__high_yuan": "100000",
        "term__low_months": "12",
        "term__high_months": "六十",
        "rate__kind": "fixed",
        "rate__low_percent": "3.1",
        "rate__high_percent": "4",
        "repayment_styles": ["bullet"],
        "valid_from": today().isoformat(),
    }
    wrong = form.send(**typed)
    assert wrong.status == 422
    assert "f-term-high_months" in wrong.wrong()
    assert ("amount/low_yuan", "500,000") in wrong.form("/bank/products/new").fields
    right = wrong.form("/bank/products/new").send(amount__high_yuan="5000000", term__high_months="60")
    assert right.path.endswith("/versions/1/rule")
    (made,) = counter.api("/products", bank=counter.lender.code)["items"]
    assert made["shown"]["amount"] == {"low_yuan": "500000.00", "high_yuan": "5000000.00"}
    assert (made["status"], made["shown"]["rate"]["kind"]) == ("draft", "fixed")


def rule_form(counter: Counter, key: str) -> Form:
    path = f"/bank/products/{key}/versions/1/rule"
    return counter.desk.get(path).form(path)


def pressed(form: Form, do: str, **typed: Any) -> Form:
    """The form after one press of one of its buttons."""
    return form.send(("do", do), **typed).form(form.action)


def test_a_rule_is_built_by_presses_alone_and_saved_as_it_reads(counter: Counter) -> None:
    key = counter.product(is_published=False, subjects=["institution"])
    form = pressed(rule_form(counter, key), "add-line requires")
    form = pressed(form, "show", **{"requires.0__fact": "institution.beds_total"})
    form = pressed(form, "add-group requires", **{"requires.0__op": "ge", "requires.0__value": "50"})
    form = pressed(form, "show", **{"requires.1.0__fact": "institution.kinds"})
    ticked: dict[str, Any] = {"requires.1.0__op": "overlaps", "requires.1.0__value": ["elderly_home", "nursing_home"]}
    form = pressed(form, "add-line requires.1", **ticked)
    form = pressed(form, "show", **{"requires.1.1__fact": "institution.filed"})
    shown = form.send(("do", "save"), **{"requires.1.1__value": "true", "requires.1.1__internal": "1"})
    assert "准入条件已保存" in shown.text
    stored = counter.api(f"/products/{key}/versions/1")
    assert stored["requires"] == {
        "op": "all",
        "of": [
            {"op": "ge", "fact": "institution.beds_total", "value": 50, "id": "own_beds_total"},
            {
                "op": "any",
                "of": [
                    {
                        "op": "overlaps",
                        "fact": "institution.kinds",
                        "values": ["elderly_home", "nursing_home"],
                        "id": "own_kinds",
                    },
                    {"op": "eq", "fact": "institution.filed", "value": True, "id": "own_filed"},
                ],
            },
        ],
    }
    assert stored["internal"] == ["own_filed"]
    said = "床位总数应不低于 50 张，并且（机构类别应有养老院、护理院中的至少一项，或者已备案应为是）。"
    assert said in shown.text


def test_a_wrong_value_is_told_at_its_line_and_nothing_is_saved(counter: Counter) -> None:
    key = counter.product(is_published=False, subjects=["institution"])
    form = pressed(rule_form(counter, key), "add-line requires")
    form = pressed(form, "show", **{"requires.0__fact": "institution.beds_total"})
    for do in ("save", "impact"):
        shown = form.send(("do", do), **{"requires.0__op": "ge", "requires.0__value": "一百二十"})
        assert (shown.status, shown.wrong()) == (422, ["f-requires-0-value"])
        assert "床位总数" in shown.text
        assert ("requires.0/value", "一百二十") in shown.form(form.action).fields
    assert counter.api(f"/products/{key}/versions/1")["requires"] is None


def test_the_impact_is_the_api_s_and_few_are_not_counted(counter: Counter) -> None:
    key = counter.product(is_published=False, subjects=["institution"])
    form = pressed(rule_form(counter, key), "add-line requires")
    form = pressed(form, "show", **{"requires.0__fact": "institution.beds_total"})
    shown = form.send(("do", "impact"), **{"requires.0__op": "ge", "requires.0__value": "50"})
    assert "改成这样以后，符合的有少于10家机构" in wording(shown)
    assert "还没有保存" in shown.text
    assert counter.api(f"/products/{key}/versions/1")["requires"] is None


def test_what_was_typed_meanwhile_by_a_colleague_is_not_overwritten(counter: Counter) -> None:
    key = counter.product(is_published=False, subjects=["institution"])
    mine = pressed(rule_form(counter, key), "add-line requires")
    path = f"/bank/products/{key}/versions/1/terms"
    theirs = counter.mate.get(path).form(path)
    assert "条款已保存" in theirs.send(name="虚构新名称").text
    mine = pressed(mine, "show", **{"requires.0__fact": "institution.filed"})
    shown = mine.send(("do", "save"), **{"requires.0__value": "true"})
    assert shown.status == 412
    assert counter.api(f"/products/{key}/versions/1")["requires"] is None
    assert "准入条件已保存" in shown.form(mine.action).send(("do", "save")).text


def test_a_draft_is_published_by_a_second_person_alone(counter: Counter) -> None:
    key = counter.product(is_published=False)
    path = f"/bank/products/{key}/versions/1/publish"
    mine = counter.desk.get(path)
    assert "还没有发布" in mine.text
    assert "请本单位另一位同事核对后发布" in mine.form(path).send().text
    theirs = counter.mate.get(path).form(path)
    assert "已发布" in theirs.send().text
    theirs.send()
    (version,) = counter.api(f"/products/{key}/versions")["items"]
    assert version["status"] == "published"
    drafted = counter.desk.get(f"/bank/products/{key}").form(f"/bank/products/{key}/draft").send()
    assert drafted.path == f"/bank/products/{key}/versions/2"
    gone = counter.desk.get(f"{drafted.path}/withdraw").form(f"{drafted.path}/withdraw").send()
    assert "已撤回" in gone.text
    assert [one["status"] for one in counter.api(f"/products/{key}/versions")["items"]] == ["published", "withdrawn"]
