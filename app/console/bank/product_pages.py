"""A bank's own products: their versions, the terms of a draft, what it changes, publishing and withdrawing it."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.bank.own import Json, own_code, own_products, shown_product
from app.console.bank.rule_words import sentence
from app.console.bank.terms import (
    RATES,
    STYLES,
    SUBJECTS,
    TENORS,
    places_of,
    read_terms,
    terms_form,
    terms_of,
    typed_terms,
)
from app.console.checking import again, unanswered
from app.console.forms import FormError
from app.console.page import Opened, Page, PageRoute, Refused, shown_by
from app.rules.codes import PURPOSE, SECURITIES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PATH: Final = "/bank/products"
_PRODUCT: Final = f"{PATH}/{{product_id:uuid}}"
_VERSION: Final = f"{_PRODUCT}/versions/{{number:int}}"
STATUS_MARKS: Final = {"draft": "warn", "published": "ok", "superseded": "mute", "withdrawn": "mute"}
_LABELS: Final[Mapping[str, Any]] = {
    "subjects": SUBJECTS,
    "purposes": PURPOSE,
    "securities": SECURITIES,
    "styles": STYLES,
    "tenors": TENORS,
    "rates": RATES,
    "marks": STATUS_MARKS,
}


@router.get(PATH, operation_id="page_products")
@permits(Permission.WRITE_PRODUCTS)
async def products(page: Opened) -> Response:
    """The bank's own products, each with the version that people are shown."""
    return await page.show("bank/products.html", products=await own_products(page), labels=_LABELS)


@router.get(f"{PATH}/new", operation_id="page_new_product")
@permits(Permission.WRITE_PRODUCTS)
async def new(page: Opened) -> Response:
    """The terms of a new product."""
    cities = (await page.get("/regions", level="city"))["items"]
    form = terms_form(places_of(cities, (), {}), is_new=True)
    return await page.show("bank/terms.html", form=form, now_={}, version=None, tag="", product=None)


@router.post(f"{PATH}/new", operation_id="page_add_product")
@permits(Permission.WRITE_PRODUCTS)
@shown_by(new)
async def add(page: Opened) -> Response:
    """Its first draft, and on to its conditions."""
    form = terms_form((), is_new=True)
    if missing := unanswered(form, page.typed):
        return await new(again(page, missing))
    made = await page.send("POST", "/products", {**read_terms(form, page.typed), "bank": await own_code(page)})
    return page.go(f"{PATH}/{made.body['id']}/versions/1/rule", done="product_drafted")


@router.get(_PRODUCT, operation_id="page_product")
@permits(Permission.WRITE_PRODUCTS)
async def product(page: Opened, product_id: UUID) -> Response:
    """One product with all its versions, the newest first."""
    found = await shown_product(page, str(product_id))
    versions = (await page.get(f"/products/{product_id}/versions"))["items"]
    return await page.show("bank/product.html", product=found, versions=versions[::-1], labels=_LABELS)


@router.post(f"{_PRODUCT}/draft", operation_id="page_begin_draft")
@permits(Permission.WRITE_PRODUCTS)
@shown_by(product)
async def begin_draft(page: Opened, product_id: UUID) -> Response:
    """Another draft, which begins as the newest version."""
    made = (await page.send("POST", f"/products/{product_id}/versions", {})).body
    return page.go(f"{PATH}/{product_id}/versions/{made['version']}", done="draft_begun")


@router.get(_VERSION, operation_id="page_product_version")
@permits(Permission.WRITE_PRODUCTS)
async def version_page(page: Opened, product_id: UUID, number: int) -> Response:
    """One version: its terms, its conditions in a sentence, and what may be done with it."""
    found = await page.get(f"/products/{product_id}/versions/{number}")
    regions = {one["code"]: one["name"] for one in (await page.get("/regions"))["items"]} if found["regions"] else {}
    return await page.show(
        "bank/version.html", version=found, said=await said(page, found), regions=regions, labels=_LABELS
    )


