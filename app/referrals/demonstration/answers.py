"""What the two banks of the demonstration made of what was pushed to them."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.demo.chance import Chance, rounded
from app.http.clock import CHINA
from app.referrals.demonstration.cast import BANKS, Cast
from app.referrals.reasons import DeclineReason
from app.referrals.referral_moves import Step
from app.referrals.referral_schemas import DisburseIn
from app.referrals.referral_service import contact, decline, disburse, grant, take
from app.referrals.states import ReferralAction, ReferralState
from app.store.tables import Referral
from app.subsidy.days import months_after

_S: Final = ReferralState
# How far a bank has come by now with what it got long ago, and with what it got this month.
_LONG_AGO: Final = {_S.DISBURSED: 34, _S.GRANTED: 8, _S.DECLINED: 34, _S.DUE_DILIGENCE: 10, _S.CONTACTED: 14}
_THIS_MONTH: Final = {_S.NOT_CONTACTED: 60, _S.CONTACTED: 20, _S.DUE_DILIGENCE: 13, _S.DECLINED: 7}
_A_MONTH: Final = timedelta(days=30)
# Days from one step to the next.
_PAUSE: Final = (2, 7)
_AFTERNOON: Final = time(15, 20)
_REASONS: Final = {
    DeclineReason.SECURITY: 35,
    DeclineReason.REPAYMENT: 20,
    DeclineReason.INCOMPLETE_FILE: 25,
    DeclineReason.NO_NEED: 20,
}
_MONTHS: Final = (12, 24, 36, 36, 60)
_TEN_THOUSAND: Final = 10_000
# Of each delivery; in a sample of any size, so much work is enough to look at.
_MOST: Final = 80


def answer(session: Session, cast: Cast, fates: Mapping[str, ReferralState]) -> int:
    """Let both banks work on all they got; how many steps. `fates` says by bank how `cast.listed` fares."""
    return sum(_of_bank(session, cast, login, fates[login]) for login in BANKS)


def _of_bank(session: Session, cast: Cast, login: str, fate_of_listed: ReferralState) -> int:
    caller, steps = cast.people[login], 0
    own = Referral.bank_id == caller.bank_id
    days = session.scalars(select(Referral.delivered_on).where(own).distinct().order_by(Referral.delivered_on)).all()
    queries = [select(Referral).where(own, Referral.delivered_on == day).order_by(Referral.id) for day in days]
    found = [one for query in queries for one in session.scalars(query.limit(_MOST))]
    for number, one in enumerate(found):
        chance = Chance("follow-up", login, number)
        is_old = one.delivered_on + _A_MONTH < cast.today
        fate = chance.draw(_LONG_AGO if is_old else _THIS_MONTH)
        if one.institution_id == cast.listed:
            fate = fate_of_listed
        steps += _Work(session, cast.today, caller, one, chance).come_to(fate)
    return steps


class _Work:
    """One bank's work on one entry: every step some days after the one before, none after today."""

    def __init__(self, session: Session, today: date, caller: Caller, one: Referral, chance: Chance) -> None:
        self._session, self._today, self._caller, self._one, self._chance = session, today, caller, one, chance
        self._day = one.delivered_on
        self._granted = rounded(chance.whole(400_000, 6_000_000), _TEN_THOUSAND)

    def come_to(self, fate: ReferralState) -> int:
        """Take the steps until then; how many."""
        wanted = {
            _S.NOT_CONTACTED: (),
            _S.CONTACTED: (self._contact,),
            _S.DUE_DILIGENCE: (self._contact, self._investigate),
            _S.GRANTED: (self._contact, self._investigate, self._grant),
            _S.DISBURSED: (self._contact, self._investigate, self._grant, self._disburse),
            _S.DECLINED: (self._contact, self._decline),
        }[fate]
        for step in wanted:
            self._day = min(self._day + timedelta(days=self._chance.whole(*_PAUSE)), self._today)
            step()
        return len(wanted)

    @property
    def _at(self) -> datetime:
        return datetime.combine(self._day, _AFTERNOON, CHINA)

    def _contact(self) -> None:
        contact(self._session, self._one, Step(ReferralAction.CONTACT, self._day), self._caller, self._at)

    def _investigate(self) -> None:
        take(self._session, self._one, Step(ReferralAction.INVESTIGATE, self._day), self._caller, self._at)

    def _grant(self) -> None:
        step = Step(ReferralAction.GRANT, self._day, amount_yuan=self._granted)
        grant(self._session, self._one, step, self._caller, self._at)

    def _decline(self) -> None:
        step = Step(ReferralAction.DECLINE, self._day, reason_code=self._chance.draw(_REASONS).value)
        decline(self._session, self._one, step, self._caller, self._at)

    def _disburse(self) -> None:
        body = DisburseIn(
            amount_yuan=self._granted,
            disbursed_on=self._day,
            due_on=date.fromordinal(months_after(self._day, self._chance.pick(_MONTHS))),
            rate_percent=Decimal(round(self._chance.part(310, 450))) / 100,
        )
        disburse(self._session, self._one, body, self._caller, self._at, self._day)
