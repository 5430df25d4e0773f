"""What is on record of an institution: read by groups, changed a group at a time; and the files that go with it.

What an office or a registry vouches for is shown with a lock, and stands in no form.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.fact_forms import Line, catalogue_of, fact_form, holder, in_words, is_locked, present, read_facts
from app.console.forms import Field, Form, FormError, Kind
from app.console.mine.own import FACT_GROUPS, Parts, group_of_fact, own, parts_of
from app.console.page import Opened, Page, PageRoute, shown_by
from app.errors import NotFound

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

CONTACT: Final = Form(
    Field("address", "地址", help="写到门牌号"),
    Field("legal_representative", "法定代表人"),
    Field("contact_person", "联系人"),
    Field("telephone", "联系电话", help="例如 0351-1234567 或手机号"),
)
FILE: Final = Form(
    Field("file", "文件", Kind.FILE, help="PDF、JPG 或 PNG，最大 20 MB", is_required=True),
)
# Registered by the county's office whoever vouches for it.
_KEPT_BY_OFFICE: Final = frozenset({"institution.region_code"})
_OFFICE: Final = "由所在地民政部门登记"
_MOST_FILES: Final = 100


@dataclass(frozen=True, slots=True)
class Group:
    """Some lines, and whether any of them is the institution's own to change."""

    name: str
    title: str
    lines: tuple[Line, ...]
    is_open: bool

    @property
    def missing(self) -> int:
        """How many are not filled in."""
        return sum(not one.value for one in self.lines)


@router.get("/mine/facts", operation_id="page_mine_facts")
@permits(Permission.READ_REGISTRY)
async def facts(page: Opened) -> Response:
    """Everything on record, by groups; projects, needs, loans, attestations and files."""
    one, parts = await page.get(own(page)), await parts_of(page)
    catalogue = await catalogue_of(page, "institution")
    attested = await page.get(f"{own(page)}/attestations", page_size=_MOST_FILES)
    return await page.show(
        "institution/facts.html",
        one=one,
        groups=_groups(one, catalogue),
        contact=[(each.label, one[each.name]) for each in CONTACT.fields],
        parts=parts,
        projects={each["id"]: each["name"] for each in parts.projects},
        attestations=_told(attested["items"], parts),
        files=await page.get(f"{own(page)}/attachments", page_size=_MOST_FILES),
    )


@router.get("/mine/facts/{group}", operation_id="page_mine_facts_group")
@permits(Permission.AMEND_REGISTRY)
async def group_form(page: Opened, group: str) -> Response:
    """One group with its fields; what is locked stands above them."""
    answer = await page.read(own(page))
    title, form, locked = await _form_of(page, group, answer.body)
    now = dict(answer.body) if group == _CONTACT else present(answer.body["facts"])
    return await page.show(
        "institution/facts_group.html",
        group=group,
        title=title,
        form=form,
        present=now,
        locked=locked,
        version=answer.version,
    )


@router.post("/mine/facts/{group}", operation_id="page_amend_mine_facts")
@permits(Permission.AMEND_REGISTRY)
@shown_by(group_form)
async def amend(page: Opened, group: str) -> Response:
    """A new version of the record; the one before stays."""
    _, form, _ = await _form_of(page, group, await page.get(own(page)))
    await page.send("PATCH", own(page), read_facts(form, page.typed))
    return page.go("/mine/facts", done="facts_amended")


@router.get("/mine/attachments", operation_id="page_mine_attachments")
@permits(Permission.AMEND_REGISTRY)
async def attachments(page: Opened) -> Response:
    """The files, and the form for another one."""
    files = await page.get(f"{own(page)}/attachments", page_size=_MOST_FILES)
    return await page.show("institution/attachments.html", files=files, form=FILE)


@router.post("/mine/attachments", operation_id="page_add_mine_attachment")
@permits(Permission.AMEND_REGISTRY)
@shown_by(attachments)
async def attach(page: Opened) -> Response:
    """One more file."""
    file = page.typed.file
    if file is None:
        return await attachments(page.wrong(FormError("file", "请选择一个文件：PDF、JPG 或 PNG"), _NO_FILE))
    path = f"{own(page)}/attachments"
    await page.send("POST", path, content=await file.read(), name=file.filename)
    return page.go("/mine/attachments", done="file_added")


@router.get("/mine/attachments/{attachment_id:uuid}", operation_id="page_mine_attachment")
@permits(Permission.READ_FILES)
async def attachment(page: Opened, attachment_id: UUID) -> Response:
    """The file itself."""
    return page.file(await page.read(f"{own(page)}/attachments/{attachment_id}/content"))


_CONTACT: Final = "contact"
_NO_FILE: Final = {"status": 422, "title": "没有选择文件", "detail": "请选择一个文件", "code": "no_file"}


async def _form_of(page: Page, group: str, one: Json) -> tuple[str, Form, tuple[Line, ...]]:
    if group == _CONTACT:
        return "联系方式", CONTACT, ()
    if group not in FACT_GROUPS:
        raise NotFound("没有这一组信息，请从“我的档案”进入")
    catalogue = await catalogue_of(page, "institution")
    keys = [key for key in _ordered(catalogue) if group_of_fact(key) == group]
    form = fact_form(catalogue[key] for key in keys if not _held_by(key, one["facts"].get(key)))
    lines = (_line(catalogue[key], one) for key in keys)
    return FACT_GROUPS[group][0], form, tuple(line for line in lines if line.held_by)


def _groups(one: Json, catalogue: Mapping[str, Json]) -> list[Group]:
    ordered = _ordered(catalogue)
    return [
        Group(name, title, lines, any(not line.held_by for line in lines))
        for name, (title, _) in FACT_GROUPS.items()
        for lines in [tuple(_line(catalogue[key], one) for key in ordered if group_of_fact(key) == name)]
    ]


def _ordered(catalogue: Mapping[str, Json]) -> Sequence[str]:
    """The keys of the catalogue as the groups name them; whatever they do not name comes last."""
    named = [f"institution.{name}" for _, names in FACT_GROUPS.values() for name in names.split()]
    return [*(key for key in named if key in catalogue), *(key for key in catalogue if key not in named)]


def _line(fact: Json, one: Json) -> Line:
    recorded = one["facts"].get(fact["key"])
    if fact["type"] == "region":
        return Line(fact["label"], one["region_name"], _OFFICE)
    value = "" if recorded is None else in_words(fact, recorded["value"])
    return Line(fact["label"], value, _held_by(fact["key"], recorded))


def _held_by(key: str, recorded: Json | None) -> str:
    if key in _KEPT_BY_OFFICE:
        return _OFFICE
    return holder(recorded) if recorded is not None and is_locked(recorded) else ""


def _told(attestations: Iterable[Json], parts: Parts) -> list[dict[str, Any]]:
    """Attestations with the name of the project that they are about."""
    names = {one["id"]: one["name"] for one in parts.projects}
    return [{**one, "project_name": names.get(one["project_id"])} for one in attestations]
