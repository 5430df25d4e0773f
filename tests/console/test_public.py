"""What anybody sees: the self-check asks what decides most and stores nothing; results say what the API says."""

import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlalchemy import select
from starlette.datastructures import QueryParams

from app.console.charts import bars, step_for
from app.console.offers import ledger
from app.console.public.check_answers import KINDS, Answers, answers_of, next_fact, undecided, yuan_of
from app.http.clock import now
from app.store.tables import Clause, ClauseText, PolicyDocument
from tests.access.town import Town
from tests.console.desk import Desk, Form, Shown, sign_in

FACTS: dict[str, Any] = {
    "institution.region_code": "140105",
    "institution.kinds": ["elderly_home"],
    "need.amount_yuan": "3000000",
}
ANSWERED = (
    "kind=institution&institution.region_code=140105&institution.kinds=elderly_home"
    "&institution.for_profit=&need.amount_yuan=300"
)
LOAN: dict[str, Any] = {
    "principal_yuan": "800",
    "drawn_on": "2024-07-01",
    "due_on": "2028-07-01",
    "contract_rate_percent": "4.35",
    "repayment_style": "equal_instalment",
}


@pytest.fixture(scope="module")
def desk(town: Town) -> Desk:
    """Somebody who has no account."""
    return sign_in(town, None)


def checked(town: Town, facts: dict[str, Any]) -> dict[str, Any]:
    """What the API says of facts."""
    return town.house.post(None, "/eligibility-checks", {"facts": facts}, status=200)


def quoted(town: Town, **more: Any) -> dict[str, Any]:
    """What the API says of the loan."""
    body = LOAN | {"principal_yuan": "8000000"} | more
    return town.house.post(None, "/interest-subsidy-quotes", body, status=200)


def question(shown: Shown) -> Form:
    """The form of the question that a page asks."""
    return next(form for form in shown.forms if form.action.startswith("/check/"))


def asked_for(shown: Shown) -> list[str]:
    """The facts that a page carries or asks, in the order of the page."""
    return list(
        dict.fromkeys(re.findall(r'name="((?:institution|project|need|loan|whitelist)\.\w+)"', shown.response.text))
    )


# The self-check


def test_the_first_question_is_the_fact_for_which_most_offers_wait(town: Town, desk: Desk) -> None:
    kind = desk.get("/check")
    assert {one.code for one in KINDS} == set(re.findall(r'name="kind" value="(\w+)"', kind.response.text))
    assert " checked" not in kind.response.text
    nobody = kind.form("/check/1").send()
    assert (nobody.status, nobody.wrong()) == (422, ["f-kind"])
    shown = desk.get("/check/1", {"kind": "institution"})
    missing = [fact for one in undecided(checked(town, {})) for fact in one["missing"]]
    assert asked_for(shown) == [max(set(missing), key=missing.count)]


def test_whoever_skips_every_question_gets_to_the_end_and_knows_nothing(desk: Desk) -> None:
    shown = desk.get("/check/1", {"kind": "kangyang"})
    for number in range(1, 13):
        assert f"第 {number} 题" in shown.text
        assert len(asked_for(shown)) == number
        shown = desk.get(next(one for one in shown.links() if one.startswith(f"/check/{number + 1}?")))
    assert shown.path == "/check/result"
    assert "没有回答" in shown.text
    shown = desk.get(next(one for one in shown.links() if one.startswith("/check/13?")))
    assert (shown.path, "第 13 题" in shown.text) == ("/check/13", True)


def test_an_answer_is_kept_when_one_goes_back_and_may_be_changed(desk: Desk) -> None:
    shown = desk.get(f"/check/2?{ANSWERED}")
    assert dict(question(shown).fields)["institution.region_code"] == "140105"
    assert ("institution.kinds", "elderly_home") in question(shown).fields
    assert ("need.amount_yuan", "300") in question(shown).fields
    ticked: dict[str, Any] = {"institution.kinds": ["day_care", "elderly_home"]}
    shown = question(shown).send(**ticked)
    assert shown.path == "/check/3"
    result = desk.get(f"/check/result?{urlsplit(str(shown.response.url)).query}")
    assert "日间照料中心" in result.text
    assert "300 万元" in result.text


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [("need.amount_yuan", "3x0", "单位是万元"), ("institution.beds_total", "很多", "“床位总数”要填数字")],
)
def test_what_cannot_be_read_is_asked_again_with_what_to_write(desk: Desk, key: str, typed: str, said: str) -> None:
    shown = desk.get("/check/3", {"kind": "institution", "institution.region_code": "140105", key: typed})
    assert shown.status == 422
    assert shown.wrong() == ["f-facts-" + key.replace(".", "-")]
    assert said in shown.text
    assert dict(question(shown).fields) | {"kind": "institution"} == {
        "kind": "institution",
        "institution.region_code": "140105",
        key: typed,
    }
    mended: dict[str, Any] = {key: "12"}
    assert question(shown).send(**mended).status == 200
    assert desk.get("/check/result", {"kind": "institution", key: typed}).status == 422


