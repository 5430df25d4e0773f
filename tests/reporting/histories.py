"""Random histories of a list and its banks: drawn, written as rows, and counted again the slow way."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from hypothesis import strategies as st

from app.reporting.asked import Asked
from app.reporting.measures import By
from app.store.base import Base

AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, LAST = date(2025, 11, 1), date(2026, 4, 30)
# Long enough for whatever follows from what is delivered on the last day.
WHOLE: Final = (FIRST, date(2027, 4, 30))
# Two counties of one city, the city itself (a development zone), and a county of another city.
REGIONS: Final = ("140302", "140303", "140300", "140105")
BANKS: Final = ("xugou-bank-a", "xugou-bank-b")
KINDS: Final = (None, (), ("elderly_home",), ("elderly_home", "day_care"), ("meal_service", "training_body"))
META: Final = Base.metadata.tables


@dataclass(frozen=True)
class Money:
    """A loan that was paid out. `balance` None is a loan whose balance nobody stated."""

    yuan: Decimal
    on: date
    rate: Decimal
    balance: Decimal | None
    subsidy: Decimal | None


@dataclass(frozen=True)
class Talk:
    """What one bank made of an entry, on which days."""

    bank: str
    delivered: date
    contacted: date | None
    granted: date | None
    granted_yuan: Decimal | None
    money: Money | None
    declined: date | None

    @property
    def decided(self) -> date | None:
        return min((day for day in (self.granted, self.declined) if day is not None), default=None)


@dataclass(frozen=True)
class Entry:
    """A line of the list."""

    region: str
    is_project: bool
    kinds: tuple[str, ...] | None
    listed: date
    talks: tuple[Talk, ...]


DAYS: Final = st.dates(FIRST, LAST)
# A few of the largest outgrow 64 bits when their amounts are multiplied by their rates.
YUAN: Final = st.one_of(st.integers(1, 10**13), st.just(10**15 - 1)).map(lambda fen: Decimal(fen) / 100)
RATES: Final = st.one_of(st.integers(0, 9_000_000), st.just(24_000_000)).map(
    lambda millionths: Decimal(millionths) / 1_000_000
)


@st.composite
def talks(draw: st.DrawFn, bank: str) -> Talk:
    """A story that the table of transitions has: contacted, granted, paid out or declined, one after another."""
    delivered = draw(DAYS)
    days = [delivered + timedelta(days=sum(draw(st.lists(st.integers(0, 60), min_size=n, max_size=n)))) for n in (1, 2)]
    contacted, granted = sorted(days)
    reached = draw(st.sampled_from(["delivered", "contacted", "granted", "disbursed", "disbursed"]))
    has_grant = reached in {"granted", "disbursed"}
    yuan = draw(YUAN) if has_grant else None
    money = draw(monies(yuan, granted)) if reached == "disbursed" and yuan is not None else None
    ends = money is None and draw(st.booleans())
    last = granted if has_grant else contacted if reached == "contacted" else delivered
    return Talk(
        bank=bank,
        delivered=delivered,
        contacted=None if reached == "delivered" else contacted,
        granted=granted if has_grant else None,
        granted_yuan=yuan,
        money=money,
        declined=last + timedelta(days=draw(st.integers(0, 20))) if ends else None,
    )


@st.composite
def monies(draw: st.DrawFn, granted_yuan: Decimal, granted: date) -> Money:
    yuan = draw(st.sampled_from([granted_yuan, Decimal("0.01")]))
    balance = draw(st.none() | st.sampled_from([Decimal(0), yuan]))
    subsidy = draw(st.none() | YUAN)
    return Money(yuan, granted + timedelta(days=draw(st.integers(0, 30))), draw(RATES), balance, subsidy)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    is_project = draw(st.booleans())
    banks = draw(st.sampled_from([BANKS, BANKS[:1], BANKS[1:], ()]))
    return Entry(
        region=draw(st.sampled_from(REGIONS)),
        is_project=is_project,
        kinds=None if is_project else draw(st.sampled_from(KINDS)),
        listed=draw(DAYS),
        talks=tuple(draw(talks(bank)) for bank in banks),
    )


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    begin, end = draw(st.just(WHOLE) | st.tuples(DAYS, DAYS).map(sorted))
    return Asked(
        by=draw(st.sampled_from(By)),
        begin=begin,
        end=end,
        region=draw(st.sampled_from([None, None, "140000", "140300", "140302"])),
        kinds=draw(
            st.sampled_from([(), (), (), ("project",), ("unknown",), ("day_care",), ("elderly_home", "unknown")])
        ),
        bank=draw(st.sampled_from([None, None, *BANKS])),
    )
