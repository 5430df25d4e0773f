"""The day and the instant as the edge reads them; everything below is told."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

# China keeps one time all year, so a fixed offset is exact and needs no time-zone data on the machine.
CHINA: Final = timezone(timedelta(hours=8), "Asia/Shanghai")


def now() -> datetime:
    """This instant in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Today in China."""
    return datetime.now(CHINA).date()
