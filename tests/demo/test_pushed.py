"""The demonstration's white list went through all reviews and was pushed: the bank has somebody to follow up."""

from datetime import timedelta

from sqlalchemy import func, select

from app.demo.load import load_sample
from app.demo.models import Sample
from app.demo.people import PREFIX, load_people, stage_of
from app.http.clock import now, today
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.referrals.demonstration import deliver_sample
from app.store.engine import open_database
from app.store.tables import Batch, Delivery, Institution, NominationStep, Referral, WhitelistEntry
from tests.databases import SqliteDatabases
from tests.demo.test_people import demo_settings

SIZE = 60


def test_what_the_sample_lists_is_reviewed_published_and_pushed_once(
    sqlite: SqliteDatabases, sample: Sample, seeds: Seeds
) -> None:
    settings = demo_settings(sqlite.create())
    database, codes = open_database(settings), [bank.code for bank in sample.banks]
    with database.writing() as session:
        load_seeds(session, seeds, now())
        load_sample(session, sample, SIZE, 1)
        assert deliver_sample(session, PREFIX, codes, now(), today()) == 0, "nobody is there to push it"
        load_people(session, stage_of(session, sample.banks, None), now(), settings)
        count = deliver_sample(session, PREFIX, codes, now(), today())
        assert deliver_sample(session, PREFIX, codes, now(), today()) == 0
    with database.reading() as session:
        listed = session.scalar(select(func.count()).where(Institution.list_status == "listed"))
        assert count > 0
        assert count == listed == session.scalar(select(func.count()).select_from(WhitelistEntry))
        assert session.scalars(select(Batch.published_on)).all() == [today() - timedelta(days=1)]
        deliveries = session.scalars(select(Delivery)).all()
        assert {one.items for one in deliveries} == {count}
        assert session.scalar(select(func.count()).select_from(Referral)) == count * len(deliveries)
        steps = set(session.scalars(select(NominationStep.action)))
        assert steps == {"draft", "submit", "recommend", "review", "approve", "notice", "list"}
    database.dispose()
