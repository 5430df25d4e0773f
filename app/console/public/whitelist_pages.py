"""The published list as anybody may read it: who stands on it today, searched, by county, kind and batch."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Response

from app.console.filters import Values, address, asked, chips, one, refused, ways_on
from app.console.forms import FormError
from app.console.page import Opened, Page, PageRoute
from app.rules.codes import KINDS

Json = Mapping[str, Any]

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PATH: Final = "/whitelist"
_API: Final = "/whitelist/public"
_NAMES: Final = ("q", "region", "subject", "kind", "batch")
_SEARCH: Final = "名称或代码写 2 到 60 个字，例如 颐养"
_SUBJECTS: Final = (("institution", "机构"), ("project", "项目"))


@router.get(_PATH, operation_id="page_whitelist")
async def whitelist(page: Opened) -> Response:
    """The list of today, with what narrows it in the address."""
    values = asked(page, *_NAMES)
    regions = await _regions(page)
    cursor = page.request.query_params.get("cursor")
    answer = await page.ask("GET", _API, page_size=50, total=True, cursor=cursor, **_query(values))
    if answer.is_refusal:
        page, shown = _told(refused(page, answer)), values
        found: Json = await page.get(_API, page_size=50, total=True)
        values = {}
    else:
        found, shown = answer.body, values
    names = {code: name for city, counties in regions for code, name in (city, *counties)}
    labels = {
        "q": lambda text: f"“{text}”",
        "region": lambda code: names.get(code, code),
        "subject": lambda code: dict(_SUBJECTS).get(code, code),
        "kind": lambda code: KINDS.get(code, code),
        "batch": lambda number: number,
    }
    narrowed = chips(_PATH, values, labels)
    return await page.show(
        "whitelist.html",
        found=found,
        asked=shown,
        one=lambda name: one(shown, name),
        chips=narrowed,
        ways=[] if found["items"] else await ways_on(page, _API, narrowed, _query),
        regions=regions,
        subjects=_SUBJECTS,
        kinds=KINDS.items(),
        address=address(_PATH, values),
        is_later=bool(cursor),
    )


def _told(page: Page) -> Page:
    """What to write where too little was searched for; the API says only how much is too little."""
    said = tuple(FormError("q", _SEARCH) if error.name == "q" else error for error in page.errors)
    return replace(page, errors=said)


def _query(values: Values) -> dict[str, Any]:
    """The filters as the API takes them."""
    return {name: several if name == "kind" else several[0] for name, several in values.items() if several}


async def _regions(page: Page) -> list[tuple[tuple[str, str], list[tuple[str, str]]]]:
    """Cities with their counties, code and name each."""
    found = (await page.get("/regions"))["items"]
    cities = [(one["code"], one["name"]) for one in found if one["level"] == "city"]
    return [(city, [(one["code"], one["name"]) for one in found if one["parent"] == city[0]]) for city in cities]
