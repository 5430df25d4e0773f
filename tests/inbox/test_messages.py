"""Sending: once to each recipient, whatever happens at the same time; who is in charge of a region."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.inbox.messages import Letter, Recipient, send, send_all, unsent
from app.inbox.offices import bureaux_of
from app.store.engine import Database
from app.store.tables import Message
from app.store.types import new_key
from tests.access.house import CITY, COUNTY, PROVINCE, SIBLING, an_institution
from tests.access.people import SINCE, an_account, an_organisation
from tests.inbox.letters import AT, SUBJECT, a_letter


@pytest.fixture
def office(session: Session) -> Recipient:
    return Recipient.office(an_organisation(session, region=COUNTY))


@pytest.fixture
def institution(session: Session) -> Recipient:
    return Recipient(COUNTY, institution_id=an_institution(session).id)


def messages(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Message)) or 0


def test_a_letter_reaches_each_recipient_once(session: Session, office: Recipient, institution: Recipient) -> None:
    letter = a_letter()
    assert send(session, [office], letter, AT) == 1
    assert send(session, [office, institution], letter, AT) == 1
    assert send(session, [office, institution], letter, AT) == 0
    assert messages(session) == 2


def test_the_key_alone_tells_letters_apart(session: Session, office: Recipient) -> None:
    first = a_letter(key="a")
    assert send(session, [office], first, AT) == 1
    assert send(session, [office], a_letter(key="a", title="换了标题"), AT) == 0
    assert send(session, [office], a_letter(key="b"), AT) == 1
    assert set(session.scalars(select(Message.title))) == {first.title}


def test_what_was_not_sent_yet_is_known_beforehand(session: Session, office: Recipient, institution: Recipient) -> None:
    letters = [a_letter(key=str(number)) for number in range(450)]
    postings = [(one, letter) for letter in letters for one in (office, institution)]
    assert unsent(session, postings) == postings
    # Every third to the office, and the first one to the institution too.
    there = [*((office, letter) for letter in letters[::3]), (institution, letters[0])]
    assert send_all(session, there, AT) == 151
    left = unsent(session, postings)
    assert left == [one for one in postings if one not in there]
    assert send_all(session, postings, AT) == len(left)
    assert unsent(session, postings) == []


@pytest.mark.parametrize("ids", [{}, {"organisation_id", "institution_id"}])
def test_a_message_has_exactly_one_recipient(
    session: Session, office: Recipient, institution: Recipient, ids: set[str]
) -> None:
    both = {"organisation_id": office.organisation_id, "institution_id": institution.institution_id}
    with pytest.raises(IntegrityError):
        session.execute(insert(Message).values(**row(), **{name: both[name] for name in ids}))


@pytest.mark.parametrize("names", [("read_at",), ("read_by",)])
def test_a_message_that_was_read_was_read_by_somebody(session: Session, names: tuple[str, ...]) -> None:
    office = an_organisation(session, region=COUNTY)
    read = {"read_at": AT, "read_by": an_account(session, office).id}
    with pytest.raises(IntegrityError):
        session.execute(
            insert(Message).values(**row(), organisation_id=office.id, **{name: read[name] for name in names})
        )


def row() -> dict[str, Any]:
    texts = dict.fromkeys(("title", "body", "kind", "subject_kind", "key"), "虚构")
    return {"id": new_key(), "region_code": COUNTY, "subject_id": SUBJECT, "created_at": AT, **texts}


def test_two_who_send_the_same_at_once_send_one(fresh_database: Database) -> None:
    with fresh_database.writing() as session:
        recipient = Recipient.office(an_organisation(session, region=COUNTY))
    letters, gate = [a_letter(key=str(number)) for number in range(20)], Barrier(4)

    def one(_number: int) -> int:
        gate.wait(10)
        return sum(sent_alone(fresh_database, recipient, letter) for letter in letters)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == len(letters)
    with fresh_database.reading() as session:
        assert messages(session) == len(letters)


def sent_alone(database: Database, recipient: Recipient, letter: Letter) -> int:
    with database.writing() as session:
        return send(session, [recipient], letter, AT)


def test_an_institutions_own_office_stands_for_the_institution(session: Session) -> None:
    owner = an_institution(session)
    office = an_organisation(session, "institution", COUNTY, institution_id=owner.id)
    assert Recipient.office(office) == Recipient(COUNTY, institution_id=owner.id)


def a_bureau(session: Session, region: str, *, people: bool = True, **row: Any) -> Recipient:
    office = an_organisation(session, region=region, **row)
    if people:
        an_account(session, office, Role.CIVIL_AFFAIRS)
    return Recipient.office(office)


def test_a_region_without_a_bureau_is_its_citys_and_then_the_provinces(session: Session) -> None:
    province = a_bureau(session, PROVINCE)
    assert bureaux_of(session, [COUNTY, PROVINCE, "000000"]) == {
        COUNTY: (province,),
        PROVINCE: (province,),
        "000000": (),
    }
    city, county = a_bureau(session, CITY), a_bureau(session, COUNTY)
    assert bureaux_of(session, [COUNTY, SIBLING]) == {COUNTY: (county,), SIBLING: (city,)}
    second = a_bureau(session, COUNTY)
    assert bureaux_of(session, [COUNTY]) == {COUNTY: (county, second)}


def test_a_bureau_where_nobody_works_leaves_it_to_the_one_above(session: Session) -> None:
    empty = a_bureau(session, COUNTY, people=False)
    gone = an_organisation(session, region=COUNTY)
    an_account(session, gone, Role.CIVIL_AFFAIRS, closed_at=SINCE)
    assert bureaux_of(session, [COUNTY]) == {COUNTY: (empty, Recipient.office(gone))}
    city = a_bureau(session, CITY)
    assert bureaux_of(session, [COUNTY]) == {COUNTY: (city,)}


@pytest.mark.parametrize("row", [{"kind": "finance"}, {"closed_at": SINCE}])
def test_closed_and_other_offices_are_in_charge_of_nothing(session: Session, row: dict[str, Any]) -> None:
    a_bureau(session, COUNTY, **row)
    assert bureaux_of(session, [COUNTY]) == {COUNTY: ()}
