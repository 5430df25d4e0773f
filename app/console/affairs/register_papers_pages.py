"""What is filed with an institution: attestations, attachments, codes for its account; and what it is eligible for."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.affairs.register_pages import ONE
from app.console.checking import Check, again, in_words, show_check, unanswered
from app.console.forms import Field, Form, FormError, Kind
from app.console.page import Opened, Page, PageRoute, Refused, shown_by
from app.http.clock import now, today

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

ATTEST: Final = ONE + "/attestations/new"
FILES: Final = ONE + "/attachments"
CODES: Final = ONE + "/codes"
_PAGE: Final = 200
_GRANTED: Final = (("true", "认定符合"), ("false", "认定不符合"))


@router.get(ATTEST, operation_id="page_attestation")
@permits(Permission.ATTEST)
async def attestation(page: Opened, institution_id: UUID) -> Response:
    """What an office attests or refuses, on which day, until when, and on what evidence."""
    owner = await page.get(f"/institutions/{institution_id}")
    now = {"office": page.caller.organisation_name, "attested_on": today().isoformat()}
    form = await _attestation_form(page, institution_id)
    return await page.show("affairs/attestation.html", owner=owner, form=form, present=now)


async def _attestation_form(page: Page, institution_id: UUID) -> Form:
    programmes = (await page.get("/programmes"))["items"]
    projects = (await page.get(f"/institutions/{institution_id}/projects", page_size=_PAGE))["items"]
    whose = {"institution": "机构", "project": "项目"} if projects else {"institution": "机构"}
    attested = (one for one in (await page.get("/facts"))["items"] if one["type"] == "attestation")
    facts = [one for one in attested if one["subject"] in whose]
    project = Field(
        "project_id",
        "哪个项目",
        Kind.CHOICE,
        help="认定项目的事项时选",
        choices=(*((one["id"], one["name"]) for one in projects), ("", "不是项目的事项")),
    )
    return Form(
        Field(
            "fact",
            "认定什么",
            Kind.CHOICE,
            choices=tuple((one["key"], f"{whose[one['subject']]}：{one['label']}") for one in facts),
            is_required=True,
        ),
        Field(
            "programme",
            "哪项政策",
            Kind.CHOICE,
            help="只有“符合该项政策的相关规定”要选",
            choices=tuple((one["slug"], one["name"]) for one in programmes),
        ),
        *([project] if projects else []),
        Field("granted", "认定结论", Kind.CHOICE, choices=_GRANTED, is_required=True),
        Field("office", "认定单位", is_required=True),
        Field("person", "认定人", is_required=True),
        Field("attested_on", "认定日期", Kind.DATE, is_required=True),
        Field("valid_until", "有效至", Kind.DATE, help="不含当日；长期有效的不填"),
        Field("evidence", "依据", Kind.LINES, help="写明凭什么认定，例如：近三年审计报告", is_required=True),
    )


@router.post(ATTEST + "/check", operation_id="page_check_attestation")
@permits(Permission.ATTEST)
@shown_by(attestation)
async def check_attestation(page: Opened, institution_id: UUID) -> Response:
    """An attestation takes the place of the one before, so it is read once more."""
    form = await _attestation_form(page, institution_id)
    if missing := unanswered(form, page.typed):
        return await attestation(again(page, missing), institution_id)
    check = Check(
        title="核对这项认定",
        address=f"/affairs/register/{institution_id}/attestations/new",
        button="记录认定",
        not_yet="记录",
        answers=[(one.label, in_words(one, page.typed.one(one.name))) for one in form.fields],
        effects=("同一事项此前的认定随之结束，旧记录保留。", "符合哪些政策和产品，从现在起按这项认定判断。"),
        back=f"/affairs/register/{institution_id}",
    )
    return await show_check(page, check)


@router.post(ATTEST, operation_id="page_attest")
@permits(Permission.ATTEST)
@shown_by(attestation)
async def attest(page: Opened, institution_id: UUID) -> Response:
    """Record it. Where no conclusion was chosen, none is made up."""
    body = (await _attestation_form(page, institution_id)).read(page.typed)
    body["granted"] = {"true": True, "false": False}.get(page.typed.one("granted"))
    await page.send("POST", f"/institutions/{institution_id}/attestations", body)
    return page.go(f"/affairs/register/{institution_id}", done="attested")


@router.get(FILES, operation_id="page_attachments")
@permits(Permission.AMEND_REGISTRY)
async def attachments(page: Opened, institution_id: UUID) -> Response:
    """The files of an institution, and another one."""
    owner = await page.get(f"/institutions/{institution_id}")
    files = await page.get(f"/institutions/{institution_id}/attachments", page_size=_PAGE)
    named = tuple(FormError("file", error.detail) for error in page.errors)
    form = Form(Field("file", "文件", Kind.FILE, help="PDF、JPEG 或 PNG，最多 20 MB", is_required=True))
    return await replace(page, errors=named).show(
        "affairs/attachments.html", owner=owner, files=files["items"], form=form
    )


@router.post(FILES, operation_id="page_attach")
@permits(Permission.AMEND_REGISTRY)
@shown_by(attachments)
async def attach(page: Opened, institution_id: UUID) -> Response:
    """The API takes the bytes of the file under its name."""
    file = page.typed.file
    if file is None:
        return await attachments(again(page, [FormError("file", "请先选择文件")]), institution_id)
    at = f"/institutions/{institution_id}/attachments"
    await page.send("POST", at, content=await file.read(), name=file.filename)
    return page.go(f"/affairs/register/{institution_id}/attachments", done="attachment_added")


@router.get(FILES + "/{attachment_id:uuid}", operation_id="page_attachment")
@permits(Permission.READ_FILES)
async def attachment(page: Opened, institution_id: UUID, attachment_id: UUID) -> Response:
    """The file itself, always to be saved."""
    return page.file(await page.read(f"/institutions/{institution_id}/attachments/{attachment_id}/content"))


@router.get(CODES, operation_id="page_codes")
@permits(Permission.ISSUE_CODES)
async def codes_page(page: Opened, institution_id: UUID) -> Response:
    """The codes that were issued, without their text, which is shown once."""
    return await _codes(page, institution_id, None)


async def _codes(page: Page, institution_id: UUID, issued: Json | None) -> Response:
    owner = await page.get(f"/institutions/{institution_id}")
    found = await page.get(f"/institutions/{institution_id}/codes", page_size=_PAGE)
    return await page.show(
        "affairs/codes.html", owner=owner, found=[(one, _is_spent(one)) for one in found["items"]], issued=issued
    )


def _is_spent(one: Json) -> bool:
    return one["used_at"] is not None or datetime.fromisoformat(one["expires_at"]) <= now()


@router.post(CODES, operation_id="page_issue_code")
@permits(Permission.ISSUE_CODES)
@shown_by(codes_page)
async def issue_code(page: Opened, institution_id: UUID) -> Response:
    """A code, shown on this page and never again."""
    answer = await page.send("POST", f"/institutions/{institution_id}/codes")
    return await _codes(page, institution_id, answer.body)


@router.post(CODES + "/{code_id:uuid}/revoke", operation_id="page_revoke_code")
@permits(Permission.ISSUE_CODES)
async def revoke_code(page: Opened, institution_id: UUID, code_id: UUID) -> Response:
    """For one that went to the wrong person."""
    await page.send("POST", f"/institutions/{institution_id}/codes/{code_id}/actions/revoke")
    return page.go(f"/affairs/register/{institution_id}/codes", done="code_revoked")


# In the order in which they are worth reading; what is not for this case is counted and not shown.
_GROUPS: Final = (
    ("ok", "符合公布条件", ("eligible", "in_scope")),
    ("warn", "还缺信息", ("needs_info",)),
    ("bad", "目前不符合", ("ineligible",)),
    ("mute", "供参考", ("informative",)),
)


@router.get(ONE + "/matches", operation_id="page_matches_of_institution")
@permits(Permission.READ_MATCHES)
async def matches(page: Opened, institution_id: UUID) -> Response:
    """What the institution, or one of its projects or needs, is eligible for."""
    at = f"/institutions/{institution_id}"
    owner = await page.get(at)
    asked = page.request.query_params.get("case", "")
    noun, _, key = asked.partition(":")
    case = {noun: key} if key and noun in {"project", "need"} else {}
    answer = await page.ask("GET", f"{at}/matches", expand="conditions", **case)
    if answer.is_refusal:
        raise Refused(answer)
    offers = [*answer.body["programmes"], *answer.body["products"]]
    return await page.show(
        "affairs/matches.html",
        owner=owner,
        found=answer.body,
        groups=[(kind, title, [one for one in offers if one["outcome"] in some]) for kind, title, some in _GROUPS],
        cases=await _cases(page, at),
        case=asked,
    )


async def _cases(page: Page, at: str) -> list[tuple[str, str]]:
    projects = (await page.get(f"{at}/projects", page_size=_PAGE))["items"]
    return [(f"project:{one['id']}", f"项目：{one['name']}") for one in projects]
