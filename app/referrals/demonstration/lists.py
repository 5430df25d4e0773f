"""The lists of the demonstration's year: drawn up, on notice, published and pushed."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate, pairwise
from math import ceil
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from app.referrals.demonstration.cast import BANKS, CHECKER, MAKER, PUSHER, WAY, Cast
from app.referrals.pushes_queries import deliveries_of
from app.referrals.pushes_service import Wanted, push, receive
from app.referrals.receipts import Way, note_receipt
from app.store.tables import Bank, Batch, Institution
from app.whitelist.batches_rows import MOST_ROWS
from app.whitelist.batches_service import announce, draft, publish
from app.whitelist.parameters import NOTICE_DAYS, whole_number

# Before it is published: the reviews, then a day to draw the list up, then the notice.
_REVIEWS, _NOTICE = 15, 8


class Past(NamedTuple):
    """A list of the year: its name, how many days ago it was published, to how many banks it was pushed, its share."""

    title: str
    days_ago: int
    banks: int | None
    quarters: int


PAST: Final = (
    Past("虚构的第一批养老金融白名单", 200, 4, 1),
    Past("虚构的第二批养老金融白名单", 95, 6, 1),
    Past("虚构的第三批养老金融白名单", 16, None, 2),
)


def publish_lists(session: Session, cast: Cast, found: Sequence[Institution], banks: Sequence[str]) -> int:
    """List them in as many batches as there are and push each the day after; how many entries. `banks` are codes.

    The two banks whose people are there come first, so each of them got every list.
    """
    ends = list(accumulate((ceil(len(found) * past.quarters / 4) for past in PAST), initial=0))
    parts = [found[first:last][:MOST_ROWS] for first, last in pairwise(ends)]
    there = [(number, past, part) for number, (past, part) in enumerate(zip(PAST, parts, strict=True), 1) if part]
    for number, past, part in there:
        approved = [cast.nominate(session, one, WAY, past.days_ago + _REVIEWS).id for one in part]
        _push(session, cast, _published(session, cast, past, number, approved), past, banks[: past.banks])
    return sum(len(part) for *_, part in there)


def on_notice(session: Session, cast: Cast, title: str, approved: Sequence[UUID], days_ago: int) -> Batch:
    """A batch whose notice began some days ago. Its drafter may not publish it."""
    batch = draft(session, title, approved, cast.people[CHECKER], cast.on(days_ago))
    return _announced(session, cast, batch, CHECKER, days_ago)


def _announced(session: Session, cast: Cast, batch: Batch, login: str, days_ago: int) -> Batch:
    at = cast.on(days_ago)
    # The first day counts.
    days = timedelta(days=whole_number(session, NOTICE_DAYS, at.date()) - 1)
    period = at.date(), at.date() + days
    return announce(session, batch.id, period, '"1"', cast.people[login], at, at.date())


def _published(session: Session, cast: Cast, past: Past, number: int, approved: Sequence[UUID]) -> UUID:
    began = past.days_ago + _NOTICE
    batch = draft(session, past.title, approved, cast.people[MAKER], cast.on(began + 1))
    _announced(session, cast, batch, MAKER, began)
    at = cast.on(past.days_ago)
    publish(session, batch.id, f"虚构民发〔{at.year}〕{number}号", '"2"', cast.people[CHECKER], at, at.date())
    return batch.id


def _push(session: Session, cast: Cast, batch_id: UUID, past: Past, banks: Sequence[str]) -> None:
    """The day after. What is older than a month was taken by every bank; of the last, one bank still has to sign."""
    at = cast.on(past.days_ago - 1)
    pusher = cast.people[PUSHER]
    made = push(session, Wanted(batch_id, banks), pusher, at, at.date())
    own = {cast.people[login].bank_id: cast.people[login] for login in BANKS}
    for one in deliveries_of(session, [made.id], pusher.scope)[made.id]:
        delivery = one.delivery
        if delivery.bank_id not in own:
            if past.banks is not None:
                note_receipt(session, delivery.id, Way.EVENTS, at + timedelta(hours=2))
        elif past.banks is not None or delivery.bank_id == cast.people[BANKS[0]].bank_id:
            receive(session, delivery, own[delivery.bank_id], at + timedelta(days=1))


def pushed_first(session: Session, cast: Cast, codes: Sequence[str]) -> list[str]:
    """The banks in the order in which lists go to them: first those whose people are there."""
    own = {session.get_one(Bank, cast.people[login].bank_id).code for login in BANKS}
    return sorted(codes, key=lambda code: (code not in own, code))