async def said(page: Page, version: Json) -> dict[str, str]:
    """Both parts of a version's own rule in one sentence each, in the API's words."""
    return {name: await in_words(page, version[name]) for name in ("applies", "requires")}


async def in_words(page: Page, rule: Json | None) -> str:
    """A rule in one sentence; empty where there is none, or where it cannot be written down yet."""
    if rule is None:
        return ""
    answer = await page.ask("POST", "/rule-checks", {"rule": rule})
    if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return ""
    if answer.is_refusal:
        raise Refused(answer)
    return sentence(rule, answer.body["conditions"])


@router.get(f"{_VERSION}/terms", operation_id="page_terms")
@permits(Permission.WRITE_PRODUCTS)
async def terms(page: Opened, product_id: UUID, number: int) -> Response:
    """The terms of a draft."""
    answer = await page.read(f"/products/{product_id}/versions/{number}")
    found = answer.body
    regions = (await page.get("/regions"))["items"]
    names = {one["code"]: one["name"] for one in regions}
    cities = [one for one in regions if one["level"] == "city"]
    form = terms_form(places_of(cities, found["regions"], names), is_new=False)
    return await page.show(
        "bank/terms.html", form=form, now_=typed_terms(found), version=found, tag=answer.version, product=product_id
    )


@router.post(f"{_VERSION}/terms", operation_id="page_change_terms")
@permits(Permission.WRITE_PRODUCTS)
@shown_by(terms)
async def change_terms(page: Opened, product_id: UUID, number: int) -> Response:
    """Replace them; conditions and tiers stay."""
    form, place = terms_form((), is_new=False), f"{PATH}/{product_id}/versions/{number}"
    if missing := unanswered(form, page.typed):
        return await terms(again(page, missing), product_id, number)
    await page.send("PATCH", f"/products/{product_id}/versions/{number}", read_terms(form, page.typed))
    return page.go(place, done="terms_saved")


@router.get(f"{_VERSION}/publish", operation_id="page_check_publication")
@permits(Permission.WRITE_PRODUCTS)
async def check_publication(page: Opened, product_id: UUID, number: int) -> Response:
    """What publishing a draft leads to. Whoever wrote it last leaves the press to somebody else."""
    answer = await page.read(f"/products/{product_id}/versions/{number}")
    found = answer.body
    effect = await page.ask("POST", "/products/impact", {"product_id": str(product_id), "terms": terms_of(found)})
    # What is wrong with the terms is mended on their own page.
    told = replace(page, errors=tuple(FormError("", error.detail) for error in page.errors))
    return await told.show(
        "bank/publish.html",
        version=found,
        tag=answer.version,
        said=await said(page, found),
        effect=None if effect.is_refusal else effect.body,
        labels=_LABELS,
    )


@router.post(f"{_VERSION}/publish", operation_id="page_publish")
@permits(Permission.WRITE_PRODUCTS)
@shown_by(check_publication)
async def publish(page: Opened, product_id: UUID, number: int) -> Response:
    """From now on this version changes by withdrawal only."""
    await page.send("POST", f"/products/{product_id}/versions/{number}/actions/publish")
    return page.go(f"{PATH}/{product_id}/versions/{number}", done="product_published")


@router.get(f"{_VERSION}/withdraw", operation_id="page_check_withdrawal")
@permits(Permission.WRITE_PRODUCTS)
async def check_withdrawal(page: Opened, product_id: UUID, number: int) -> Response:
    """What taking a version back leads to."""
    answer = await page.read(f"/products/{product_id}/versions/{number}")
    return await page.show("bank/withdraw.html", version=answer.body, tag=answer.version, labels=_LABELS)


@router.post(f"{_VERSION}/withdraw", operation_id="page_withdraw")
@permits(Permission.WRITE_PRODUCTS)
@shown_by(check_withdrawal)
async def withdraw(page: Opened, product_id: UUID, number: int) -> Response:
    """A draft is given up, or a version is no longer offered."""
    await page.send("POST", f"/products/{product_id}/versions/{number}/actions/withdraw")
    return page.go(f"{PATH}/{product_id}", done="product_withdrawn")