def test_questions_are_never_about_what_only_an_office_can_say(town: Town) -> None:
    catalogue = {one["key"]: one for one in town.house.get(None, "/facts")["items"]}
    for kind in KINDS:
        answers, seen = Answers(kind), []
        for _ in range(14):
            found = checked(town, answers.facts(catalogue))
            following = next_fact(found, answers, catalogue)
            if following is None:
                break
            seen.append(following[0])
            answers = Answers(kind, (*answers.given, (following[0], ())))
        assert len(seen) == len(set(seen))
        assert not [key for key in seen if catalogue[key]["type"] == "attestation" or "@" in key]
        assert not [key for key in seen if key.startswith(kind.never or "-")]


def test_an_address_of_nonsense_is_no_answer(desk: Desk, town: Town) -> None:
    assert desk.get("/check/result", {"kind": "nobody"}).path == "/check"
    assert desk.get("/check/0", {"kind": "institution"}).path == "/check"
    assert desk.get("/check/x", {"kind": "institution"}).status in {404, 422}
    catalogue = {one["key"]: one for one in town.house.get(None, "/facts")["items"]}
    known = answers_of(QueryParams("kind=facility&zz=1&project.beds=10&institution.stable_cash_flow=true"), catalogue)
    assert known is not None
    assert known.given == (("project.beds", ("10",)),)
    assert known.facts(catalogue) == {"project.is_kangyang": False, "project.beds": "10"}


@pytest.mark.parametrize(("typed", "yuan"), [("800", "8000000"), ("1,200.5万元", "12005000.0"), ("多", "多")])
def test_what_is_typed_in_wan_is_asked_in_yuan(typed: str, yuan: str) -> None:
    assert yuan_of(typed) == yuan


# The result


def test_the_result_is_what_the_api_says(town: Town, desk: Desk) -> None:
    shown, found = desk.get(f"/check/result?{ANSWERED}"), checked(town, FACTS)
    offers = [*found["programmes"], *found["products"]]
    assert offers
    for one in offers:
        assert f'id="offer-{one["slug"]}"' in shown.response.text
        assert one["name"] in shown.text
        for condition in one["conditions"]:
            assert condition["label"] in shown.text
            assert condition["own"] is None or condition["own"] in shown.text
    fits = [one for one in offers if one["outcome"] in {"eligible", "in_scope"} and one["window"] != "closed"]
    assert f"符合条件（{len(fits)} 项）" in shown.text
    assert found["disclaimer"] in shown.text


def test_summaries_are_called_so_and_nothing_passes_for_the_original(town: Town, desk: Desk) -> None:
    for path in (
        f"/check/result?{ANSWERED}",
        "/policies/jinzhengbanfa-2022-37",
        "/programmes/kangyang-interest-subsidy",
    ):
        page = desk.get(path).response.text
        assert "<blockquote" not in page
        assert page.count("摘要：") > 0
    clauses = town.house.get(None, "/policies/jinzhengbanfa-2022-37")["clauses"]
    shown = desk.get("/policies/jinzhengbanfa-2022-37")
    assert all(one["summary"] in shown.text and one["title"] in shown.text for one in clauses)


