"""The whole year, once: lists, pushes, answers, and what waits today."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.programmes.queries import read_parameters
from app.referrals.clock import ANSWER_DAYS
from app.referrals.demonstration.answers import answer
from app.referrals.demonstration.cast import BANKS, cast_of
from app.referrals.demonstration.lists import publish_lists, pushed_first
from app.referrals.demonstration.waiting import ask_consent, fill_desks
from app.referrals.states import ReferralState
from app.store.tables import Bank, Institution, Push
from app.whitelist.parameters import NOTICE_DAYS, VALID_MONTHS

# How the two banks treat the listed institution whose people are there.
_FATES: Final = dict(zip(BANKS, (ReferralState.DISBURSED, ReferralState.CONTACTED), strict=True))


def live_through_the_year(session: Session, prefix: str, banks: Sequence[str], today: date) -> int:
    """List, push and answer what the sample says is listed; how many entries.

    Nothing where a push has been made, or where the people, the banks or the parameters are not there.
    """
    cast = cast_of(session, prefix, today)
    there = list(session.scalars(select(Bank.code).where(Bank.code.in_(banks)).order_by(Bank.code)))
    if cast is None or not there or _has_begun(session):
        return 0
    found = _listed(session, cast.listed)
    if not found:
        return 0
    count = publish_lists(session, cast, found, pushed_first(session, cast, there))
    answer(session, cast, _FATES)
    fill_desks(session, cast)
    if cast.listed is not None:
        ask_consent(session, cast, cast.listed)
    return count


def _has_begun(session: Session) -> bool:
    """Whether there is a push, or not even the parameters that batches and pushes go by."""
    known = read_parameters(session)
    is_ready = all(key in known for key in (NOTICE_DAYS, VALID_MONTHS, ANSWER_DAYS))
    return not is_ready or bool(session.scalar(select(exists().where(Push.id.is_not(None)))))


def _listed(session: Session, first: UUID | None) -> Sequence[Institution]:
    """In the order in which they were listed, but one whose people are there before all others."""
    listed = Institution.list_status == "listed"
    order = Institution.id != first if first else Institution.listed_on
    return session.scalars(
        select(Institution).where(listed).order_by(order, Institution.listed_on, Institution.id)
    ).all()
