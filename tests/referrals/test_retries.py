"""The table of retries: the one in the documentation is the program's, and each time follows from the one before."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.config import PROJECT_ROOT
from app.referrals.webhook_deliveries import ERRORS
from app.referrals.webhook_notices import SENTENCES
from app.referrals.webhook_retries import DELAYS, JITTER, LONGEST_REST, asked_rest, next_try

TEXT = (PROJECT_ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
UNITS = {"秒": "seconds", "分钟": "minutes", "小时": "hours"}
AT = datetime(2026, 11, 2, tzinfo=UTC)


def test_the_documentation_shows_the_table() -> None:
    told = [
        timedelta(**{UNITS[unit]: int(number)})
        for number, unit in re.findall(r"^\| 第 \d+ 次失败后 \| (\d+) (秒|分钟|小时) \|", TEXT, re.MULTILINE)
    ]
    assert tuple(told) == DELAYS


def test_the_documentation_explains_every_error() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", TEXT, re.MULTILINE))
    assert {code: told.get(code) for code in ERRORS} == ERRORS
    assert set(SENTENCES) == {"gone", "failing", "dead"}


def test_the_table_spans_most_of_a_day_and_never_more() -> None:
    whole = sum(DELAYS, timedelta())
    assert timedelta(hours=22) < whole
    assert whole * (1 + JITTER) < timedelta(hours=26)
    assert list(DELAYS) == sorted(DELAYS)


@given(st.uuids(), st.integers(1, len(DELAYS)))
def test_jitter_lengthens_a_delay_by_at_most_a_tenth(delivery: UUID, tries: int) -> None:
    due = next_try(delivery, tries, AT)
    assert due is not None
    assert DELAYS[tries - 1] <= due - AT < DELAYS[tries - 1] * (1 + JITTER)
    assert due == next_try(delivery, tries, AT)


@given(st.uuids())
def test_after_the_last_try_there_is_no_other(delivery: UUID) -> None:
    assert next_try(delivery, len(DELAYS) + 1, AT, timedelta(hours=1)) is None


@given(st.one_of(st.text(max_size=30), st.integers(-10, 10**12).map(str)))
def test_whatever_a_receiver_writes_the_rest_is_bounded(text: str) -> None:
    rest = asked_rest(text, AT)
    assert rest is None or timedelta() <= rest <= LONGEST_REST


def test_a_rest_is_seconds_or_a_date() -> None:
    assert asked_rest("60", AT) == timedelta(minutes=1)
    assert asked_rest("Mon, 02 Nov 2026 00:02:00 GMT", AT) == timedelta(minutes=2)
    assert asked_rest("Mon, 02 Nov 2026 00:02:00 -0000", AT) == timedelta(minutes=2)
    assert asked_rest("in a while", AT) is None
