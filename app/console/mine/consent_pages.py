"""Consents of an institution: requests of banks answered, consents given and withdrawn. Each with its consequence."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.consent_fields import FIELDS
from app.access.consent_schemas import PURPOSE_LABELS
from app.access.permissions import Permission, permits
from app.console.forms import Field, Form, FormError, Kind
from app.console.mine.own import own
from app.console.page import Opened, Page, PageRoute, shown_by
from app.http.clock import today

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

_HERE: Final = "/mine/consents"
_ONE_REQUEST: Final = _HERE + "/requests/{request_id:uuid}"
_ONE: Final = _HERE + "/{consent_id:uuid}"
_MOST: Final = 100
_ANSWER: Final = "answer"
_EMPTY: Final = {"status": 422, "title": "还有没填的", "detail": "请补齐以后再提交", "code": "missing"}
_EVIDENCE: Final = Field(
    "evidence", "授权依据", help="例如：法定代表人 2026 年 11 月 20 日签字的授权书", is_required=True
)
_REFUSAL: Final = Field("note", "不同意的理由", Kind.LINES, help="银行会看到；不想说明的不填")


@router.get(_HERE, operation_id="page_mine_consents")
@permits(Permission.READ_CONSENTS)
async def consents(page: Opened) -> Response:
    """What banks ask for, what they may see now, and what they might see before."""
    requests = (await page.get("/consents/requests", page_size=_MOST))["items"]
    found = (await page.get("/consents", page_size=_MOST))["items"]
    return await page.show(
        "institution/consents.html",
        waiting=[one for one in requests if one["state"] == "open"],
        answered=[one for one in requests if one["state"] != "open"],
        live=[one for one in found if one["state"] in {"live", "upcoming"}],
        ended=[one for one in found if one["state"] not in {"live", "upcoming"}],
    )


@router.get(_ONE_REQUEST, operation_id="page_mine_consent_request")
@permits(Permission.READ_CONSENTS)
async def request(page: Opened, request_id: UUID) -> Response:
    """What a bank wants to see and why; what to agree to, or no."""
    answer = await page.read(f"/consents/requests/{request_id}")
    return await page.show(
        "institution/consent_request.html",
        one=answer.body,
        form=await _form_of_request(page, answer.body),
        present=_now(answer.body),
        refusal=_REFUSAL,
    )


@router.get(_ONE_REQUEST + "/check", operation_id="page_back_to_mine_consent_request")
@permits(Permission.READ_CONSENTS)
async def back_to_request(page: Opened, request_id: UUID) -> Response:
    """Whoever comes back to a page that only a form opens finds the form."""
    return page.go(f"{_HERE}/requests/{request_id}")


@router.post(_ONE_REQUEST + "/check", operation_id="page_check_mine_consent_request")
@permits(Permission.GRANT_CONSENT)
async def check_request(page: Opened, request_id: UUID) -> Response:
    """What the answer means, in words; nothing has been answered yet."""
    answer = await page.read(f"/consents/requests/{request_id}")
    form, verdict = await _form_of_request(page, answer.body), page.typed.one(_ANSWER)
    if verdict not in {"grant", "refuse"}:
        wrong = FormError(_ANSWER, "请选择同意还是不同意")
        return await request(page.wrong(wrong, _EMPTY), request_id)
    missing = _missing(form, page) if verdict == "grant" else None
    if missing is not None:
        return await request(page.wrong(missing, _EMPTY), request_id)
    body = form.read(page.typed) | {"bank": answer.body["bank"], "purpose": answer.body["purpose"]}
    return await page.show(
        "institution/consent_check.html",
        action=f"{_HERE}/requests/{request_id}",
        verdict=verdict,
        bank=answer.body["bank_name"],
        **_words(body),
        note=page.typed.one("note").strip(),
        version=answer.version,
    )


@router.post(_ONE_REQUEST, operation_id="page_answer_mine_consent_request")
@permits(Permission.GRANT_CONSENT)
@shown_by(request)
async def answer_request(page: Opened, request_id: UUID) -> Response:
    """Agree to some of it, or refuse."""
    path = f"/consents/requests/{request_id}"
    if page.typed.one(_ANSWER) == "refuse":
        await page.send("POST", f"{path}/actions/refuse", Form(_REFUSAL).read(page.typed))
        return page.go(_HERE, done="consent_refused")
    one = await page.get(path)
    form = await _form_of_request(page, one)
    await page.send("POST", "/consents", form.read(page.typed) | {"bank": one["bank"], "purpose": one["purpose"]})
    return page.go(_HERE, done="consent_granted")


@router.get(_HERE + "/new", operation_id="page_new_consent")
@permits(Permission.GRANT_CONSENT)
async def new(page: Opened) -> Response:
    """A consent that nobody has asked for."""
    return await page.show("institution/consent_new.html", form=await _whole_form(page))


@router.get(_HERE + "/new/check", operation_id="page_back_to_new_consent")
@permits(Permission.GRANT_CONSENT)
async def back_to_new(page: Opened) -> Response:
    """The same for a consent that nobody has asked for."""
    return page.go(f"{_HERE}/new")


@router.post(_HERE + "/new/check", operation_id="page_check_new_consent")
@permits(Permission.GRANT_CONSENT)
async def check_new(page: Opened) -> Response:
    """What it means, in words; nothing has been opened yet."""
    form = await _whole_form(page)
    missing = _missing(form, page)
    if missing is not None:
        return await new(page.wrong(missing, _EMPTY))
    body = form.read(page.typed)
    return await page.show(
        "institution/consent_check.html",
        action=f"{_HERE}/new",
        verdict="grant",
        bank=dict(await _banks(page)).get(body["bank"], body["bank"]),
        **_words(body),
        note="",
        version="",
    )


@router.post(_HERE + "/new", operation_id="page_grant_consent")
@permits(Permission.GRANT_CONSENT)
@shown_by(new)
async def grant(page: Opened) -> Response:
    """Open the fields to the bank, for that purpose and time."""
    await page.send("POST", "/consents", (await _whole_form(page)).read(page.typed))
    return page.go(_HERE, done="consent_granted")


@router.get(_ONE + "/withdraw", operation_id="page_check_withdraw_consent")
@permits(Permission.GRANT_CONSENT)
async def check_withdraw(page: Opened, consent_id: UUID) -> Response:
    """What a withdrawal means; nothing has been withdrawn yet."""
    answer = await page.read(f"/consents/{consent_id}")
    return await page.show("institution/consent_withdraw.html", one=answer.body, version=answer.version)


@router.post(_ONE + "/withdraw", operation_id="page_withdraw_consent")
@permits(Permission.GRANT_CONSENT)
@shown_by(check_withdraw)
async def withdraw(page: Opened, consent_id: UUID) -> Response:
    """From now on the bank sees nothing by it."""
    await page.send("POST", f"/consents/{consent_id}/actions/withdraw")
    return page.go(_HERE, done="consent_withdrawn")


async def _form_of_request(page: Page, one: Json) -> Form:
    fields = [(each["field"], each["label"]) for each in one["fields"]]
    return Form(*_opened(fields), _EVIDENCE, *await _attachments(page))


async def _whole_form(page: Page) -> Form:
    return Form(
        Field("bank", "给哪家银行", Kind.CHOICE, choices=await _banks(page), is_required=True),
        Field("purpose", "用来做什么", Kind.CHOICE, choices=_PURPOSES, is_required=True),
        *_opened(tuple(FIELDS.items())),
        _EVIDENCE,
        *await _attachments(page),
    )


_PURPOSES: Final = tuple((code.value, label) for code, label in PURPOSE_LABELS.items())


def _opened(fields: Sequence[tuple[str, str]]) -> tuple[Field, ...]:
    return (
        Field(
            "fields",
            "同意查看哪些",
            Kind.MANY,
            help="只勾您同意的，可以少于银行请求的",
            choices=fields,
            is_required=True,
        ),
        Field("valid_from", "从哪天起", Kind.DATE, help="今天或以后", is_required=True),
        Field("valid_to", "到哪天止", Kind.DATE, help="这一天起看不到", is_required=True),
    )


async def _attachments(page: Page) -> tuple[Field, ...]:
    found = (await page.get(f"{own(page)}/attachments", page_size=_MOST))["items"]
    choices = tuple((one["id"], one["name"]) for one in found)
    return (
        (Field("attachment_id", "授权书（已上传的附件）", Kind.CHOICE, choices=(*choices, ("", "没有"))),)
        if choices
        else ()
    )


async def _banks(page: Page) -> tuple[tuple[str, str], ...]:
    found = (await page.get("/banks", page_size=_MOST))["items"]
    return tuple((one["code"], one["name"]) for one in found)


def _now(one: Json) -> dict[str, str]:
    """The period that was asked for. A consent begins today at the earliest. No field is ticked in anybody's place."""
    return {"valid_from": max(one["valid_from"], today().isoformat()), "valid_to": one["valid_to"]}


def _missing(form: Form, page: Page) -> FormError | None:
    """The first field that has to be filled in and is not."""
    body = form.read(page.typed)
    words = {Kind.MANY: "请至少勾一项", Kind.CHOICE: "请选一项", Kind.DATE: "请填日期"}
    empty = next((one for one in form.fields if one.is_required and one.name not in body), None)
    return None if empty is None else FormError(empty.name, f"{empty.label}：{words.get(empty.kind, '请填写')}")


def _words(body: Json) -> dict[str, Any]:
    """What is agreed to, as the check page says it."""
    labels = dict(_PURPOSES)
    return {
        "fields": [FIELDS.get(each, each) for each in body.get("fields", ())],
        "purpose": labels.get(body["purpose"], body["purpose"]),
        "valid_from": body.get("valid_from"),
        "valid_to": body.get("valid_to"),
        "evidence": body.get("evidence"),
    }
