"""The self-check: who, then one question a page, then what one may get. Nothing is stored; the address is all there is.

Which question comes next follows from what the API says is missing: the fact for which most policies and products wait.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Response

from app.console.fact_forms import FACTS, NONE_OF_THEM
from app.console.forms import Field, FormError
from app.console.inside import Answer
from app.console.page import Opened, Page, PageRoute
from app.console.public.check_answers import KINDS, Answers, answers_of, is_money, next_fact, said, undecided
from app.console.public.check_words import question_of

Json = Mapping[str, Any]

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MOST_QUESTIONS: Final = 12
_ALONE: Final = 1
_NOBODY: Final = FormError("kind", "请选一个：养老机构、康养项目，或养老服务设施项目")


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its number, its fact, what is asked, what stands in it, and how many offers wait for it."""

    number: int
    fact: Json
    title: str
    help: str
    values: tuple[str, ...]
    waiting: int

    @property
    def key(self) -> str:
        """The id of its field, to which errors link."""
        return Field(FACTS + self.fact["key"], "").key

    @property
    def unit(self) -> str:
        return "万元" if is_money(self.fact) else str(self.fact["unit"])

    @property
    def options(self) -> list[tuple[str, str]]:
        """Codes and labels to choose from; none for what is typed."""
        codes = [(one["code"], one["label"]) for one in self.fact["codes"]]
        match self.fact["type"]:
            case "bool":
                return [("true", "是"), ("false", "否")]
            case "set":
                return [*codes, (NONE_OF_THEM, "以上都没有")]
            case _:
                return codes


@router.get("/check", operation_id="page_check")
async def check(page: Opened) -> Response:
    """Who is it for? Nothing is chosen beforehand."""
    return await page.show("check.html", kinds=KINDS)


@router.get("/check/result", operation_id="page_check_result")
async def result(page: Opened) -> Response:
    """What one may get, what is one step away, and what is not to be had; each condition with its clause."""
    catalogue = await _catalogue(page)
    answers = answers_of(page.request.query_params, catalogue)
    if answers is None:
        return page.go("/check")
    found = await _checked(page, answers, catalogue)
    if found.is_refusal:
        return await _ask_again(page, answers, catalogue, found)
    return await page.show(
        "check_result.html",
        found=found.body,
        groups=_grouped(found.body),
        answers=answers,
        shown=await _shown(page, answers, catalogue),
        more=next_fact(found.body, answers, catalogue),
    )


@router.get("/check/{number}", operation_id="page_check_question")
async def question(page: Opened, number: int) -> Response:
    """The n-th question: the one that was asked before as it was answered, or else the next that decides most."""
    catalogue = await _catalogue(page)
    answers = answers_of(page.request.query_params, catalogue)
    if answers is None and number == 1:
        return await check(page.wrong(_NOBODY, {"status": HTTPStatus.UNPROCESSABLE_ENTITY}))
    if answers is None or number < 1:
        return page.go("/check")
    found = await _checked(page, answers, catalogue)
    if found.is_refusal:
        return await _ask_again(page, answers, catalogue, found)
    key, waiting = answers.at(number), 0
    if key is None:
        following = next_fact(found.body, answers, catalogue)
        is_over = number > MOST_QUESTIONS and "more" not in page.request.query_params
        if following is None or is_over:
            return page.go(f"/check/result?{answers.query()}")
        number, (key, waiting) = len(answers.given) + 1, following
    return await _ask(page, answers, catalogue, found.body, _question(number, catalogue[key], answers, waiting))


async def _catalogue(page: Page) -> dict[str, Json]:
    return {one["key"]: one for one in (await page.get("/facts"))["items"]}


async def _checked(page: Page, answers: Answers, catalogue: Mapping[str, Json]) -> Answer:
    return await page.ask("POST", "/eligibility-checks", {"facts": answers.facts(catalogue)})


