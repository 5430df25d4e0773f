"""Who is reminded of what, and when: once for each last day and step, whatever days are missed and whoever runs it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.inbox.messages import Letter, send_all
from app.programmes.seeds import Seeds
from app.store.engine import Database
from app.store.tables import AuditEvent, Message, Nomination, ParameterValue, WhitelistEntry, institution_version
from app.store.types import new_key
from app.whitelist import due
from app.whitelist.daily import Done, run_daily
from app.whitelist.moves import Actor, move
from app.whitelist.reminders import DEADLINE, Ending, Ends, StepDue, deadline_letter, reminder, step_due
from app.whitelist.reminders import STEPS as STEP_KEYS
from app.whitelist.states import Action, Level, State
from tests.access.house import CITY, COUNTY, PROVINCE, SIBLING
from tests.whitelist.on_the_list import AT, TODAY, a_bureau, a_project, became, certified, in_days, listed, nominated

STEPS = (90, 30, 7)
LAST = date(2027, 3, 1)
CERTIFICATES = ("fire_safety_until", "food_licence_until", "registration_until", "grade_until")


@pytest.mark.parametrize(
    ("left", "step"),
    [
        *((91, None), (90, 90), (89, 90)),
        *((31, 90), (30, 30), (29, 30)),
        *((8, 30), (7, 7), (6, 7)),
        *((1, 7), (0, 7), (-1, None)),
    ],
)
def test_a_step_lasts_until_the_shorter_one_is_reached(left: int, step: int | None) -> None:
    assert step_due(LAST, LAST - timedelta(days=left), STEPS) == step


def ends(last_day: date, what: Ending = Ending.FIRE_SAFETY) -> Ends:
    return Ends(what, "institution", UUID(int=1), "虚构养老院", last_day)


def letters(last_day: date, days: list[date]) -> list[Letter]:
    """What was due on each of some days."""
    return [letter for day in days if (letter := reminder(ends(last_day), day, STEPS)) is not None]


def test_whoever_runs_every_day_reminds_three_times() -> None:
    every = [LAST + timedelta(days=number) for number in range(-120, 10)]
    assert len({one.key for one in letters(LAST, every)}) == len(STEPS)


@given(st.sets(st.integers(-120, 10), max_size=12))
def test_a_missed_day_is_made_up_for_until_the_next_step_and_nothing_is_due_twice(runs: set[int]) -> None:
    sent = Counter(one.key.rpartition(":")[2] for one in letters(LAST, [LAST + timedelta(days=one) for one in runs]))
    missed = {step for step, low in zip(STEPS, (30, 7, -1), strict=True) if not any(low < -one <= step for one in runs)}
    assert set(sent) == {str(step) for step in STEPS if step not in missed}


def test_another_last_day_is_another_reminder() -> None:
    first, second = (letters(day, [TODAY])[0].key for day in (in_days(20), in_days(21)))
    assert first != second
    assert len({reminder(ends(in_days(20), what), TODAY, STEPS) for what in Ending}) == len(Ending)


def test_a_reminder_says_what_ends_when_and_what_to_do() -> None:
    soon, now = (reminder(ends(in_days(days)), TODAY, STEPS) for days in (7, 0))
    assert soon is not None
    assert now is not None
    assert soon.title == "消防合格证明将到期：虚构养老院"
    assert soon.body.startswith("虚构养老院的消防合格证明有效至 2026-11-28，还有 7 天。请在到期前")
    assert "今天是最后一天" in now.body
    assert soon.due_on == date(2026, 11, 28)


@pytest.mark.parametrize(
    ("days", "kind"), [(3, None), (2, "deadline.soon"), (0, "deadline.soon"), (-1, "deadline.overdue")]
)
def test_a_deadline_is_near_on_the_working_day_before_and_passed_the_day_after(days: int, kind: str | None) -> None:
    step = StepDue(UUID(int=1), "晋荐140105-2026-0001", "虚构养老院", "已申报，待县级推荐", 2, in_days(days))
    letter = deadline_letter(step, TODAY, in_days(2))
    assert (letter and letter.kind) == kind


@pytest.fixture
def seeded(fresh_database: Database, seeds: Seeds) -> Database:
    """With the parameters alone: the whole library would take longer than the tests."""
    with fresh_database.writing() as session:
        for record in (one for file in seeds.policies for one in file.parameters if one.key in {*STEP_KEYS, DEADLINE}):
            values = {"type": record.type.value, "label": record.label, "unit": record.unit}
            for dated in record.values:
                session.add(
                    ParameterValue(
                        key=record.key,
                        valid_from=dated.valid_from,
                        valid_to=dated.valid_to,
                        value=str(dated.value),
                        **values,
                    )
                )
    return fresh_database


def messages(database: Database) -> list[Message]:
    with database.reading() as session:
        found = list(session.scalars(select(Message).order_by(Message.id)))
        session.expunge_all()
    return found


def recipients(database: Database) -> Counter[tuple[str, UUID | None]]:
    """Kind and recipient of each message."""
    return Counter((one.kind, one.organisation_id or one.institution_id) for one in messages(database))


def run(database: Database, day: date = TODAY) -> Done:
    return run_daily(database, day, AT)


def test_institution_and_county_are_reminded_of_each_certificate(seeded: Database) -> None:
    ending: dict[str, Any] = {name: in_days(30) for name in CERTIFICATES}
    with seeded.writing() as session:
        bureau, sibling = a_bureau(session), a_bureau(session, SIBLING)
        home = certified(session, **ending).id
        certified(session, fire_safety_until=in_days(91), grade_until=in_days(-1))
        certified(session, SIBLING)
    assert run(seeded) == Done(expired=0, entries=0, certificates=8, deadlines=0)
    kinds = [f"reminder.{one}" for one in ("fire_safety", "food_licence", "registration", "grade")]
    assert recipients(seeded) == Counter((kind, one) for kind in kinds for one in (bureau.id, home))
    assert {one.region_code for one in messages(seeded)} == {COUNTY}
    assert sibling.id not in {one.organisation_id for one in messages(seeded)}
    assert run(seeded) == Done(0, 0, 0, 0)


def test_only_what_is_on_record_now_counts_and_a_changed_day_starts_anew(seeded: Database) -> None:
    with seeded.writing() as session:
        a_bureau(session)
        home = certified(session, fire_safety_until=in_days(30)).id
    assert run(seeded).certificates == 2
    later = AT + timedelta(hours=1)
    with seeded.writing() as session:
        mine = institution_version.c.institution_id == home
        before = session.execute(select(institution_version).where(mine)).mappings().one()
        session.execute(update(institution_version).where(mine).values(recorded_to=later))
        renewed: dict[str, Any] = {"id": new_key(), "recorded_from": later, "fire_safety_until": in_days(60)}
        session.execute(institution_version.insert().values({**before, **renewed}))
    assert run(seeded).certificates == 2
    assert run(seeded).certificates == 0
    assert {one.due_on for one in messages(seeded)} == {in_days(30), in_days(60)}


def test_an_entry_is_reminded_of_where_its_subject_lies(seeded: Database) -> None:
    with seeded.writing() as session:
        county, sibling = a_bureau(session), a_bureau(session, SIBLING)
        home, owner = certified(session), certified(session)
        # Valid until the day before `valid_to`: 30 days from today, and 31.
        first = listed(session, home, county, in_days(31)).id
        second = listed(session, owner, county, in_days(31), a_project(session, owner, SIBLING)).id
        # One that lasts too long yet, and one that ended today.
        listed(session, certified(session), county, in_days(92))
        listed(session, certified(session), county, TODAY)
        owners = {first: home.id, second: owner.id}
    assert run(seeded) == Done(expired=1, entries=4, certificates=0, deadlines=0)
    told = {(one.subject_id, one.organisation_id or one.institution_id) for one in messages(seeded)}
    assert told == {
        (first, county.id),
        (first, owners[first]),
        (second, sibling.id),
        (second, owners[second]),
    }
    assert {(one.kind, one.subject_kind, one.due_on) for one in messages(seeded)} == {
        ("reminder.list", "whitelist_entry", in_days(30))
    }
    assert any("虚构康养项目" in one.title for one in messages(seeded))


@pytest.mark.parametrize(("steps", "sent"), [(["suspended"], 2), (["suspended", "removed"], 0)])
def test_what_is_suspended_still_ends_and_what_was_removed_does_not(
    seeded: Database, steps: list[str], sent: int
) -> None:
    actions = {"suspended": "suspend", "removed": "remove"}
    with seeded.writing() as session:
        county, province = a_bureau(session), a_bureau(session, PROVINCE)
        entry = listed(session, certified(session), county, in_days(10))
        for state, by in zip(steps, (county, province), strict=False):
            became(session, entry, actions[state], state, by)
    assert run(seeded).entries == sent


@pytest.mark.parametrize(
    ("days", "kind"),
    # The 21st is a Saturday; the next working day is Monday, the 23rd.
    [(3, None), (2, "deadline.soon"), (0, "deadline.soon"), (-1, "deadline.overdue")],
)
def test_the_office_whose_turn_it_is_is_told_of_its_deadline(seeded: Database, days: int, kind: str | None) -> None:
    with seeded.writing() as session:
        county = a_bureau(session)
        a_bureau(session, CITY)
        nominated(session, certified(session), county, due_on=in_days(days))
        nominated(session, certified(session), county)
    assert run(seeded).deadlines == (kind is not None)
    assert recipients(seeded) == Counter([(kind, county.id)] if kind else [])


def test_a_deadline_that_passes_is_told_of_again(seeded: Database) -> None:
    with seeded.writing() as session:
        nominated(session, certified(session), a_bureau(session), due_on=in_days(2))
    days = [run(seeded, in_days(number)).deadlines for number in range(-2, 6)]
    # It ends on a Monday: near from the Friday before on, and passed from the Tuesday on.
    assert days == [0, 1, 0, 0, 0, 1, 0, 0]


def test_each_state_that_an_office_decides_lies_at_its_desk() -> None:
    assert due.TURN == {
        State.SUBMITTED: Level.COUNTY,
        State.RECOMMENDED: Level.CITY,
        State.REVIEWED: Level.PROVINCE,
        State.COUNTY_APPEALED: Level.CITY,
        State.CITY_APPEALED: Level.PROVINCE,
        State.PROVINCE_APPEALED: Level.PROVINCE,
    }


def test_the_city_is_told_when_it_is_its_turn(seeded: Database) -> None:
    with seeded.writing() as session:
        county, city = a_bureau(session), a_bureau(session, CITY)
        a_bureau(session, PROVINCE)
        one = session.get_one(Nomination, nominated(session, certified(session), a_bureau(session, SIBLING)))
        recommends = Actor(county.account, county.id, Level.COUNTY)
        move(session, one, Action.RECOMMEND, recommends, AT, due_on=in_days(2))
    assert run(seeded).deadlines == 1
    assert recipients(seeded) == Counter([("deadline.soon", city.id)])


def test_what_has_ended_leaves_the_list_before_anybody_is_reminded_of_it(
    seeded: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "PAGE", 2)
    with seeded.writing() as session:
        bureau = a_bureau(session)
        owners = [certified(session) for _ in range(7)]
        # Five have ended, one of them a project; two go on for another day.
        ids = [listed(session, one, bureau, in_days(0)).id for one in owners[:4]]
        ids.append(listed(session, owners[0], bureau, in_days(-3), a_project(session, owners[0], SIBLING)).id)
        for owner in owners[5:]:
            listed(session, owner, bureau, in_days(1))
    assert sum(done.expired for done in at_once(seeded, 2)) == 5
    with seeded.reading() as session:
        expired = select(WhitelistEntry.id).where(WhitelistEntry.state == "expired")
        assert set(session.scalars(expired)) == set(ids)
    assert {one.subject_id for one in messages(seeded)}.isdisjoint(ids)
    assert run(seeded) == Done(0, 0, 0, 0)


def test_two_runs_at_once_send_everything_once(seeded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "PAGE", 3)
    filled(seeded, 10)
    assert sum(done.certificates for done in at_once(seeded, 3)) == 20
    assert len(messages(seeded)) == 20
    assert sorted(recorded(seeded)) == sorted(str(one.id) for one in messages(seeded))


def test_a_run_that_breaks_off_is_taken_up_again(seeded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "PAGE", 3)
    filled(seeded, 10)
    calls = Counter[str]()

    def breaks(*args: Any) -> int:
        calls["sent"] += 1
        sent = send_all(*args)
        if calls["sent"] == 3:
            raise KeyboardInterrupt
        return sent

    with monkeypatch.context() as patch:
        patch.setattr("app.whitelist.daily.send_all", breaks)
        with pytest.raises(KeyboardInterrupt):
            run(seeded)
    # Two pages of three institutions, each with its office and itself; the third page was rolled back.
    assert len(messages(seeded)) == 12
    assert run(seeded).certificates == 8
    assert len({(one.organisation_id, one.institution_id, one.key) for one in messages(seeded)}) == 20


def test_a_run_with_nothing_to_do_leaves_no_trace(seeded: Database) -> None:
    filled(seeded, 2)
    run(seeded)
    before = recorded(seeded)
    assert len(before) == 4
    run(seeded)
    assert recorded(seeded) == before


def at_once(database: Database, runs: int) -> list[Done]:
    """What each of several runs did that began at the same moment."""
    gate = Barrier(runs)

    def one(_number: int) -> Done:
        gate.wait(10)
        return run(database)

    with ThreadPoolExecutor(runs) as pool:
        return list(pool.map(one, range(runs)))


def filled(database: Database, count: int) -> None:
    with database.writing() as session:
        a_bureau(session)
        for _ in range(count):
            certified(session, fire_safety_until=in_days(30))


def recorded(database: Database) -> list[str]:
    """The messages that the trail says were written."""
    with database.reading() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "send_reminders")).all()
        return [row["key"] for event in events for row in event.changes or []]
