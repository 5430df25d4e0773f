"""A bank's candidates: which borrowers fit one of its products, how far, what is missing, and who follows them up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from fastapi import APIRouter, Response

from app.access.consent_fields import FIELDS
from app.access.permissions import Permission, permits
from app.console.bank.own import Json, own_products, shown_product
from app.console.filters import Chip, Values, address, asked, chips
from app.console.page import Opened, Page, PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PATH: Final = "/bank/candidates"
EXPORT: Final = f"{PATH}/export"
_PAGE: Final = 20
_FILTERS: Final = ("outcome", "kind", "region", "sort")
# How well somebody fits, in the words of the filter.
OUTCOMES: Final = {"eligible": "满足全部条件", "needs_info": "还缺信息", "near_miss": "只差一步"}
KINDS: Final = {"institution": "机构", "project": "项目", "need": "资金需求"}
SORTS: Final = {"outcome": "符合程度高的在前", "amount": "资金需求多的在前", "name": "按名称"}


@dataclass(frozen=True, slots=True)
class Degree:
    """How many of a product's conditions are met; alternatives of which one is enough count as one."""

    met: int
    total: int
    failed: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Fewer:
    """What would be found without one of the filters. `count` is None for fewer than the API says exactly."""

    chip: Chip
    count: int | None


@router.get(PATH, operation_id="page_candidates")
@permits(Permission.READ_CANDIDATES)
async def candidates(page: Opened) -> Response:
    """One product's candidates, or first the products to choose from."""
    product_id = page.request.query_params.get("product", "")
    if not product_id:
        products = await own_products(page, status="published")
        return await page.show("bank/choose_product.html", products=products)
    product, values = await shown_product(page, product_id), asked(page, *_FILTERS)
    found = await _found(page, product_id, values, cursor=page.request.query_params.get("cursor"))
    cities = (await page.get("/regions", level="city"))["items"]
    held = {"product": [product_id], **values}
    shown = chips(PATH, held, _labels(cities))
    return await page.show(
        "bank/candidates.html",
        product=product,
        found=found,
        rows=[{**row, "degree": degree(row["conditions"]), "lacks": lacks(row)} for row in found["items"]],
        followed=await followed(page, found["items"]),
        cities=cities,
        values=values,
        chips=shown,
        fewer=[] if found["items"] else await _ways_out(page, product_id, shown),
        here=address(PATH, held),
        everything=address(PATH, {"product": product_id}),
        export=address(EXPORT, held),
        kinds=[(code, name) for code, name in KINDS.items() if code in product["shown"]["subjects"]],
        outcomes=OUTCOMES,
        sorts=SORTS,
    )


@router.get(EXPORT, operation_id="page_candidates_file")
@permits(Permission.READ_CANDIDATES)
async def candidates_file(page: Opened) -> Response:
    """The same list as a file, under the same filters."""
    product_id = page.request.query_params.get("product", "")
    query = {**asked(page, *_FILTERS), "format": "csv"}
    return page.file(await page.read(f"/products/{product_id}/candidates/export", **query))


async def _found(page: Page, product_id: str, values: Values, **more: Any) -> Json:
    query = {"page_size": _PAGE, "total": "true", "expand": "conditions", **values, **more}
    found: Json = await page.get(f"/products/{product_id}/candidates", **query)
    return found


async def _ways_out(page: Page, product_id: str, shown: Iterable[Chip]) -> list[Fewer]:
    """The filters whose loss would show anything."""
    found = [await _without(page, product_id, chip) for chip in shown]
    return [one for one in found if one.count != 0]


async def _without(page: Page, product_id: str, chip: Chip) -> Fewer:
    rest = {name: values for name, values in chip.rest.items() if name != "product"}
    found = await _found(page, product_id, rest, page_size=_PAGE, expand=None)
    # A list that ends on its first page was read whole, whatever its total hides.
    exact = len(found["items"]) if found["next_cursor"] is None else found["total"]
    return Fewer(chip, exact)


async def followed(page: Page, rows: Sequence[Json]) -> Mapping[str, Json]:
    """The follow-up of the institutions (and projects, by their own ids) behind some rows, asked at once."""
    owners = sorted({row["institution_id"] for row in rows})
    if not owners:
        return {}
    found = await page.get("/referrals", institution=owners, page_size=200)
    return {referral["project_id"] or referral["institution_id"]: referral for referral in reversed(found["items"])}


def _labels(cities: Iterable[Json]) -> dict[str, Any]:
    names = {city["code"]: city["name"] for city in cities}
    return {
        "outcome": lambda code: OUTCOMES.get(code, code),
        "kind": lambda code: KINDS.get(code, code),
        "region": lambda code: names.get(code, code),
    }


def degree(conditions: Sequence[Json]) -> Degree:
    """How far the conditions of one case are met. A group is met where all of one of its alternatives are."""
    units = [_unit(group, list(some)) for group, some in groupby(conditions, key=lambda each: each["any_of"])]
    met, total = sum(found[0] for found in units), sum(found[1] for found in units)
    return Degree(met, total, tuple(each for found in units for each in found[2]))


def _unit(group: str | None, some: Sequence[Json]) -> tuple[int, int, list[Json]]:
    if group is None:
        return sum(each["truth"] == "true" for each in some), len(some), _failed(some)
    members = {each["alternative"] for each in some}
    is_met = any(all(each["truth"] == "true" for each in some if each["alternative"] == one) for one in members)
    return int(is_met), 1, [] if is_met else _failed(some)


def _failed(some: Iterable[Json]) -> list[Json]:
    return [each for each in some if each["truth"] == "false"]


def lacks(row: Json) -> tuple[list[str], list[str]]:
    """What is not known of a candidate: what its institution may still fill in, and what it would have to consent to.

    A figure that is kept back and one that nobody has written look the same here; consent is what to ask for first.
    """
    labels = {each["fact"]: each["label"] for each in row["missing"]}
    return [labels[key] for key in labels if key not in FIELDS], [labels[key] for key in labels if key in FIELDS]
