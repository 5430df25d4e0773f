"""The policy library: documents with their clauses, and each programme with its conditions, its time and its values."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from fastapi import APIRouter, Response

from app.console.filters import refused
from app.console.offers import FORCES, KINDS, lettered
from app.console.page import Opened, Page, PageRoute
from app.console.words import day, wan

Json = Mapping[str, Any]

_NOUNS: Final = {"institution": "机构", "project": "项目", "need": "资金需求", "loan": "贷款", "whitelist": "白名单"}

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/policies", operation_id="page_policies")
async def policies(page: Opened) -> Response:
    """The documents, newest first, and all programmes in one table."""
    documents = (await page.get("/policies"))["items"]
    programmes = (await page.get("/programmes"))["items"]
    return await page.show(
        "policies.html",
        documents=documents,
        programmes=sorted(programmes, key=lambda one: one["confidence"]),
        titles={one["slug"]: _cited(one) for one in documents},
    )


@router.get("/policies/{slug}", operation_id="page_policy")
async def policy(page: Opened, slug: str) -> Response:
    """Every clause in our own words, its official text where it was loaded, and the programmes that it carries."""
    document = await page.get(f"/policies/{slug}")
    programmes = (await page.get("/programmes"))["items"]
    return await page.show(
        "policy.html",
        document=document,
        parts=_parts(document["clauses"]),
        programmes={one["slug"]: one for one in programmes if one["document"] == slug},
        cited=_cited(document),
        forces=FORCES,
    )


@router.get("/programmes/{slug}", operation_id="page_programme")
async def programme(page: Opened, slug: str) -> Response:
    """What is given, to whom, under which clause, from when until when, and with which numbers on a day."""
    asked_on = page.request.query_params.get("as_of", "")
    answer = await page.ask("GET", f"/programmes/{slug}", as_of=asked_on)
    if answer.is_refusal:
        # A day that is none is mended on the page itself, which shows today's numbers meanwhile.
        about = await page.get(f"/programmes/{slug}")
        return await _programme(refused(page, answer), about, asked_on)
    return await _programme(page, answer.body, asked_on)


async def _programme(page: Page, about: Json, asked_on: str) -> Response:
    document = await page.get(f"/policies/{about['document']}")
    clauses = {one["key"]: one for one in document["clauses"]}
    related = (await page.get("/programmes"))["items"] if any(_named(about)) else []
    return await page.show(
        "programme.html",
        about=about,
        asked_on=asked_on,
        document=document,
        clauses={key: clauses[key] for key in _used(about) if key in clauses},
        cited=_cited(document),
        conditions={kind: lettered(some) for kind, some in about["asks"].items() if some is not None},
        subjects=[_NOUNS[one] for one in about["subjects"]],
        numbers=[(one["label"], _number(one)) for one in about["parameters"]],
        names={one["slug"]: one["name"] for one in related},
        forces=FORCES,
        kinds=KINDS,
    )


def _number(parameter: Json) -> str:
    """A dated number in words."""
    value, unit = parameter["value"], parameter["unit"]
    if value is None:
        return "当日没有规定"
    if unit == "元":
        return wan(value)
    try:
        return f"{Decimal(value).normalize():,f} {unit}".strip()
    except InvalidOperation:
        return day(value)


def _cited(document: Json) -> str:
    """A document as it is cited."""
    return str(document["number"] or f"《{document['title']}》")


def _parts(clauses: Iterable[Json]) -> dict[str, list[Json]]:
    """Clauses under the parts of their document, in its order."""
    parts: dict[str, list[Json]] = {}
    for one in clauses:
        parts.setdefault(one["part"] or "", []).append(one)
    return parts


def _used(about: Json) -> dict[str, None]:
    """The clauses of its own document that a programme rests on, its main one first."""
    asked = [*(about["asks"]["institution"] or ()), *(about["asks"]["project"] or ())]
    own = [one["clause"] for one in asked if one["clause"] and one["document"] == about["document"]]
    return dict.fromkeys([*([about["clause"]] if about["clause"] else []), *own])


def _named(about: Json) -> Iterable[str]:
    relations = about["relations"]
    yield from (*relations["excludes"], *relations["stacks"], *relations["notes_on"])
    if relations["superseded_by"]:
        yield relations["superseded_by"]
