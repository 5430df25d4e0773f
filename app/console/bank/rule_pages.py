"""The rule editor: the conditions of a draft as a form that grows by presses, in words, and what they change."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.bank.own import Json
from app.console.bank.product_pages import PATH, in_words
from app.console.bank.rule_editor import (
    CITES,
    GROUPS,
    MOST_LEVELS,
    MOST_LINES,
    Book,
    Group,
    changed,
    from_fields,
    from_rule,
    internal_ids,
    lines,
    named,
    placed,
    takes_list,
    to_rule,
)
from app.console.bank.rule_words import operators
from app.console.bank.terms import terms_of
from app.console.page import VERSION_FIELD, Opened, Page, PageRoute, shown_by

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_RULE: Final = f"{PATH}/{{product_id:uuid}}/versions/{{number:int}}/rule"
PARTS: Final = ("applies", "requires")
# No case of a product can answer what a loan that there is already says.
_SUBJECTS: Final = {"institution": "机构", "project": "项目", "need": "资金需求", "whitelist": "白名单"}


async def book_of(page: Page) -> Book:
    """The fact catalogue and the regions, as the API lists them."""
    facts = (await page.get("/facts"))["items"]
    regions = (await page.get("/regions"))["items"]
    names = {one["code"]: one["name"] for one in regions}
    full = {one["code"]: (names[one["parent"]] if one["level"] == "county" else "") + one["name"] for one in regions}
    return Book({one["key"]: one for one in facts if one["subject"] in _SUBJECTS}, full)


def _groups(page: Page, version: Json, book: Book) -> tuple[Group, ...]:
    """What stands in the form, or where nothing was typed what stands in the draft; every line with an id."""
    if page.typed.one("editor"):
        return named(*(from_fields(page.typed, name, book) for name in PARTS))
    return tuple(from_rule(version[name], version["internal"], name, book) for name in PARTS)


def _change(groups: tuple[Group, ...], book: Book) -> dict[str, Any]:
    """The conditions as a change of the draft."""
    return {
        **{name: to_rule(group, book) for name, group in zip(PARTS, groups, strict=True)},
        "internal": internal_ids(*groups),
    }


@router.get(_RULE, operation_id="page_rule")
@permits(Permission.WRITE_PRODUCTS)
async def rule(page: Opened, product_id: UUID, number: int) -> Response:
    """The conditions of a draft, as they stand or as they were typed."""
    book = await book_of(page)
    answer = await page.read(f"/products/{product_id}/versions/{number}")
    return await _shown(page, book, answer.body, answer.version, _groups(page, answer.body, book))


@router.post(_RULE, operation_id="page_change_rule")
@permits(Permission.WRITE_PRODUCTS)
@shown_by(rule)
async def change_rule(page: Opened, product_id: UUID, number: int) -> Response:
    """Every press comes here: add or remove a line, see what it changes, or save."""
    book, do = await book_of(page), page.typed.one("do")
    path = f"/products/{product_id}/versions/{number}"
    answer = await page.read(path)
    groups = _groups(page, answer.body, book)
    if do == "save":
        await page.send("PATCH", path, _change(groups, book))
        return page.go(f"{PATH}/{product_id}/versions/{number}", done="rule_saved")
    if do == "impact":
        terms = {**terms_of(answer.body), **_change(groups, book)}
        effect = await page.ask("POST", "/products/impact", {"product_id": str(product_id), "terms": terms})
        shown = page.refused(effect) if effect.is_refusal else page
        seen = None if effect.is_refusal else effect.body
        return await _shown(shown, book, answer.body, answer.version, groups, seen)
    return await _shown(page, book, answer.body, answer.version, tuple(changed(one, do) for one in groups))


async def _shown(
    page: Page, book: Book, version: Json, tag: str, groups: tuple[Group, ...], effect: Json | None = None
) -> Response:
    errors = placed(page.errors, book, *groups)
    count = sum(1 for group in groups for _ in lines(group))
    # A line that is not chosen yet cannot be said; once it is, the whole is.
    is_whole = not errors and all(line.fact for group in groups for line in lines(group))
    rules = {group.name: to_rule(group, book) for group in groups}
    return await replace(page, errors=errors).show(
        "bank/rule.html",
        version=version,
        tag=_tag(page, tag),
        groups=groups,
        said={name: await in_words(page, rules[name]) if is_whole else "" for name in PARTS},
        is_whole=is_whole,
        effect=effect,
        book=book,
        by_subject=[
            (title, [one for one in book.facts.values() if one["subject"] == subject])
            for subject, title in _SUBJECTS.items()
        ],
        policies=(await page.get("/policies"))["items"] if _cites_clauses(groups) else [],
        operators=operators,
        takes_list=takes_list,
        group_words=GROUPS,
        cites=CITES,
        is_full=count >= MOST_LINES,
        most_lines=MOST_LINES,
        most_levels=MOST_LEVELS,
    )


def _tag(page: Page, now: str) -> str:
    """The version that the form began with, through all presses; a new one only once its change has been told."""
    is_told = page.problem is not None and page.problem["status"] == HTTPStatus.PRECONDITION_FAILED
    return now if is_told else page.typed.one(VERSION_FIELD, now)


def _cites_clauses(groups: tuple[Group, ...]) -> bool:
    return any(line.cite_kind == "clause" for group in groups for line in lines(group))
