"""The statistics for whoever may see them: a table, a schematic of the cities, the rows behind a figure, and files."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Response

from app.access.caller import Caller
from app.access.permissions import Permission, permits
from app.console.filters import Labels, Values, address, asked, chips, day_words, one, refused
from app.console.offices.statistics_figures import DRAWABLE, bars, shown_column, tiles, unit_of
from app.console.page import Opened, Page, PageRoute, Refused
from app.http.clock import today
from app.regions import PROVINCE, Level, region_names, regions
from app.reporting.frame import KIND_LABELS
from app.reporting.measures import BY_LABELS, NOT_FOR_BANKS, TOTAL, By

router = APIRouter(route_class=PageRoute, include_in_schema=False)

HERE: Final = "/statistics"
_ROWS: Final = 50
_MOST: Final = 200
_YEARS: Final = 5
# What narrows the table; `show` only says which column the drawing shows.
_NARROWING: Final = ("by", "from", "to", "region", "kind", "bank")
# How far it came, and what it came to: two tables that a page has room for.
STAGES: Final = (
    *("listed", "pushed", "contacted", "decided", "granted", "disbursed"),
    *("converted", "conversion_percent"),
)
MONEY: Final = (
    *("granted_yuan", "disbursed_yuan", "balance_yuan", "balance_missing", "weighted_rate_percent", "subsidy_yuan"),
    "days_to_decision",
)


@router.get(HERE, operation_id="page_statistics")
@permits(Permission.READ_STATISTICS)
async def statistics(page: Opened) -> Response:
    """The table that is asked for, with its drawing."""
    values = _question(page)
    answer = await page.ask("GET", HERE, **_query(values))
    if answer.is_refusal:
        return await _refused(refused(page, answer), values)
    found = answer.body
    column = shown_column(found, page.request.query_params.get("show", ""))
    return await page.show(
        "statistics.html",
        found=found,
        column=column,
        unit=unit_of(found, column),
        drawable=[(name, found["columns"][name]) for name in DRAWABLE if name not in _hidden(page.caller)],
        tiles=tiles(found, column) if found["by"] == By.CITY and len(found["rows"]) > 1 else (),
        bars=bars(found, column) if found["by"] != By.CITY else (),
        cell_at=_cells(page.caller, values),
        stages=STAGES,
        money=[name for name in MONEY if name not in _hidden(page.caller)],
        **await _around(page, values),
    )


@router.get(f"{HERE}/rows", operation_id="page_statistics_rows")
@permits(Permission.READ_STATISTICS)
async def statistics_rows(page: Opened) -> Response:
    """What a figure counts, one by one."""
    values = _question(page)
    params = page.request.query_params
    cell, cursor = params.get("cell", ""), params.get("cursor")
    found = await page.get(f"{HERE}/rows", **_query(values), cell=cell, page_size=_ROWS, total=True, cursor=cursor)
    table = await page.get(HERE, **_query(values))
    column, _, key = cell.partition(":")
    lines = (table["total"], *table["rows"])
    return await page.show(
        "statistics_rows.html",
        found=found,
        table=table,
        heading=table["columns"].get(column, column),
        line="合计" if key == TOTAL else next((row["label"] for row in lines if row["key"] == key), key),
        back=address(HERE, values),
        here=address(f"{HERE}/rows", {**values, "cell": cell}),
    )


@router.get(f"{HERE}/file", operation_id="page_statistics_file")
@permits(Permission.READ_STATISTICS)
async def statistics_file(page: Opened) -> Response:
    """The same table as a file."""
    file_format = page.request.query_params.get("format", "xlsx")
    answer = await page.ask("GET", "/exports/statistics", **_query(_question(page)), format=file_format)
    if answer.is_refusal:
        raise Refused(answer)
    return page.file(answer)


def _question(page: Page) -> dict[str, list[str]]:
    values = asked(page, *_NARROWING)
    own = By.CITY if page.caller.region_code == PROVINCE else By.COUNTY
    return {"by": [own.value], **values}


def _query(values: Values) -> dict[str, Any]:
    """The question as the API takes it."""
    return {name: list(several) if name == "kind" else several[0] for name, several in values.items()}


def _sees_cases(caller: Caller) -> bool:
    """Whoever sees single referrals sees exact figures and may narrow them as he or she likes."""
    return caller.may(Permission.READ_REFERRALS)


def _cells(caller: Caller, values: Values) -> str | None:
    """The address of a figure's rows, to be completed with the cell; None for whoever may not see them."""
    return f"{address(f'{HERE}/rows', values)}&cell=" if _sees_cases(caller) else None


def _hidden(caller: Caller) -> frozenset[str]:
    """The columns that are not for a bank."""
    return frozenset() if caller.scope.bank_id is None else NOT_FOR_BANKS


async def _refused(page: Page, values: Values) -> Response:
    return await page.show("statistics.html", found=None, **await _around(page, values))


async def _around(page: Page, values: Values) -> dict[str, Any]:
    """The filters that somebody has, what they stand at, and where the files are."""
    banks = await _banks(page)
    labels: Labels = {
        "from": lambda value: f"从{day_words(value)}起",
        "to": lambda value: f"到{day_words(value)}止",
        "region": lambda value: region_names().get(value, value),
        "kind": lambda value: KIND_LABELS.get(value, value),
        "bank": lambda value: banks.get(value, value),
    }
    return {
        "asked": {name: one(values, name) for name in _NARROWING},
        "by_choices": [(by.value, f"按{label}") for by, label in BY_LABELS.items()],
        "regions": _regions(page.caller, one(values, "region")),
        "kinds": KIND_LABELS,
        "banks": banks,
        "years": None if _sees_cases(page.caller) else _years(today()),
        "chips": chips(HERE, values, labels),
        "everything": address(HERE, {"by": values["by"]}),
        "file_at": address(f"{HERE}/file", values),
    }


async def _banks(page: Page) -> dict[str, str]:
    """Code to name of the banks that somebody may choose among; a bank sees its own follow-up alone."""
    if page.caller.scope.bank_id is not None or not _sees_cases(page.caller):
        return {}
    found = await page.get("/banks", page_size=_MOST)
    return {each["code"]: each["name"] for each in found["items"]}


def _regions(caller: Caller, chosen: str) -> Mapping[str, str]:
    """The cities of the province, with the counties of the one that is chosen or that the caller works in."""
    own = caller.region_code
    city = f"{(chosen if own == PROVINCE else own)[:4]}00"
    found = (
        code
        for code, region in regions().items()
        if (region.level is Level.CITY and own == PROVINCE) or (region.parent == city and city != PROVINCE)
    )
    return {code: region_names()[code] for code in found if own in (PROVINCE, code, regions()[code].parent)}


def _years(now: date) -> list[tuple[str, str]]:
    """Whole years, the running one to the end of last month; of this one nothing is over in January."""
    first = now.year if now.month > 1 else now.year - 1
    return [(f"{year}-01-01", f"{year} 年") for year in range(first, first - _YEARS, -1)]
