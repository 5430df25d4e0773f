"""Projects and financing needs of an institution: added, changed and, where it is a need, closed or opened again."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.fact_forms import (
    Line,
    catalogue_of,
    counties,
    fact_field,
    present,
    read_facts,
    read_new,
    split,
)
from app.console.forms import Field, Form, Kind
from app.console.mine.own import own
from app.console.page import Opened, Page, PageRoute, shown_by
from app.institutions.needs import NeedAction

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

_REGION: Final = "project.region_code"
_NAME: Final = Field("name", "项目名称", help="例如：云溪康养小镇一期", is_required=True)
_MOST: Final = 50


@router.get("/mine/facts/projects/new", operation_id="page_new_project")
@permits(Permission.AMEND_REGISTRY)
async def new_project(page: Opened) -> Response:
    """An empty form."""
    return await _project_page(page, None, "")


@router.post("/mine/facts/projects/new", operation_id="page_add_project")
@permits(Permission.AMEND_REGISTRY)
@shown_by(new_project)
async def add_project(page: Opened) -> Response:
    """One more project."""
    form, _ = await _project_form(page, None)
    await page.send("POST", f"{own(page)}/projects", _placed(read_new(form, page.typed)))
    return page.go("/mine/facts", done="project_added")


@router.get("/mine/facts/projects/{project_id:uuid}", operation_id="page_project")
@permits(Permission.AMEND_REGISTRY)
async def project(page: Opened, project_id: UUID) -> Response:
    """What is on record of a project, in a form."""
    answer = await page.read(f"{own(page)}/projects/{project_id}")
    return await _project_page(page, answer.body, answer.version)


@router.post("/mine/facts/projects/{project_id:uuid}", operation_id="page_amend_project")
@permits(Permission.AMEND_REGISTRY)
@shown_by(project)
async def amend_project(page: Opened, project_id: UUID) -> Response:
    """A new version of it."""
    path = f"{own(page)}/projects/{project_id}"
    form, _ = await _project_form(page, await page.get(path))
    await page.send("PATCH", path, _placed(read_facts(form, page.typed)))
    return page.go("/mine/facts", done="project_amended")


@router.get("/mine/facts/needs/new", operation_id="page_new_need")
@permits(Permission.AMEND_REGISTRY)
async def new_need(page: Opened) -> Response:
    """An empty form."""
    return await _need_page(page, None, "")


@router.post("/mine/facts/needs/new", operation_id="page_add_need")
@permits(Permission.AMEND_REGISTRY)
@shown_by(new_need)
async def add_need(page: Opened) -> Response:
    """One more need; what may meet it is the next question."""
    form, _ = await _need_form(page, None)
    answer = await page.send("POST", f"{own(page)}/needs", read_new(form, page.typed))
    return page.go(f"/mine?need={answer.body['id']}", done="need_added")


@router.get("/mine/facts/needs/{need_id:uuid}", operation_id="page_need")
@permits(Permission.AMEND_REGISTRY)
async def need(page: Opened, need_id: UUID, action: str = "") -> Response:
    """A need in a form, also after a refused action; below it what ends it. One that has ended can be opened again."""
    answer = await page.read(f"{own(page)}/needs/{need_id}")
    return await _need_page(page, answer.body, answer.version)


@router.post("/mine/facts/needs/{need_id:uuid}", operation_id="page_amend_need")
@permits(Permission.AMEND_REGISTRY)
@shown_by(need)
async def amend_need(page: Opened, need_id: UUID) -> Response:
    """A new version of it."""
    path = f"{own(page)}/needs/{need_id}"
    form, _ = await _need_form(page, await page.get(path))
    await page.send("PATCH", path, read_facts(form, page.typed))
    return page.go(f"/mine?need={need_id}", done="need_amended")


@router.get("/mine/facts/needs/{need_id:uuid}/{action}", operation_id="page_back_to_need")
@permits(Permission.AMEND_REGISTRY)
async def back(page: Opened, need_id: UUID, action: str) -> Response:
    """Whoever comes back to what only a button does finds the button."""
    return page.go(f"/mine/facts/needs/{need_id}")


@router.post("/mine/facts/needs/{need_id:uuid}/{action}", operation_id="page_act_on_mine_need")
@permits(Permission.AMEND_REGISTRY)
@shown_by(need)
async def act_on_need(page: Opened, need_id: UUID, action: NeedAction) -> Response:
    """It is met, given up, or taken up again."""
    await page.send("POST", f"{own(page)}/needs/{need_id}/actions/{action}")
    return page.go("/mine/facts", done=f"need_{action}")


async def project_choices(page: Page) -> tuple[tuple[str, str], ...]:
    """The projects by id and name, for the forms of needs and loans; none where there are none."""
    found = (await page.get(f"{own(page)}/projects", page_size=_MOST))["items"]
    return tuple((one["id"], one["name"]) for one in found)


async def for_project(page: Page) -> tuple[Field, ...]:
    """The question for which project it is, where there are any."""
    choices = await project_choices(page)
    kind, help_ = Kind.CHOICE, "是机构本身的，选“机构本身”"
    return (
        (Field("project_id", "用于哪个项目", kind, help=help_, choices=(*choices, ("", "机构本身"))),)
        if choices
        else ()
    )


async def _project_form(page: Page, one: Json | None) -> tuple[Form, list[Line]]:
    free, held = split((await catalogue_of(page, "project")).values(), _facts(one))
    regions = [(code, f"{name}（开发区）" if _is_city(code) else name) for code, name in await counties(page)]
    # Where it lies is asked first, since everything else hangs on it.
    free.sort(key=lambda fact: fact["key"] != _REGION)
    fields = (fact_field(fact, regions, is_required=fact["key"] == _REGION) for fact in free)
    return Form(_NAME, *fields), held


async def _need_form(page: Page, one: Json | None) -> tuple[Form, list[Line]]:
    free, held = split((await catalogue_of(page, "need")).values(), _facts(one))
    return Form(*(fact_field(fact) for fact in free), *await for_project(page)), held


async def _project_page(page: Page, one: Json | None, version: str) -> Response:
    form, held = await _project_form(page, one)
    now = {} if one is None else {"name": one["name"], **present(one["facts"])}
    return await page.show("institution/project.html", one=one, form=form, held=held, present=now, version=version)


async def _need_page(page: Page, one: Json | None, version: str) -> Response:
    form, held = await _need_form(page, one)
    now = {} if one is None else {"project_id": one["project_id"] or "", **present(one["facts"])}
    return await page.show("institution/need.html", one=one, form=form, held=held, present=now, version=version)


def _facts(one: Json | None) -> Json:
    return {} if one is None else one["facts"]


def _placed(body: dict[str, Any]) -> dict[str, Any]:
    """A city's code stands for a development zone in it, which the API wants to be told."""
    code = body["facts"].get(_REGION)
    return {**body, "zone": True} if isinstance(code, str) and _is_city(code) else body


def _is_city(code: str) -> bool:
    return code.endswith("00")