async def _ask_again(page: Page, answers: Answers, catalogue: Mapping[str, Json], refused: Answer) -> Response:
    """The first question whose answer the API does not take, with what is wrong with it."""
    wrong = page.refused(refused)
    named = {one.name.removeprefix(FACTS): one for one in wrong.errors}
    number = next((at for at, (key, _) in enumerate(answers.given, start=1) if key in named), None)
    if number is None:
        return await wrong.show("problem.html", refusal=refused.body)
    key = answers.given[number - 1][0]
    told = FormError(FACTS + key, _said_of(catalogue[key], named[key]))
    asked = _question(number, catalogue[key], answers, 0)
    return await _ask(replace(wrong, errors=(told,)), answers, catalogue, None, asked)


def _said_of(fact: Json, error: FormError) -> str:
    return f"“{fact['label']}”要填数字，单位是万元，例如 800" if is_money(fact) else error.detail


def _question(number: int, fact: Json, answers: Answers, waiting: int) -> Question:
    title, help_ = question_of(fact["key"], fact["label"], of_project=answers.kind.is_project)
    return Question(number, fact, title, help_, dict(answers.given).get(fact["key"], ()), waiting)


async def _ask(
    page: Page, answers: Answers, catalogue: Mapping[str, Json], found: Json | None, asked: Question
) -> Response:
    before, after = answers.given[: asked.number - 1], answers.given[asked.number :]
    return await page.show(
        "check_question.html",
        asked=asked,
        answers=answers,
        before=replace(answers, given=before),
        after=replace(answers, given=after),
        skipping=replace(answers, given=(*before, (asked.fact["key"], ()), *after)),
        cities=await _cities(page) if asked.fact["type"] == "region" else (),
        open_offers=None if found is None else len(undecided(found)),
        all_offers=None if found is None else len(found["programmes"]) + len(found["products"]),
        most=MOST_QUESTIONS,
    )


async def _cities(page: Page) -> list[tuple[Json, list[Json]]]:
    """Cities, each with its counties."""
    found = (await page.get("/regions"))["items"]
    cities = [one for one in found if one["level"] == "city"]
    return [(city, [one for one in found if one["parent"] == city["code"]]) for city in cities]


async def _shown(page: Page, answers: Answers, catalogue: Mapping[str, Json]) -> list[tuple[int, Json, str]]:
    """What was answered, in words, with the number of its question; empty words for what was skipped."""
    regions: dict[str, str] = {}
    if any(catalogue[key]["type"] == "region" for key, _ in answers.given):
        found = (await page.get("/regions"))["items"]
        names = {one["code"]: one["name"] for one in found}
        regions = {one["code"]: _within(one, names) + one["name"] for one in found}
    facts = answers.facts(catalogue)
    return [
        (number, catalogue[key], said(catalogue[key], facts[key], regions) if key in facts and values else "")
        for number, (key, values) in enumerate(answers.given, start=1)
    ]


def _within(region: Json, names: Mapping[str, str]) -> str:
    return names.get(region["parent"], "") if region["level"] == "county" else ""


def _grouped(found: Json) -> dict[str, list[Json]]:
    """Offers by what one can do about them; those of which the time is over stand apart."""
    groups: dict[str, list[Json]] = {name: [] for name in ("fits", "step", "open", "not", "closed")}
    for one in _offers(found):
        groups[_place(one)].append(one)
    return groups


def _offers(found: Json) -> Iterable[Json]:
    return (*found["programmes"], *found["products"])


def _place(one: Json) -> str:
    if one["window"] == "closed":
        return "closed"
    if one["outcome"] in {"eligible", "in_scope"}:
        return "fits"
    if one["near_miss"] or _is_one_step(one):
        return "step"
    return "open" if one["outcome"] == "needs_info" else "not"


def _is_one_step(one: Json) -> bool:
    if one["outcome"] != "needs_info":
        return False
    return len(one["missing"]) == _ALONE or any(len(way["steps"]) == _ALONE for way in one["advice"])
