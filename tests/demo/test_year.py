"""The demonstration's year: lists were reviewed, published, pushed and answered, and at every desk something waits."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.demo.load import households_of, load_sample
from app.demo.models import Sample
from app.demo.people import PREFIX, load_people, stage_of
from app.http.clock import CHINA, now, today
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.referrals.demonstration.year import live_through_the_year
from app.referrals.states import ReferralState
from app.store.engine import open_database
from app.store.tables import (
    Batch,
    ConsentRequest,
    Delivery,
    DeliveryReceipt,
    Institution,
    Loan,
    Need,
    Nomination,
    NominationStep,
    Objection,
    Organisation,
    Project,
    Referral,
    ReferralStep,
    WhitelistEntry,
)
from app.whitelist.states import State
from tests.databases import SqliteDatabases
from tests.demo.test_people import demo_settings

SIZE = 240
SEED = 1


@dataclass(frozen=True)
class Year:
    """A session on the demonstration, how many entries were listed, and the two institutions whose people are there."""

    session: Session
    listed: int
    shown: Institution
    own: Institution


@pytest.fixture(scope="module")
def year(sqlite: SqliteDatabases, sample: Sample, seeds: Seeds) -> Iterator[Year]:
    settings = demo_settings(sqlite.create())
    database, codes = open_database(settings), [bank.code for bank in sample.banks]
    shown = households_of(sample, SEED).key(0)
    with database.writing() as session:
        load_seeds(session, seeds, now())
        load_sample(session, sample, SIZE, SEED)
        assert live_through_the_year(session, PREFIX, codes, today()) == 0, "nobody is there to push it"
        load_people(session, stage_of(session, sample.banks, shown), now(), settings)
        listed = live_through_the_year(session, PREFIX, codes, today())
        assert live_through_the_year(session, PREFIX, codes, today()) == 0, "a year is lived once"
    with database.reading() as session:
        own = select(Organisation.institution_id).where(Organisation.code == "demo-listed-institution")
        yield Year(
            session, listed, session.get_one(Institution, shown), session.get_one(Institution, session.scalar(own))
        )
    database.dispose()


def test_what_the_sample_lists_is_published_in_three_batches_and_pushed(year: Year) -> None:
    published = year.session.scalars(select(Batch).where(Batch.state == "published")).all()
    assert len({one.published_on for one in published}) == 3
    assert year.listed > len(published)
    assert year.listed == year.session.scalar(select(func.count()).select_from(WhitelistEntry))
    listed = select(func.count()).where(Institution.list_status == "listed")
    assert year.session.scalar(listed) == year.listed
    deliveries = year.session.scalars(select(Delivery)).all()
    assert sum(one.items for one in deliveries) == year.session.scalar(select(func.count()).select_from(Referral))
    signed = year.session.scalar(select(func.count(DeliveryReceipt.delivery_id.distinct()))) or 0
    assert 0 < signed < len(deliveries), "some banks have yet to sign"


def test_nomination_waits_at_every_level_and_on_notice(year: Year) -> None:
    waiting = set(year.session.scalars(select(Nomination.state)))
    assert {State.SUBMITTED, State.RECOMMENDED, State.REVIEWED, State.APPROVED, State.ON_NOTICE} <= waiting
    due = [one for one in year.session.scalars(select(Nomination.due_on)) if one is not None]
    assert min(due) < today() <= max(due), "some are late, some are not"
    running = select(Batch.notice_to).where(Batch.state == "on_notice")
    ends = [one for one in year.session.scalars(running) if one is not None]
    assert min(ends) < today() <= max(ends), "one may be published, one still runs"
    assert year.session.scalar(select(func.count()).select_from(Objection)) == 1


def test_banks_have_come_to_every_state(year: Year) -> None:
    assert set(year.session.scalars(select(Referral.state))) == set(ReferralState)


def test_the_institution_that_is_shown_is_still_to_be_nominated(year: Year) -> None:
    assert year.shown.list_status == "none"
    assert year.shown.id not in set(year.session.scalars(select(Nomination.institution_id)))
    for noun in (Project, Need, Loan):
        owned = select(func.count()).select_from(noun).where(noun.institution_id == year.shown.id)
        assert year.session.scalar(owned) == 1


def test_the_listed_one_has_a_loan_of_a_bank_and_a_request_of_another(year: Year) -> None:
    assert year.own.list_status == "listed"
    states = set(year.session.scalars(select(Referral.state).where(Referral.institution_id == year.own.id)))
    assert {ReferralState.DISBURSED, ReferralState.CONTACTED} <= states
    loans = select(func.count()).select_from(Loan).where(Loan.institution_id == year.own.id)
    assert year.session.scalar(loans)
    assert year.session.scalars(select(ConsentRequest.institution_id)).all() == [year.own.id]


def test_nothing_of_it_lies_in_the_future(year: Year) -> None:
    for column in (NominationStep.at, ReferralStep.at):
        assert year.session.scalars(select(func.max(column))).one().astimezone(CHINA).date() <= today()
    assert year.session.scalars(select(func.max(ReferralStep.happened_on))).one() <= today()
