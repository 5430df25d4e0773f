"""The register: find an institution, see all that is on record of it, register one, and change what has changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.affairs.registry_facts import REGION, Choices, Part, parts, places, regions, shown
from app.console.checking import again, unanswered, worded
from app.console.fact_forms import FACTS, catalogue_of, fact_field, in_words, present, read_facts
from app.console.filters import Values, address, asked, chips, refused, ways_on
from app.console.forms import Field, Form, FormError, Kind, Typed
from app.console.page import Opened, Page, PageRoute, Refused, shown_by
from app.errors import NotFound
from app.http.clock import today
from app.rules import codes

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

PATH: Final = "/affairs/register"
ONE: Final = PATH + "/{institution_id:uuid}"
_API: Final = "/institutions"
_PAGE: Final = 50
_FILTERS: Final = ("q", "region", "kind", "ownership", "list_status")
_NOTHING: Final[Json] = {"items": [], "next_cursor": None, "total": 0}
CONTACT_PART: Final = "contact"
_ZONE_END: Final = "00"
# What an institution is asked for first; everything else is filled in later, part by part.
_FIRST: Final = ("legal_form", "ownership", "kinds", "beds_total", "beds_nursing", "filed", "filed_on")
IDENTITY: Final = (
    Field("name", "机构名称", is_required=True, help="与登记证书一致"),
    Field("uscc", "统一社会信用代码", help="18 位；还没有的可以不填，系统给临时编号"),
    Field("site_number", "第几处院点", Kind.NUMBER, unit="处", help="同一法人有几处院点时填，例如 2；不填就是第 1 处"),
)
CONTACT: Final = (
    Field("address", "地址"),
    Field("legal_representative", "法定代表人"),
    Field("contact_person", "联系人"),
    Field("telephone", "电话", help="例如 0351-1234567"),
)
# How the values of a form come about: what an office has looked at is worth more than what somebody says.
CHECKED: Final = Form(
    Field(
        "vouched",
        "这些值怎么来的",
        Kind.CHOICE,
        choices=(("declared", "机构所报；没有改动的，原来的核实保留"), ("checked", "本单位已经核实本页填写的各项")),
        is_required=True,
    ),
    Field("on", "核实日期", Kind.DATE, help="选“已经核实”时填"),
    Field("by", "核实单位", help="选“已经核实”时填"),
)
_VOUCHED: Final = Form(
    Field("on", "核实日期，例如今天", Kind.DATE, is_required=True), Field("by", "核实单位的名称", is_required=True)
)


@router.get(PATH, operation_id="page_register")
@permits(Permission.READ_FILES)
async def register(page: Opened) -> Response:
    """By name, the sound of a name or a number, narrowed by county, kind, ownership and white list."""
    values, here = asked(page, *_FILTERS), await regions(page)
    cursor = page.request.query_params.get("cursor")
    answer = await page.ask("GET", _API, page_size=_PAGE, total=True, cursor=cursor, **values)
    if answer.is_refusal and not answer.body["errors"]:
        raise Refused(answer)
    seen = _told(refused(page, answer)) if answer.is_refusal else page
    found = _NOTHING if answer.is_refusal else answer.body
    labelled = chips(PATH, values, _labels(here))
    return await seen.show(
        "affairs/register.html",
        found=found,
        values=values,
        places=here,
        chips=labelled,
        ways=[] if found["items"] or answer.is_refusal else await ways_on(page, _API, labelled, _query),
        here=address(PATH, values),
        codes=codes,
    )


def _told(page: Page) -> Page:
    """A search that is too short, in words that say what to write."""
    said = {"q": "请写两个字以上，例如“康宁”；也可以写拼音首字母，或代码的开头"}
    return replace(page, errors=tuple(replace(one, detail=said.get(one.name, one.detail)) for one in page.errors))


def _query(values: Values) -> dict[str, Any]:
    return dict(values)


def _labels(here: Choices) -> dict[str, Any]:
    names = dict(here)
    return {
        "q": lambda text: f"查找：{text}",
        "region": lambda code: names.get(code, code),
        "kind": lambda code: codes.KINDS.get(code, code),
        "ownership": lambda code: codes.OWNERSHIP.get(code, code),
        "list_status": lambda code: codes.WHITELIST_STATUS.get(code, code),
    }


@router.get(f"{PATH}/new", operation_id="page_new_institution")
@permits(Permission.REGISTER)
async def new_institution(page: Opened) -> Response:
    """What has to be known to register one; the rest is filled in later."""
    form = await _first_form(page)
    return await worded(page, form).show("affairs/new_institution.html", form=form)


@router.post(f"{PATH}/new", operation_id="page_register_institution")
@permits(Permission.REGISTER)
@shown_by(new_institution)
async def register_institution(page: Opened) -> Response:
    """Register it; those with nearly the same name are shown beside it."""
    body = _placed(read_facts(await _first_form(page), page.typed))
    body = {name: value for name, value in body.items() if value is not None}
    body["facts"] = {key: value for key, value in body.get("facts", {}).items() if value is not None}
    answer = await page.send("POST", _API, body)
    return page.go(f"{PATH}/{answer.body['id']}", done="institution_registered")


async def _first_form(page: Page) -> Form:
    catalogue, counties = await catalogue_of(page, "institution"), await places(page)
    where = fact_field(catalogue[REGION], counties, is_required=True)
    asked_for = (catalogue[f"institution.{name}"] for name in _FIRST)
    return Form(*IDENTITY, where, *(fact_field(fact) for fact in asked_for), *CONTACT)


def _placed(body: dict[str, Any]) -> dict[str, Any]:
    """A city's own code stands for what lies in no county of it, and the API wants that said."""
    region = body.get("facts", {}).get(REGION)
    return body if region is None else {**body, "zone": str(region).endswith(_ZONE_END)}