def test_the_official_text_stands_as_a_quotation_where_it_was_loaded(town: Town, desk: Desk) -> None:
    text = "虚构的原文，只为看它怎样排。"
    with town.house.owner.writing() as session:
        document = session.scalars(select(PolicyDocument).filter_by(slug="yangzhengbanfa-2025-37")).one()
        clause = session.scalars(select(Clause).filter_by(document_id=document.id).order_by(Clause.key)).first()
        assert clause is not None
        loaded = clause.id
        session.add(ClauseText(clause_id=loaded, text=text, source_sha256="0" * 64, loaded_at=now()))
    page = desk.get("/policies/yangzhengbanfa-2025-37").response.text
    assert re.findall(r"<blockquote[^>]*><p>(.*?)</p>", page) == [text]
    with town.house.owner.writing() as session:
        session.delete(session.get_one(ClauseText, loaded))


def test_what_is_unknown_is_never_called_no(desk: Desk) -> None:
    shown = desk.get("/check/result", {"kind": "institution"})
    assert "不满足" not in shown.text
    assert "待确认" in shown.text


def test_of_a_group_of_which_one_is_enough_the_others_do_not_decide() -> None:
    def condition(alternative: str | None, truth: str) -> dict[str, Any]:
        cited = {"label": "虚构一条", "summary": None, "clause": None, "document": ""}
        group = None if alternative is None else "/of/0"
        return {
            "truth": truth,
            "any_of": group,
            "alternative": alternative,
            "citation": cited,
            "label": "a",
            "wanted": "b",
        }

    rows = [condition(None, "true"), condition("/a", "true"), condition("/b", "false"), condition("/b", "unknown")]
    drawn = ledger({"conditions": rows})
    assert [(one.is_choice, [row.part for row in one.rows]) for one in drawn.groups] == [
        (False, [""]),
        (True, ["甲", "乙", "乙"]),
    ]
    assert [row.tint for one in drawn.groups for row in one.rows] == ["", "", "", ""]
    undecided_rows = ledger({"conditions": [condition("/a", "unknown"), condition("/b", "false")]})
    assert [row.tint for one in undecided_rows.groups for row in one.rows] == ["warn", "bad"]


# The calculator


def test_a_result_is_the_apis_and_stands_in_its_address(town: Town, desk: Desk) -> None:
    form = desk.get("/calculator").form("/calculator")
    shown, answer = form.send(**LOAN), quoted(town)
    assert shown.status == 200
    asked = parse_qs(urlsplit(str(shown.response.url)).query)
    assert asked["principal_yuan"] == ["800"]
    for year in answer["years"]:
        assert f"{Decimal(year['subsidy_yuan']):,.2f}" in shown.text
        assert year["formula"] in shown.text
    for one in answer["reading_words"]:
        assert one["note"] in shown.text
    for one in answer["range"]["readings"]:
        assert one["name"] in shown.text
    for note in answer["notes"]:
        assert note in shown.text
    assert f"{Decimal(answer['subsidy_yuan']) / 10_000:.2f} 万元" in shown.text
    assert "data-focus" in shown.response.text


def test_another_reading_is_asked_by_its_name(town: Town, desk: Desk) -> None:
    readings = town.house.get(None, "/programmes/kangyang-interest-subsidy")["readings"]["readings"]
    other = next(one for one in readings if one["slug"] == "lpr-1y")
    shown = desk.get("/calculator", LOAN | {"reading": "lpr-1y"})
    answer = quoted(town, reading=other["reading"])
    assert f"{Decimal(answer['subsidy_yuan']):,.2f}" in shown.text
    assert "所选口径" in shown.text


def test_a_wrong_loan_keeps_what_was_typed_and_says_what_to_write(desk: Desk) -> None:
    shown = desk.get("/calculator", LOAN | {"principal_yuan": "八百", "due_on": "", "contract_rate_percent": ""})
    assert shown.status == 422
    assert shown.wrong() == ["f-principal_yuan", "f-due_on"]
    assert "单位是万元，例如 800" in shown.text
    fields = dict(shown.form("/calculator").fields)
    assert (fields["principal_yuan"], fields["drawn_on"]) == ("八百", "2024-07-01")
    shown = desk.get("/calculator", LOAN | {"contract_rate_percent": ""})
    assert shown.wrong() == ["f-contract_rate_percent"]
    shown = desk.get("/calculator", LOAN | {"due_on": "2020-01-01"})
    assert "到期日应晚于放款日" in shown.text


