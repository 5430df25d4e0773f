"""Organisations as the system administrator keeps them: listed, added, renamed, closed."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.offices import KIND_LABELS, OfficeKind
from app.access.permissions import Permission, permits
from app.console.filters import Labels, address, asked, chips, one, refused, ways_on
from app.console.forms import Field, Form, Kind
from app.console.offices.people_pages import ROLES, USERS
from app.console.page import Opened, Page, PageRoute, shown_by
from app.console.regions_asked import city_choices, region_choices
from app.regions import region_names

router = APIRouter(route_class=PageRoute, include_in_schema=False)

OFFICES: Final = "/offices"
API: Final = "/organisations"
ONE: Final = OFFICES + "/{office_id:uuid}"
KINDS: Final = {kind.value: label for kind, label in KIND_LABELS.items()}
# An institution's office is made when somebody comes with its code, the operator's on the command line.
NEW_KINDS: Final = {
    kind: label for kind, label in KINDS.items() if kind not in {OfficeKind.INSTITUTION, OfficeKind.OPERATOR}
}
_PAGE: Final = 50
_MOST: Final = 200
_CITY_DIGITS: Final = 4
_NAMES: Final = ("kind", "region", "parent_id", "closed")


@router.get(OFFICES, operation_id="page_offices")
@permits(Permission.READ_ORGANISATIONS)
async def offices(page: Opened) -> Response:
    """Offices by region."""
    values = asked(page, *_NAMES)
    cursor = page.request.query_params.get("cursor")
    answer = await page.ask("GET", API, **_query(values), page_size=_PAGE, total=True, cursor=cursor)
    found = None if answer.is_refusal else answer.body
    page = refused(page, answer) if answer.is_refusal else page
    labels: Labels = {
        "kind": lambda value: KINDS.get(value, value),
        "region": lambda value: region_names().get(value, value),
        "parent_id": lambda _: "一个单位的直接下级",
        "closed": lambda _: "包括已停用的",
    }
    present = chips(OFFICES, values, labels)
    is_empty = found is not None and not found["items"]
    return await page.show(
        "people/offices.html",
        found=found,
        asked={name: one(values, name) for name in _NAMES},
        kinds=KINDS,
        cities=city_choices(),
        chips=present,
        ways=await ways_on(page, API, present, _query) if is_empty else (),
        here=address(OFFICES, values),
        is_for_person=page.request.query_params.get("for") == "person",
    )


@router.post(f"{OFFICES}/bureaux", operation_id="page_add_bureaux")
@permits(Permission.WRITE_ORGANISATIONS)
@shown_by(offices)
async def add_bureaux(page: Opened) -> Response:
    """A bureau of civil affairs for each region that has none."""
    await page.send("POST", f"{API}/actions/add-bureaux")
    return page.go(f"{OFFICES}?kind=civil_affairs", done="bureaux_added")


@router.get(f"{OFFICES}/new", operation_id="page_new_office")
@permits(Permission.WRITE_ORGANISATIONS)
async def new_office(page: Opened) -> Response:
    """First of what kind it is, then the form for that kind."""
    kind = page.typed.one("kind") or page.request.query_params.get("kind", "")
    form = await _form_for(page, kind) if kind in NEW_KINDS else None
    return await page.show("people/new_office.html", kinds=NEW_KINDS, kind=kind, form=form)


@router.post(f"{OFFICES}/new", operation_id="page_add_office")
@permits(Permission.WRITE_ORGANISATIONS)
@shown_by(new_office)
async def add_office(page: Opened) -> Response:
    """Kind and region bound what its people see, and never change."""
    kind = page.typed.one("kind")
    body = _office_form(kind, (), ()).read(page.typed) | {"kind": kind}
    answer = await page.send("POST", API, body)
    return page.go(f"{OFFICES}/{answer.body['id']}", done="office_added")


@router.get(ONE, operation_id="page_office")
@permits(Permission.READ_ORGANISATIONS)
async def office(page: Opened, office_id: UUID) -> Response:
    """One office with its people."""
    found = await page.get(f"{API}/{office_id}")
    # The office above may lie beyond the reader's reach; that there is one is said all the same.
    answer = await page.ask("GET", f"{API}/{found['parent_id']}") if found["parent_id"] else None
    above = None if answer is None or answer.is_refusal else answer.body
    cursor = page.request.query_params.get("cursor")
    people = await page.get(USERS, organisation_id=office_id, page_size=_PAGE, total=True, cursor=cursor)
    return await page.show("people/office.html", office=found, above=above, people=people, kinds=KINDS, roles=ROLES)


@router.get(f"{ONE}/name", operation_id="page_office_name")
@permits(Permission.WRITE_ORGANISATIONS)
async def amend_page(page: Opened, office_id: UUID) -> Response:
    """Another name, or another office above it."""
    answer = await page.read(f"{API}/{office_id}")
    above = await _above(page, answer.body["kind"], answer.body["id"])
    return await page.show(
        "people/amend_office.html", office=answer.body, version=answer.version, form=_amendment(above)
    )


@router.post(f"{ONE}/name", operation_id="page_amend_office")
@permits(Permission.WRITE_ORGANISATIONS)
@shown_by(amend_page)
async def amend(page: Opened, office_id: UUID) -> Response:
    """What its people see does not change with it."""
    found = await page.get(f"{API}/{office_id}")
    typed = _amendment(()).read_all(page.typed)
    body = {"name": typed["name"] or ""}
    if typed["parent_id"] != found["parent_id"]:
        body["parent_id"] = typed["parent_id"]
    await page.send("PATCH", f"{API}/{office_id}", body)
    return page.go(f"{OFFICES}/{office_id}", done="office_amended")


@router.get(f"{ONE}/close", operation_id="page_office_close")
@permits(Permission.WRITE_ORGANISATIONS)
async def close_page(page: Opened, office_id: UUID) -> Response:
    """What the end of an office means, before it ends."""
    answer = await page.read(f"{API}/{office_id}")
    return await page.show("people/close_office.html", office=answer.body, version=answer.version)


@router.post(f"{ONE}/close", operation_id="page_close_office")
@permits(Permission.WRITE_ORGANISATIONS)
@shown_by(close_page)
async def close(page: Opened, office_id: UUID) -> Response:
    """It stays on record."""
    await page.send("POST", f"{API}/{office_id}/actions/close")
    return page.go(f"{OFFICES}/{office_id}", done="office_closed")


def _query(values: Any) -> dict[str, Any]:
    query = {name: several[0] for name, several in values.items()}
    # The API takes the digits that say how large a region is.
    return query | ({"region": query["region"][:_CITY_DIGITS]} if "region" in query else {})


async def _form_for(page: Page, kind: str) -> Form:
    banks = await page.get("/banks", page_size=_MOST) if kind == OfficeKind.BANK else {"items": ()}
    return _office_form(
        kind, await _above(page, kind, ""), tuple((each["id"], each["name"]) for each in banks["items"])
    )


async def _above(page: Page, kind: str, own: str) -> tuple[tuple[str, str], ...]:
    """The offices that may stand above one of a kind: those of the same kind."""
    found = await page.get(API, kind=kind, page_size=_MOST)
    others = (each for each in found["items"] if each["id"] != own)
    return (*((each["id"], f"{each['name']}（{each['region_name']}）") for each in others), ("", "没有上级"))


def _office_form(kind: str, above: tuple[tuple[str, str], ...], banks: tuple[tuple[str, str], ...]) -> Form:
    bank = Field("bank_id", "哪家银行", Kind.CHOICE, choices=banks, is_required=True)
    return Form(
        *((bank,) if kind == OfficeKind.BANK else ()),
        Field("name", "名称", help="全称，例如：虚构银行太原分行", is_required=True),
        Field("code", "代码", help="小写字母、数字和连字符，日后不改，例如：xugou-bank-taiyuan", is_required=True),
        Field(
            "region_code",
            "管到哪里",
            Kind.CHOICE,
            help="这个单位的人看得到这里及以下的数据，日后不改",
            choices=region_choices(),
            is_required=True,
        ),
        Field("parent_id", "上级单位", Kind.CHOICE, help="省级单位和银行总部没有上级", choices=above),
    )


def _amendment(above: tuple[tuple[str, str], ...]) -> Form:
    return Form(
        Field("name", "名称", is_required=True),
        Field("parent_id", "上级单位", Kind.CHOICE, choices=above),
    )