@router.get(ONE, operation_id="page_institution")
@permits(Permission.READ_FILES)
async def institution(page: Opened, institution_id: UUID) -> Response:
    """All that is on record of an institution, with who vouches for it, and what hangs on it."""
    at = f"{_API}/{institution_id}"
    one = await page.get(at)
    found = parts(await catalogue_of(page, "institution"))
    return await page.show(
        "affairs/institution.html",
        one=one,
        parts=[(part, shown(part.facts, one["facts"], one["region_name"])) for part in found],
        attestations=await page.get(f"{at}/attestations", page_size=_PAGE),
        files=await page.get(f"{at}/attachments", page_size=_PAGE),
        twins=(await page.get(f"{at}/duplicates"))["items"],
        nominations=await _nominations(page, institution_id),
        codes=codes,
        **await _hanging_on(page, at),
    )


async def _hanging_on(page: Page, at: str) -> dict[str, Any]:
    """Projects, needs and loans in words."""
    projects = await page.get(f"{at}/projects", page_size=_PAGE)
    needs = await page.get(f"{at}/needs", page_size=_PAGE)
    loans = await page.get(f"{at}/loans", page_size=_PAGE)
    # The catalogue of a noun is asked only where there is one of them.
    words = {
        noun: await catalogue_of(page, noun) for noun, some in (("need", needs), ("project", projects)) if some["items"]
    }
    return {
        "projects": [(each, _in_words(words["project"], each["facts"])) for each in projects["items"]],
        "needs": [(each, _in_words(words["need"], each["facts"])) for each in needs["items"]],
        "loans": loans["items"],
        "project_names": {each["id"]: each["name"] for each in projects["items"]},
    }


def _in_words(catalogue: Mapping[str, Json], recorded: Mapping[str, Json]) -> dict[str, str]:
    """Recorded facts by the last word of their keys."""
    known = {key: one for key, one in recorded.items() if key in catalogue}
    return {key.partition(".")[2]: in_words(catalogue[key], one["value"]) for key, one in known.items()}


async def _nominations(page: Page, institution_id: UUID) -> list[Json]:
    if not page.caller.may(Permission.READ_WHITELIST):
        return []
    found: Json = await page.get("/whitelist/nominations", institution=str(institution_id), page_size=_PAGE)
    return list(found["items"])


