"""Reference rates as they are published: each series with its history, a new value, and that there was no change."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.check_step import incomplete
from app.console.filters import day_words
from app.console.forms import Field, Form, Kind, number
from app.console.offices.rate_chart import drawn
from app.console.page import Opened, Page, PageRoute, shown_by
from app.http.clock import today

router = APIRouter(route_class=PageRoute, include_in_schema=False)

RATES: Final = "/pboc/rates"
_ONE: Final = RATES + "/{series}"
# The LPR is quoted once a month: a series that nobody confirmed for longer may have changed unseen.
_FRESH_DAYS: Final = 35
POINT: Final = Form(
    Field("from", "从哪一天起", Kind.DATE, help="公告写明的日期，不能晚于今天", is_required=True),
    Field("percent", "数值", Kind.DECIMAL, unit="%", help="只填数字，例如 3.0", is_required=True),
    Field("author", "由谁录入", help="单位和姓名，和这个数值一起留存", is_required=True),
)
KNOWN: Final = Form(
    Field("known_through", "到哪一天没有变化", Kind.DATE, help="核对过公告的最后一天，不能晚于今天", is_required=True)
)


@router.get(RATES, operation_id="page_rates")
@permits(Permission.WRITE_RATES)
async def rates(page: Opened) -> Response:
    """Every series with its present value."""
    found = await page.get("/reference-rates", on=today().isoformat())
    return await page.show("pboc/rates.html", found=found["items"], is_stale=_is_stale)


@router.get(_ONE, operation_id="page_rate")
@permits(Permission.WRITE_RATES)
async def rate(page: Opened, series: str) -> Response:
    """One series: its present value, its history, and what can be entered."""
    answer = await page.read(_series(series))
    points = answer.body["points"]
    return await page.show(
        "pboc/rate.html",
        found=answer.body,
        version=answer.version,
        form=KNOWN,
        steps=drawn(points, answer.body["known_through"]),
        history=_history(points),
        is_stale=_is_stale,
    )


@router.post(_ONE, operation_id="page_confirm_rate")
@permits(Permission.WRITE_RATES)
@shown_by(rate)
async def confirm_rate(page: Opened, series: str) -> Response:
    """It has not changed until a day."""
    await page.send("PUT", f"{_series(series)}/known-through", KNOWN.read(page.typed))
    return page.go(f"{RATES}/{series}", done="rate_confirmed")


@router.get(f"{_ONE}/new", operation_id="page_new_rate_point")
@permits(Permission.WRITE_RATES)
async def new_point(page: Opened, series: str) -> Response:
    """The form for a value that was published."""
    found = await page.get(_series(series))
    author = f"{page.caller.organisation_name} {page.caller.account_name}"
    return await page.show("pboc/new_rate.html", found=found, form=POINT, present={"author": author})


@router.post(f"{_ONE}/check", operation_id="page_check_rate_point")
@permits(Permission.WRITE_RATES)
async def check_point(page: Opened, series: str) -> Response:
    """What will be entered, and how far it is from the value before: a slip of the finger is seen here."""
    amiss = incomplete(page, POINT)
    if amiss is not None:
        return await new_point(amiss, series)
    found = await page.get(_series(series))
    first = day_words(page.typed.one("from")) if page.typed.one("from") else ""
    return await page.show("pboc/check_rate.html", found=found, change=_change(page, found), first=first)


@router.post(f"{_ONE}/new", operation_id="page_add_rate_point")
@permits(Permission.WRITE_RATES)
@shown_by(new_point)
async def add_point(page: Opened, series: str) -> Response:
    """Enter it. What was entered is never taken back."""
    await page.send("POST", f"{_series(series)}/points", POINT.read(page.typed))
    return page.go(f"{RATES}/{series}", done="rate_added")


def _series(code: str) -> str:
    return f"/reference-rates/{quote(code, safe='')}"


def _history(points: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Decimal | None]]:
    """The points, the latest first, each with by how much it differs from the one before."""
    values = [Decimal(one["percent"]) for one in points]
    changes = [None, *(after - before for before, after in pairwise(values))]
    return list(zip(points, changes, strict=True))[::-1]


def _is_stale(known_through: str) -> bool:
    return (today() - date.fromisoformat(known_through)).days > _FRESH_DAYS


def _change(page: Page, found: dict[str, Any]) -> Decimal | None:
    """By how many percentage points the typed value differs from the last; None where it is no number."""
    typed = number(page.typed.one("percent"))
    return None if typed is None else typed - Decimal(found["points"][-1]["percent"])
