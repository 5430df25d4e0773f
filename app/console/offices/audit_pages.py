"""The trail as auditors read it: filtered, one event with before and after, and how far it is sealed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.filters import Labels, Values, address, asked, chips, day_words, one, refused, ways_on
from app.console.forms import FormError
from app.console.offices.audit_words import (
    DETAILS,
    KINDS,
    TABLES,
    action_of,
    action_words,
    column_words,
    object_words,
    operations,
    value_words,
)
from app.console.page import Opened, Page, PageRoute
from app.http.clock import CHINA

router = APIRouter(route_class=PageRoute, include_in_schema=False)

HERE: Final = "/audit"
EVENTS: Final = "/audit-events"
_PAGE: Final = 50
_NAMES: Final = ("login", "account_id", "action", "object_type", "object_id", "request_id", "from", "to", "outcome")
OUTCOMES: Final = {"done": "已办", "refused": "被拒"}


@router.get(HERE, operation_id="page_audit")
@permits(Permission.READ_AUDIT)
async def trail(page: Opened) -> Response:
    """Events, the newest first."""
    values = _normal(page, asked(page, *_NAMES))
    page, query = await _query(page, values)
    if page.errors:
        return await _shown(page, values, None)
    answer = await page.ask("GET", EVENTS, **query, page_size=_PAGE, cursor=page.request.query_params.get("cursor", ""))
    if answer.is_refusal:
        return await _shown(refused(page, answer), values, None)
    return await _shown(page, values, answer.body)


@router.get(f"{HERE}/{{event_id:uuid}}", operation_id="page_audit_event")
@permits(Permission.READ_AUDIT)
async def event(page: Opened, event_id: UUID) -> Response:
    """One event: who, when, from where, and what changed from what to what."""
    found = await page.get(f"{EVENTS}/{event_id}")
    seals = await page.get("/audit-seals", page_size=1)
    facts = await _facts(page, found["changes"] or ())
    return await page.show(
        "audit_event.html",
        found=found,
        words=action_words(page.request.app, found["action"]),
        who=_who(found),
        outcomes=OUTCOMES,
        object_words=object_words,
        kinds=KINDS,
        changes=[_change(change, facts) for change in found["changes"] or ()],
        detail=[(DETAILS.get(name, name), value_words(name, value)) for name, value in (found["detail"] or {}).items()],
        seal=next((seal for seal in seals["items"] if _is_sealed(found, seal)), None),
    )


@router.get(f"{HERE}/seals", operation_id="page_audit_seals")
@permits(Permission.READ_AUDIT)
async def seals(page: Opened) -> Response:
    """The seals, the newest first, and how much has come since."""
    cursor = page.request.query_params.get("cursor")
    found = await page.get("/audit-seals", page_size=_PAGE, total=True, cursor=cursor)
    last = next(iter(found["items"]), None) if cursor is None else None
    since = await page.get(EVENTS, page_size=1, total=True, **({"from": last["sealed_at"]} if last else {}))
    return await page.show("audit_seals.html", found=found, last=last, since=since["total"], is_first=cursor is None)


@router.post(f"{HERE}/seals", operation_id="page_seal_audit")
@permits(Permission.SEAL_AUDIT)
async def seal(page: Opened) -> Response:
    """Fix the heads of all chains now, and say whether the seal left the house."""
    answer = await page.send("POST", "/audit-seals")
    exports = answer.body["exports"]
    if not exports:
        return page.go(f"{HERE}/seals", done="audit_sealed_here")
    is_sent = all(each["delivered"] for each in exports)
    return page.go(f"{HERE}/seals", done="audit_sealed" if is_sent else "audit_sealed_not_sent")


def _normal(page: Page, values: Values) -> dict[str, list[str]]:
    """The filters with the operation by its id, whether somebody typed its words or followed a link."""
    app = page.request.app
    return {
        name: [action_of(app, each) if name == "action" else each for each in several[:1]]
        for name, several in values.items()
    }


async def _query(page: Page, values: Values) -> tuple[Page, dict[str, Any]]:
    """What the API is asked; the page bears what cannot be asked."""
    query: dict[str, Any] = {name: several[0] for name, several in values.items()}
    errors = []
    for name in ("from", "to"):
        if name in query:
            begins = _midnight(query[name], 1 if name == "to" else 0)
            query[name] = begins
            errors += [] if begins else [FormError(name, "日期写成年-月-日，例如 2026-11-21")]
    login = query.pop("login", None)
    if login is not None:
        answer = await page.ask("GET", "/users", login=login, closed=True)
        found = [] if answer.is_refusal else answer.body["items"]
        if found:
            query["account_id"] = found[0]["id"]
        else:
            errors.append(FormError("login", f"没有登录名为“{login}”的账号，请核对"))
    if errors:
        page = replace(page, errors=tuple(errors), problem={"status": HTTPStatus.UNPROCESSABLE_ENTITY})
    return page, query


async def _shown(page: Page, values: Values, found: Mapping[str, Any] | None) -> Response:
    items = found["items"] if found else ()
    names = {each["account_id"]: each["account_name"] for each in items}
    app = page.request.app
    labels: Labels = {
        "login": lambda value: f"登录名 {value}",
        "account_id": lambda value: f"办理人 {names.get(value) or '（所选的人）'}",
        "action": lambda value: action_words(app, value),
        "object_type": object_words,
        "object_id": lambda value: f"对象编号 {value}",
        "request_id": lambda value: f"请求 {value}",
        "from": lambda value: f"从{day_words(value)}起",
        "to": lambda value: f"到{day_words(value)}止",
        "outcome": lambda value: OUTCOMES.get(value, value),
    }
    present = chips(HERE, values, labels)

    async def ways() -> Sequence[Any]:
        return await ways_on(page, EVENTS, present, lambda rest: {name: each[0] for name, each in rest.items()})

    return await page.show(
        "audit.html",
        found=found,
        asked={name: one(values, name) for name in _NAMES} | {"action": action_words(app, one(values, "action"))},
        operations=sorted(set(operations(app).values())),
        words=lambda action: action_words(app, action),
        who=_who,
        tables=TABLES,
        object_words=object_words,
        outcomes=OUTCOMES,
        chips=present,
        ways=await ways() if found and not items and not {"login", "from", "to"} & set(values) else (),
        here=address(HERE, values),
        narrowed=lambda **more: address(HERE, {**values, **more}),
    )


def _midnight(value: str, days_later: int) -> str:
    try:
        first = date.fromisoformat(value) + timedelta(days=days_later)
    except (ValueError, OverflowError):
        return ""
    return datetime.combine(first, time(), CHINA).isoformat()


def _who(found: Mapping[str, Any]) -> str:
    """A person; the command line, a stranger, or the service itself where there is none."""
    if found["account_name"]:
        return str(found["account_name"])
    login = (found["detail"] or {}).get("login")
    stranger = f"登录名 {login}" if login else "没有登录的人"
    return {"command-line": "命令行", "nobody": stranger}.get(found["credential"], "服务自身")


async def _facts(page: Page, changes: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """The labels of the catalogue, where a register's version is among what changed."""
    if not any(change["table"].endswith("_version") for change in changes):
        return {}
    found = await page.get("/facts")
    return {fact["key"]: fact["label"] for fact in found["items"]}


def _change(change: Mapping[str, Any], facts: Mapping[str, str]) -> Mapping[str, Any]:
    """A changed row with each column in words: before, after; and the columns whose values are not kept."""
    table = change["table"]
    rows = [
        (column_words(table, name, facts), *(_place(name, values, place) for place in ("before", "after")))
        for name, values in change["fields"].items()
    ]
    hidden = [column_words(table, name, facts) for name in change["hidden"]]
    return {**change, "rows": rows, "hidden_words": hidden}


def _place(column: str, values: Mapping[str, Any], place: str) -> str | None:
    return value_words(column, values[place]) if place in values else None


def _is_sealed(found: Mapping[str, Any], seal: Mapping[str, Any]) -> bool:
    """Whether the newest event of its chain that the seal names is this one or a later one."""
    place = (found["day"], found["number"])
    return any(head["chain"] == found["chain"] and (head["day"], head["number"]) >= place for head in seal["heads"])
