"""Lists to print, made without a database."""

from datetime import UTC, date, datetime
from typing import Any

from app.whitelist.printing.content import PrintedList, PrintedRow
from app.whitelist.printing.lines import Line

LONG = "虚构康宁养老院（阳泉市矿区桥头街道综合养老服务中心暨日间照料示范基地第二院区）"
NUMBER = "52140000X00000017A"


def line(name: str = "虚构康宁养老院", **changes: Any) -> Line:
    known: dict[str, Any] = {
        "name": name,
        "owner": None,
        "number": NUMBER,
        "provisional": False,
        "region_code": "140302",
        "city": "阳泉市",
        "county": "城区",
        "kind": "养老院",
        "beds": 120,
    }
    return Line(**known | changes)


def printed(*lines: Line, **changes: Any) -> PrintedList:
    known: dict[str, Any] = {
        "state": "published",
        "batch_title": "虚构的2026年第一批",
        "number": "晋养白〔2026〕第1批",
        "document_number": "晋民发〔2026〕88号（虚构）",
        "notice_from": date(2026, 11, 2),
        "notice_to": date(2026, 11, 8),
        "published_on": date(2026, 11, 9),
        "part": None,
        "made_at": datetime(2026, 11, 9, 2, tzinfo=UTC),
        "rows": [PrintedRow(place, one, "2,000 万元") for place, one in enumerate(lines, start=1)],
    }
    return PrintedList(**known | changes)
