"""People and their accounts: the system administrator makes, moves and closes them, the security administrator says
what they may do and gives the first password.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.offices import ROLE_LABELS, ROLES_AT, OfficeKind
from app.access.permissions import Permission, permits
from app.console.filters import Labels, address, asked, chips, one, refused, ways_on
from app.console.forms import Field, Form, FormError, Kind
from app.console.page import Opened, Page, PageRoute, shown_by
from app.console.regions_asked import city_choices

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PEOPLE: Final = "/people"
USERS: Final = "/users"
ONE: Final = PEOPLE + "/{user_id:uuid}"
ROLES: Final[Mapping[str, str]] = {role.value: label for role, label in ROLE_LABELS.items()}
_PAGE: Final = 50
_MOST: Final = 200
_NAMES: Final = ("login", "role", "organisation_id", "closed")
PERSON: Final = Form(
    Field("name", "姓名", help="本人的真实姓名", is_required=True),
    Field(
        "login",
        "登录名",
        help="小写字母、数字、点、下划线和连字符，3 到 80 个字符，日后不改，例如：xugou.wang",
        is_required=True,
    ),
)
NAME: Final = Form(Field("name", "姓名", is_required=True))


@router.get(PEOPLE, operation_id="page_people")
@permits(Permission.READ_ORGANISATIONS)
async def people(page: Opened) -> Response:
    """Accounts, the newest first: for administrators and auditors everybody's, for others their colleagues'."""
    values = asked(page, *_NAMES)
    query = {name: several[0] for name, several in values.items()}
    cursor = page.request.query_params.get("cursor")
    answer = await page.ask("GET", USERS, **query, page_size=_PAGE, total=True, cursor=cursor)
    found = None if answer.is_refusal else answer.body
    page = refused(page, answer) if answer.is_refusal else page
    names = {each["organisation_id"]: each["organisation_name"] for each in (found or {"items": ()})["items"]}
    labels: Labels = {
        "login": lambda value: f"登录名 {value}",
        "role": lambda value: ROLES.get(value, value),
        "organisation_id": lambda value: names.get(value, "所选的单位"),
        "closed": lambda _: "包括已停用的",
    }
    present = chips(PEOPLE, values, labels)
    is_empty = found is not None and not found["items"]
    return await page.show(
        "people/people.html",
        found=found,
        asked={name: one(values, name) for name in _NAMES},
        roles=ROLES,
        chips=present,
        ways=await ways_on(page, USERS, present, lambda rest: {k: v[0] for k, v in rest.items()}) if is_empty else (),
        here=address(PEOPLE, values),
    )


@router.get(f"{PEOPLE}/new", operation_id="page_new_person")
@permits(Permission.WRITE_ACCOUNTS)
async def new_person(page: Opened) -> Response:
    """The form for somebody new at an office, which the address names."""
    office = page.typed.one("organisation_id") or page.request.query_params.get("organisation", "")
    if not office:
        return page.go("/offices?for=person")
    return await page.show("people/new_person.html", form=PERSON, office=await page.get(f"/organisations/{office}"))


@router.post(f"{PEOPLE}/new", operation_id="page_add_person")
@permits(Permission.WRITE_ACCOUNTS)
@shown_by(new_person)
async def add_person(page: Opened) -> Response:
    """An account without roles and password."""
    body = PERSON.read(page.typed) | {"organisation_id": page.typed.one("organisation_id")}
    answer = await page.send("POST", USERS, body)
    return page.go(f"{PEOPLE}/{answer.body['id']}", done="person_added")


@router.get(ONE, operation_id="page_person")
@permits(Permission.READ_ORGANISATIONS)
async def person(page: Opened, user_id: UUID) -> Response:
    """One person, and what the reader may do about him or her."""
    answer = await page.read(f"{USERS}/{user_id}")
    found = answer.body
    deputy = await page.get(f"{USERS}/{found['deputy_id']}") if found["deputy_id"] else None
    may_read = page.caller.may(Permission.HAND_OVER)
    given = await page.get("/handovers", user_id=user_id, page_size=_PAGE) if may_read else None
    return await page.show(
        "people/person.html",
        person=found,
        version=answer.version,
        roles=ROLES,
        deputy=deputy,
        handovers=given["items"] if given else (),
        is_own=found["id"] == str(page.caller.account_id),
    )


@router.get(f"{ONE}/name", operation_id="page_person_name")
@permits(Permission.WRITE_ACCOUNTS)
async def name_page(page: Opened, user_id: UUID) -> Response:
    """Another name."""
    return await _form(page, user_id, "people/name.html", form=NAME)


@router.post(f"{ONE}/name", operation_id="page_rename_person")
@permits(Permission.WRITE_ACCOUNTS)
@shown_by(name_page)
async def rename(page: Opened, user_id: UUID) -> Response:
    """The login stays, since the trail names it."""
    await page.send("PATCH", f"{USERS}/{user_id}", NAME.read(page.typed))
    return page.go(f"{PEOPLE}/{user_id}", done="person_amended")


@router.get(f"{ONE}/move", operation_id="page_person_move")
@permits(Permission.WRITE_ACCOUNTS)
async def move_page(page: Opened, user_id: UUID) -> Response:
    """Another office of the same kind; where there are many, of one city at a time."""
    found = await page.get(f"{USERS}/{user_id}")
    office = await page.get(f"/organisations/{found['organisation_id']}")
    region = page.request.query_params.get("region", "") or page.typed.one("region")
    kind = {"kind": office["kind"], "page_size": _MOST}
    offices = await page.get("/organisations", **kind, region=region[:4])
    choices = tuple(
        (each["id"], f"{each['name']}（{each['region_name']}）")
        for each in offices["items"]
        if each["id"] != office["id"]
    )
    field = Field("organisation_id", "调到哪个单位", Kind.CHOICE, choices=choices, is_required=True)
    more = {"form": Form(field), "region": region, "cities": city_choices(), "has_more": offices["next_cursor"]}
    return await _form(page, user_id, "people/move.html", **more)


@router.post(f"{ONE}/move", operation_id="page_move_person")
@permits(Permission.WRITE_ACCOUNTS)
@shown_by(move_page)
async def move(page: Opened, user_id: UUID) -> Response:
    """Roles of the old office end."""
    office = page.typed.one("organisation_id")
    if not office:
        missing = FormError("organisation_id", "请选调到哪个单位")
        return await move_page(page.wrong(missing, {"status": HTTPStatus.UNPROCESSABLE_ENTITY}), user_id)
    await page.send("PATCH", f"{USERS}/{user_id}", {"organisation_id": office})
    return page.go(f"{PEOPLE}/{user_id}", done="person_moved")


@router.get(f"{ONE}/roles", operation_id="page_person_roles")
@permits(Permission.GRANT_ROLES)
async def roles_page(page: Opened, user_id: UUID) -> Response:
    """The roles that there are at the person's kind of office."""
    found = await page.get(f"{USERS}/{user_id}")
    office = await page.get(f"/organisations/{found['organisation_id']}")
    there = ROLES_AT[OfficeKind(office["kind"])]
    choices = tuple((role.value, label) for role, label in ROLE_LABELS.items() if role in there)
    field = Field("roles", "角色", Kind.MANY, choices=choices, help="都不选，就是取消全部角色")
    return await _form(page, user_id, "people/roles.html", form=Form(field), present={"roles": found["roles"]})


