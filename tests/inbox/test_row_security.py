"""PostgreSQL alone, asked by the application's role: whose message is seen, and what of it can be changed."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Delete, Update, delete, select, update
from sqlalchemy.exc import ProgrammingError

from app.access.row_security import APP_ROLE, bind
from app.access.scope import FULL, Scope
from app.inbox.messages import Recipient, send
from app.store.engine import Database, open_database
from app.store.tables import Message
from tests.access.house import COUNTY, an_institution
from tests.access.people import an_account, an_organisation
from tests.databases import PostgresDatabases, settings_for
from tests.inbox.letters import AT, a_letter


class Post:
    """Two offices and two institutions with a message each."""

    def __init__(self, owner: Database) -> None:
        with owner.writing() as session:
            self.offices = [an_organisation(session, region=COUNTY) for _ in range(2)]
            self.reader = an_account(session, self.offices[0]).id
            self.institutions = [an_institution(session).id for _ in range(2)]
            recipients = [Recipient.office(one) for one in self.offices]
            recipients += [Recipient(COUNTY, institution_id=one) for one in self.institutions]
            send(session, recipients, a_letter(), AT)
            self.office, self.other = (one.id for one in self.offices)


@pytest.fixture(scope="module")
def served(postgresql: PostgresDatabases) -> Iterator[tuple[Database, Post]]:
    url = postgresql.create()
    owner, web = open_database(settings_for(url)), open_database(settings_for(url), APP_ROLE)
    yield web, Post(owner)
    web.dispose()
    owner.dispose()
    postgresql.drop(url)


def seen(web: Database, scope: Scope, organisation_id: UUID | None = None) -> set[tuple[UUID | None, UUID | None]]:
    with web.reading() as session:
        bind(session, scope, organisation_id)
        rows = session.execute(select(Message.organisation_id, Message.institution_id)).all()
        assert len(rows) == len(set(rows))
        return {(row[0], row[1]) for row in rows}


def test_a_message_is_seen_by_its_recipient_alone(served: tuple[Database, Post]) -> None:
    web, post = served
    assert seen(web, Scope("14"), post.office) == {(post.office, None)}
    assert seen(web, Scope("", post.institutions[0]), post.other) == {
        (post.other, None),
        (None, post.institutions[0]),
    }
    assert seen(web, FULL) == set()
    with web.reading() as session:
        assert session.scalars(select(Message.id)).all() == []


def test_anybodys_work_may_end_in_a_message_which_he_or_she_does_not_see(served: tuple[Database, Post]) -> None:
    web, post = served
    with web.writing() as session:
        bind(session, Scope("14"), post.office)
        letter = a_letter()
        for sent in (1, 0):
            assert send(session, [Recipient(COUNTY, organisation_id=post.other)], letter, AT) == sent
        assert session.scalars(select(Message.id).where(Message.key == letter.key)).all() == []
        session.rollback()


CHANGES = [*(update(Message).values({name: None}) for name in ("title", "body", "due_on", "key")), delete(Message)]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_what_was_written_stays(served: tuple[Database, Post], change: Update | Delete) -> None:
    web, post = served
    with web.writing() as session:
        bind(session, Scope("14"), post.office)
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(change)
        session.rollback()


def test_only_the_recipient_notes_that_it_was_read(served: tuple[Database, Post]) -> None:
    web, post = served
    with web.writing() as session:
        bind(session, Scope("14"), post.office)
        marked = session.execute(update(Message).values(read_at=AT, read_by=post.reader))
        assert marked.rowcount == 1  # type: ignore[attr-defined]
        session.rollback()
