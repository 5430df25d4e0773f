"""One borrower before a bank: why it fits a product, what is kept back, and asking the institution to open it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.consent_fields import FIELDS
from app.access.consent_schemas import PURPOSE_LABELS
from app.access.permissions import Permission, permits
from app.console.affairs.registry_facts import Shown, parts, shown
from app.console.bank.own import Json, own_products, shown_product
from app.console.bank.pages import KINDS, degree
from app.console.checking import again, unanswered
from app.console.fact_forms import catalogue_of
from app.console.forms import Field, Form, FormError, Kind
from app.console.page import Opened, Page, PageRoute, shown_by
from app.errors import NotFound
from app.http.clock import today

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_ONE: Final = "/bank/borrowers/{kind}/{case_id:uuid}"
INSTITUTION: Final = "institution"
_ROOMS: Final = {"project": "projects", "need": "needs"}
_CARRIED: Final = ("product", "institution")
# Where a request stands, as a mark.
REQUEST_MARKS: Final = {"open": "info", "granted": "ok", "refused": "bad", "cancelled": "mute", "lapsed": "mute"}


@router.get(_ONE, operation_id="page_borrower")
@permits(Permission.READ_CANDIDATES)
async def borrower(page: Opened, kind: str, case_id: UUID) -> Response:
    """Why it fits, what is known of it, and what only its consent opens."""
    product_id = page.request.query_params.get("product", "")
    product = await shown_product(page, product_id) if product_id else None
    found = None if product is None else await _candidate(page, product_id, case_id)
    owner = await _owner(page, kind, case_id, found)
    of_own = await _own_facts(page, owner["id"], kind, case_id)
    return await page.show(
        "bank/borrower.html",
        product=product,
        products=[] if product else await own_products(page, status="published"),
        found=found,
        degree=None if found is None else degree(found["conditions"]),
        owner=owner,
        kind=kind,
        kind_label=KINDS[kind],
        here=f"/bank/borrowers/{kind}/{case_id}",
        sections=await _sections(page, owner, of_own, kind),
        masked=_masked(owner, of_own),
        labels=FIELDS,
        consents=await _live_consents(page, owner["id"]),
        requests=await page.get("/consents/requests", institution=owner["id"], page_size=5),
        request_marks=REQUEST_MARKS,
        referrals=await _referrals(page, owner["id"]),
        ask=_address(page, kind, case_id, owner["id"]),
        carried=_carried(page, owner["id"]),
    )


async def _candidate(page: Page, product_id: str, case_id: UUID) -> Json | None:
    found = await page.get(f"/products/{product_id}/candidates", case=str(case_id), expand="conditions")
    return next(iter(found["items"]), None)


async def _owner(page: Page, kind: str, case_id: UUID, found: Json | None) -> Json:
    """The institution behind a case: itself, or whose project or need it is."""
    given = page.typed.one("institution") or page.request.query_params.get("institution", "")
    key = str(case_id) if kind == INSTITUTION else found["institution_id"] if found else given
    if not key or kind not in KINDS:
        raise NotFound("没有这个借款主体，请从候选客户或跟进里进入")
    owner: Json = await page.get(f"/institutions/{key}")
    return owner


async def _own_facts(page: Page, owner_id: str, kind: str, case_id: UUID) -> Json | None:
    """The project or need itself; None where the case is the institution."""
    room = _ROOMS.get(kind)
    return None if room is None else await page.get(f"/institutions/{owner_id}/{room}/{case_id}")


async def _sections(page: Page, owner: Json, of_own: Json | None, kind: str) -> list[tuple[str, Sequence[Shown]]]:
    """What is known, in parts; what is not known is left out."""
    found: list[tuple[str, Sequence[Shown]]] = []
    if of_own is not None:
        facts = await catalogue_of(page, kind)
        found.append((KINDS[kind], shown(facts.values(), of_own["facts"], of_own.get("region_name", ""))))
    of_owner = parts(await catalogue_of(page, "institution"))
    found += [(part.title, shown(part.facts, owner["facts"], owner["region_name"])) for part in of_owner]
    known = [(title, [one for one in rows if one.text is not None]) for title, rows in found]
    return [(title, rows) for title, rows in known if rows]


def _masked(owner: Json, of_own: Json | None) -> list[str]:
    """What is kept back, in the order of the catalogue."""
    hidden = {*owner["masked"], *(of_own["masked"] if of_own else ())}
    return [key for key in FIELDS if key in hidden]


async def _live_consents(page: Page, owner_id: str) -> list[Json]:
    found = await page.get("/consents", institution=owner_id, page_size=20)
    return [one for one in found["items"] if one["state"] in {"live", "upcoming"}]


async def _referrals(page: Page, owner_id: str) -> Sequence[Json]:
    found: Json = await page.get("/referrals", institution=owner_id, page_size=5)
    rows: Sequence[Json] = found["items"]
    return rows


def _carried(page: Page, owner_id: str) -> dict[str, str]:
    given = {name: page.typed.one(name) or page.request.query_params.get(name, "") for name in _CARRIED}
    return {name: value for name, value in (given | {"institution": owner_id}).items() if value}


def _address(page: Page, kind: str, case_id: UUID, owner_id: str) -> str:
    return f"/bank/borrowers/{kind}/{case_id}/consent?{urlencode(_carried(page, owner_id))}"


def consent_form(masked: Iterable[str]) -> Form:
    """What a request for consent says."""
    return Form(
        Field(
            "fields",
            "请求查看的信息",
            Kind.MANY,
            help="只选用得上的，机构会逐项看到",
            choices=[(key, FIELDS[key]) for key in masked],
            is_required=True,
        ),
        Field("purpose", "用途", Kind.CHOICE, choices=list(PURPOSE_LABELS.items()), is_required=True),
        Field("valid_from", "从哪天起", Kind.DATE, help="今天或以后", is_required=True),
        Field("valid_to", "到哪天止（不含当日）", Kind.DATE, help="够用即可，机构可随时撤回", is_required=True),
        Field("reason", "事由", Kind.LINES, help="机构会看到，例如：核实营业收入，测算授信额度", is_required=True),
    )


@router.get(f"{_ONE}/consent", operation_id="page_ask_consent")
@permits(Permission.ASK_CONSENT)
async def ask_form(page: Opened, kind: str, case_id: UUID) -> Response:
    """The form of a request for consent. What the product's conditions ask is ticked beforehand."""
    product_id = page.typed.one("product") or page.request.query_params.get("product", "")
    found = await _candidate(page, product_id, case_id) if product_id else None
    owner = await _owner(page, kind, case_id, found)
    masked = _masked(owner, await _own_facts(page, owner["id"], kind, case_id))
    wanted = {one["fact"] for one in found["missing"]} if found else set()
    return await _of_fields(page).show(
        "bank/consent.html",
        form=consent_form(masked),
        owner=owner,
        masked=masked,
        now_={"fields": [key for key in masked if key in wanted], "valid_from": today().isoformat()},
        is_guessed=bool(wanted & set(masked)),
        carried=_carried(page, owner["id"]),
        back=f"/bank/borrowers/{kind}/{case_id}?{urlencode(_carried(page, owner['id']))}",
    )