@router.get(ONE + "/edit/{part}", operation_id="page_edit_institution")
@permits(Permission.AMEND_REGISTRY)
async def edit(page: Opened, institution_id: UUID, part: str) -> Response:
    """One part of the facts, or name, numbers and contact."""
    answer = await page.read(f"{_API}/{institution_id}")
    one = answer.body
    title, form = await _edited(page, part)
    return await _with_own_days(page).show(
        "affairs/edit_institution.html",
        one=one,
        version=answer.version,
        title=title,
        slug=part,
        form=form,
        present=_now(one, form),
        checked=None if part == CONTACT_PART else CHECKED,
        checked_now={"on": today().isoformat(), "by": page.caller.organisation_name},
    )


async def _edited(page: Page, slug: str) -> tuple[str, Form]:
    """The title and the fields of a part."""
    if slug == CONTACT_PART:
        return "名称、代码和联系方式", Form(*IDENTITY, *CONTACT)
    found = next((each for each in await _parts(page) if each.slug == slug), None)
    if found is None:
        raise NotFound("机构登记里没有这一部分，请从机构的页面进入")
    counties = await places(page) if any(fact["key"] == REGION for fact in found.facts) else ()
    return found.title, Form(*(fact_field(fact, counties) for fact in found.facts))


async def _parts(page: Page) -> list[Part]:
    return parts(await catalogue_of(page, "institution"))


def _now(one: Json, form: Form) -> dict[str, Any]:
    own = {each.name: one.get(each.name) for each in form.fields if not each.name.startswith(FACTS)}
    return {**own, **present(one["facts"])}


def _with_own_days(page: Page) -> Page:
    """What is wrong with the day or the office is said once, at their own fields, not at every fact."""
    named = {
        error.name.rpartition("/")[2] if error.name.endswith(("/on", "/by")) else error.name: error.detail
        for error in page.errors
    }
    return replace(page, errors=tuple(FormError(name, detail) for name, detail in named.items()))


@router.post(ONE + "/edit/{part}", operation_id="page_amend_institution")
@permits(Permission.AMEND_REGISTRY)
@shown_by(edit)
async def amend(page: Opened, institution_id: UUID, part: str) -> Response:
    """What was emptied becomes unknown; what was not touched keeps whoever vouched for it."""
    _, form = await _edited(page, part)
    if part != CONTACT_PART and (missing := _unvouched(page.typed)):
        return await edit(again(page, missing), institution_id, part)
    body = read_facts(form, page.typed)
    # These are never unknown: what is left empty stays as it is.
    body = {name: value for name, value in body.items() if value is not None or name not in {"name", "site_number"}}
    if part != CONTACT_PART:
        body = _placed({"facts": await _vouched(page, institution_id, body["facts"])})
    await page.send("PATCH", f"{_API}/{institution_id}", body)
    return page.go(f"{PATH}/{institution_id}", done="institution_amended")


def _unvouched(typed: Typed) -> list[FormError]:
    """What is missing of who vouches for the values."""
    return unanswered(CHECKED, typed) or (unanswered(_VOUCHED, typed) if typed.one("vouched") == "checked" else [])


async def _vouched(page: Page, institution_id: UUID, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a part with the word of the office, if it gives it; what a registry says, it goes on saying."""
    given = {key: value for key, value in facts.items() if key != REGION or value is not None}
    if page.typed.one("vouched") != "checked":
        return given
    recorded = (await page.get(f"{_API}/{institution_id}"))["facts"]
    registry = {key for key, one in recorded.items() if one["provenance"] == "registry"}
    return {key: value if key in registry else _checked(value, page.typed) for key, value in given.items()}


def _checked(value: Any, typed: Typed) -> Any:
    """A value as the office vouches for it; there is nothing to vouch for in what is unknown."""
    if value is None:
        return None
    said = {"on": typed.one("on").strip() or None, "by": typed.one("by").strip() or None}
    return {"value": value, "provenance": "checked", **said}