def test_a_floating_rate_before_there_was_an_lpr_is_asked_for_in_words(desk: Desk) -> None:
    floating = {"contract_rate/lpr": "1y", "contract_rate/basis_points": "10", "contract_rate/reset": "anniversary"}
    old = LOAN | floating | {"contract_rate_percent": "", "drawn_on": "2018-01-01"}
    shown = desk.get("/calculator", old)
    assert shown.wrong() == ["f-contract_rate-lpr"]
    assert "initial_rate_percent" not in shown.text
    assert desk.get("/calculator", old | {"contract_rate/initial_rate_percent": "4.9"}).status == 200


@pytest.mark.parametrize(("most", "step"), [("0", "1"), ("38", "10"), ("40", "10"), ("41", "20"), ("0.7", "0.2")])
def test_the_scale_ends_at_a_round_number(most: str, step: str) -> None:
    assert step_for(Decimal(most)) == Decimal(step)


def test_bars_lie_on_one_scale() -> None:
    chart = bars([("甲", Decimal(10), Decimal(30)), ("乙", Decimal(0), Decimal(20))])
    assert [(int(one.solid), int(one.hatched)) for one in chart.bars] == [(25, 75), (0, 50)]
    assert [one.label for one in chart.ticks] == ["0", "10", "20", "30", "40"]


# The policy library and the published list


def test_the_library_lists_every_document_and_programme(town: Town, desk: Desk) -> None:
    shown = desk.get("/policies")
    links = set(shown.links())
    assert {f"/policies/{one['slug']}" for one in town.house.get(None, "/policies")["items"]} <= links
    assert {f"/programmes/{one['slug']}" for one in town.house.get(None, "/programmes")["items"]} <= links


@pytest.mark.parametrize("slug", ["kangyang-interest-subsidy", "whitelist-push", "kangyang-fund"])
def test_a_programme_says_what_it_asks_in_words(town: Town, desk: Desk, slug: str) -> None:
    about, shown = town.house.get(None, f"/programmes/{slug}"), desk.get(f"/programmes/{slug}")
    asked = [*(about["asks"]["institution"] or ()), *(about["asks"]["project"] or ())]
    assert bool(asked) is (about["applies"] is not None)
    assert all(one["label"] + one["wanted"] in shown.text for one in asked)
    assert about["gives"] in shown.text
    assert all(note in shown.text for note in about["notes"])


def test_the_numbers_of_a_programme_are_those_of_the_day_asked(town: Town, desk: Desk) -> None:
    shown = desk.get("/programmes/kangyang-interest-subsidy", {"as_of": "2020-01-01"})
    (number,) = town.house.get(None, "/programmes/kangyang-interest-subsidy", as_of="2020-01-01")["parameters"]
    assert (number["value"] is None) is ("当日没有规定" in shown.text)
    wrong = desk.get("/programmes/kangyang-interest-subsidy", {"as_of": "那天"})
    assert (wrong.status, wrong.wrong()) == (422, ["f-as_of"])
    assert desk.get("/programmes/nothing-of-the-kind").status == 404


def test_the_list_says_for_which_day_and_what_to_drop_where_it_is_empty(town: Town, desk: Desk) -> None:
    found, shown = town.house.get(None, "/whitelist/public", total=True), desk.get("/whitelist")
    assert found["notice"] in shown.text
    assert all(one["line"]["name"] in shown.text for one in found["items"])
    empty = desk.get("/whitelist", {"q": "没有这样的名称", "region": "140100"})
    assert "没有符合这些条件的" in empty.text
    assert f"/whitelist?q={quote('没有这样的名称')}" in empty.links()
    assert "/whitelist?region=140100" in empty.links()
    wrong = desk.get("/whitelist", {"q": "一"})
    assert (wrong.status, wrong.wrong()) == (422, ["f-q"])
    assert dict(wrong.form("/whitelist").fields)["q"] == "一"


def test_nobody_needs_an_account_and_nothing_is_stored(town: Town, desk: Desk) -> None:
    for path in ("/", "/check", "/policies", "/whitelist", "/calculator", f"/check/result?{ANSWERED}"):
        shown = desk.get(path)
        assert shown.status == 200
        assert shown.response.headers["cache-control"].startswith("private")
        assert "set-cookie" not in shown.response.headers
        assert "script-src 'self'" in shown.response.headers["content-security-policy"]
        assert not re.search(r"\sstyle=|<script>|onclick=", shown.response.text)