def _of_fields(page: Page) -> Page:
    """What is wrong with one of the fields is said of their group, which is one question."""
    return replace(page, errors=tuple(FormError(one.name.partition("/")[0], one.detail) for one in page.errors))


@router.post(f"{_ONE}/consent", operation_id="page_asked_consent")
@permits(Permission.ASK_CONSENT)
@shown_by(ask_form)
async def ask(page: Opened, kind: str, case_id: UUID) -> Response:
    """The institution is told at once."""
    form = consent_form(FIELDS)
    if missing := unanswered(form, page.typed):
        return await ask_form(again(page, missing), kind, case_id)
    owner_id = str(case_id) if kind == INSTITUTION else page.typed.one("institution")
    await page.send("POST", "/consents/requests", {"institution_id": owner_id, **form.read(page.typed)})
    carried = urlencode(_carried(page, owner_id))
    return page.go(f"/bank/borrowers/{kind}/{case_id}?{carried}", done="consent_asked")


@router.post(f"{_ONE}/consent-requests/{{request_id:uuid}}/cancel", operation_id="page_cancel_consent_request")
@permits(Permission.ASK_CONSENT)
async def cancel(page: Opened, kind: str, case_id: UUID, request_id: UUID) -> Response:
    """Take a request back before it is answered."""
    await page.send("POST", f"/consents/requests/{request_id}/actions/cancel")
    carried = urlencode(_carried(page, page.typed.one("institution")))
    return page.go(f"/bank/borrowers/{kind}/{case_id}?{carried}", done="consent_request_cancelled")