@router.post(f"{ONE}/roles", operation_id="page_set_roles")
@permits(Permission.GRANT_ROLES)
@shown_by(roles_page)
async def set_roles(page: Opened, user_id: UUID) -> Response:
    """These and no others; the person's sessions end."""
    await page.send("PUT", f"{USERS}/{user_id}/roles", {"roles": list(page.typed.all("roles"))})
    return page.go(f"{PEOPLE}/{user_id}", done="roles_set")


@router.get(f"{ONE}/start-password", operation_id="page_person_password")
@permits(Permission.GRANT_ROLES)
async def password_page(page: Opened, user_id: UUID) -> Response:
    """What a new first password does, before it is given."""
    return await _form(page, user_id, "people/start_password.html", given=None)


@router.post(f"{ONE}/start-password", operation_id="page_give_start_password")
@permits(Permission.GRANT_ROLES)
@shown_by(password_page)
async def give_password(page: Opened, user_id: UUID) -> Response:
    """Shown this once, and nowhere kept: not by the browser either."""
    answer = await page.send("POST", f"{USERS}/{user_id}/actions/reset-password")
    response = await _form(page, user_id, "people/start_password.html", given=answer.body)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.get(f"{ONE}/second-factor", operation_id="page_person_second_factor")
@permits(Permission.GRANT_ROLES)
async def second_factor_page(page: Opened, user_id: UUID) -> Response:
    """What taking a second factor away does, before it is done."""
    return await _form(page, user_id, "people/second_factor.html")


@router.post(f"{ONE}/second-factor", operation_id="page_take_second_factor")
@permits(Permission.GRANT_ROLES)
@shown_by(second_factor_page)
async def take_second_factor(page: Opened, user_id: UUID) -> Response:
    """For whoever has lost a telephone."""
    await page.send("POST", f"{USERS}/{user_id}/actions/reset-second-factor")
    return page.go(f"{PEOPLE}/{user_id}", done="second_factor_taken")


@router.post(f"{ONE}/unlock", operation_id="page_unlock_person")
@permits(Permission.GRANT_ROLES)
@shown_by(person)
async def unlock(page: Opened, user_id: UUID) -> Response:
    """Whoever mistyped too often may try again at once."""
    await page.send("POST", f"{USERS}/{user_id}/actions/unlock")
    return page.go(f"{PEOPLE}/{user_id}", done="person_unlocked")


async def colleagues(page: Page, found: dict[str, Any]) -> Sequence[tuple[str, str]]:
    """The others at somebody's office, to choose among."""
    there = await page.get(USERS, organisation_id=found["organisation_id"], page_size=_MOST)
    return tuple(
        (each["id"], f"{each['name']}（{each['login']}）") for each in there["items"] if each["id"] != found["id"]
    )


async def _form(page: Page, user_id: UUID, template: str, **values: Any) -> Response:
    """A page about one person, with the version that a change of it names."""
    answer = await page.read(f"{USERS}/{user_id}")
    return await page.show(template, person=answer.body, version=answer.version, **values)
