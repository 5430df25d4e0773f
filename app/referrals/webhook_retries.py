"""When a delivery that failed is tried again: a table over a day, with jitter, and what the receiver itself asks for.

Pure: the jitter is drawn from the delivery's own id, so that a crowd of failures is spread and yet each time is known.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from uuid import UUID

# After the first failure, the second …; docs/webhooks.md shows the same table. Together a little less than a day.
DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=6),
    timedelta(hours=9),
)
# A delay grows by at most this part of itself, never shrinks.
JITTER: Final = 0.1
# Whoever answers "later" is believed up to here; a day of silence would be a receiver that switched itself off.
LONGEST_REST: Final = timedelta(hours=6)
# An endpoint that took nothing for so long is disabled; whoever keeps it is told.
PATIENCE: Final = timedelta(days=3)
_SECONDS: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_BITS: Final = 32


def next_try(delivery_id: UUID, tries: int, at: datetime, rest: timedelta | None = None) -> datetime | None:
    """When to try again after the `tries`-th failure at `at`; None after the last one.

    `rest` is what the receiver asked for; it delays and never hastens, or a receiver that always says "in a second"
    would use up all its tries in ten.
    """
    if tries > len(DELAYS):
        return None
    delay = DELAYS[tries - 1]
    return at + max(delay + delay * JITTER * _fraction(delivery_id, tries), rest or timedelta())


def asked_rest(retry_after: str | None, at: datetime) -> timedelta | None:
    """What a Retry-After header asks for: seconds or a date, within bounds; None where it is absent or unreadable."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if _SECONDS.fullmatch(text):
        wanted = timedelta(seconds=int(text))
    else:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        wanted = (until if until.tzinfo else until.replace(tzinfo=UTC)) - at
    return min(max(wanted, timedelta()), LONGEST_REST)


def _fraction(delivery_id: UUID, tries: int) -> float:
    """Between 0 and 1, the same for the same failure."""
    digest = hashlib.sha256(delivery_id.bytes + tries.to_bytes(4)).digest()
    return int.from_bytes(digest[: _BITS // 8]) / float(1 << _BITS)
