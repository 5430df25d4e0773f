"""What was recorded stays: the past can be read again, and a change names the version it was made from."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.scope import FULL
from app.http.clock import today
from app.http.etags import VersionStale
from app.institutions.facts import Statement, fact_row, recorded_facts
from app.institutions.queries import get_institution
from app.institutions.register import amend, register
from app.institutions.schemas import InstitutionIn, InstitutionPatch
from app.rules.facts import Fact, FactType, Subject
from app.rules.given import Provenance
from app.store.engine import Database
from app.store.fact_columns import stored_facts
from tests.institutions.registry import API, COUNTY, Registry, values

WRITERS, UPDATES = 8, 50
CHECKED = {"provenance": "checked", "on": today().isoformat(), "by": "虚构区民政局"}


def test_each_past_version_can_be_replayed(registry: Registry) -> None:
    one = registry.add("虚构旧名养老院", {"beds_total": 100})
    seen = [one]
    for version, beds in enumerate((110, None, 130, 140), start=1):
        seen.append(registry.amend(one["id"], version, {"beds_total": beds}).json())
    renamed = registry.amend(one["id"], 5, name="虚构新名养老院").json()
    replayed = [registry.get(one["id"], known_at=version["recorded_from"]) for version in seen]
    assert [values(answer).get("beds_total") for answer in replayed] == [100, 110, None, 130, 140]
    assert {answer["name"] for answer in replayed} == {"虚构旧名养老院"}
    assert {answer["version"] for answer in replayed} == {None}
    assert registry.get(one["id"])["name"] == renamed["name"] == "虚构新名养老院"


def test_a_version_begins_at_its_instant_and_ends_just_before_the_next(registry: Registry) -> None:
    one = registry.add(facts={"beds_total": 100})
    second = registry.amend(one["id"], 1, {"beds_total": 200}).json()
    change = datetime.fromisoformat(second["recorded_from"])
    before = registry.get(one["id"], known_at=(change - timedelta(microseconds=1)).isoformat())
    assert values(before)["beds_total"] == 100
    assert values(registry.get(one["id"], known_at=change.isoformat()))["beds_total"] == 200


def test_before_it_was_registered_there_is_none(registry: Registry) -> None:
    one = registry.add()
    created = datetime.fromisoformat(one["created_at"])
    earlier = (created - timedelta(microseconds=1)).isoformat()
    assert registry.client.get(f"{API}/{one['id']}", params={"known_at": earlier}).status_code == 404
    assert registry.client.get(f"{API}/{one['id']}", params={"known_at": "2026-01-01T00:00:00"}).status_code == 422


def test_a_change_names_its_version(registry: Registry) -> None:
    one = registry.add()
    path, body = f"{API}/{one['id']}", {"facts": {"institution.beds_total": 1}}
    assert registry.client.get(path).headers["ETag"] == '"1"'
    assert registry.client.patch(path, json=body).status_code == 428
    assert registry.client.patch(path, json=body, headers={"If-Match": "*"}).status_code == 428
    for stale in ('"2"', 'W/"1"', "1", '"x"'):
        assert registry.client.patch(path, json=body, headers={"If-Match": stale}).status_code == 412
    changed = registry.client.patch(path, json=body, headers={"If-Match": '"7", "1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert registry.client.patch(path, json=body, headers={"If-Match": '"1"'}).status_code == 412


def test_nothing_new_makes_no_new_version(registry: Registry) -> None:
    one = registry.add(facts={"beds_total": 100, "kinds": ["nursing_home", "elderly_home"]})
    again = registry.amend(one["id"], 1, {"beds_total": "100", "kinds": ["elderly_home", "nursing_home"]}).json()
    assert (again["version"], again["recorded_from"]) == (1, one["recorded_from"])


def test_a_form_sent_back_unchanged_keeps_what_was_checked(registry: Registry) -> None:
    one = registry.add(facts={"beds_total": {"value": 100, **CHECKED}})
    kept = registry.amend(one["id"], 1, {"beds_total": 100, "grade": 3}).json()
    fact = kept["facts"]["institution.beds_total"]
    assert {name: fact[name] for name in CHECKED} == CHECKED
    changed = registry.amend(one["id"], 2, {"beds_total": 101}).json()
    assert changed["facts"]["institution.beds_total"]["provenance"] == "declared"


def test_a_check_is_taken_back_only_by_saying_so(registry: Registry) -> None:
    one = registry.add(facts={"beds_total": {"value": 100, **CHECKED}})
    back = registry.amend(one["id"], 1, {"beds_total": {"value": 100, "provenance": "declared"}}).json()
    fact = back["facts"]["institution.beds_total"]
    assert (fact["value"], fact["provenance"], fact["on"], fact["by"]) == (100, "declared", None, None)


def test_contacts_are_kept_with_the_version(registry: Registry) -> None:
    one = registry.add(telephone="0351-0000000", contact_person="虚构甲")
    changed = registry.amend(one["id"], 1, contact_person=None, address="虚构路1号").json()
    assert (changed["telephone"], changed["contact_person"], changed["address"]) == ("0351-0000000", None, "虚构路1号")
    assert registry.get(one["id"], known_at=one["recorded_from"])["contact_person"] == "虚构甲"


def test_of_racing_writers_no_update_is_lost_and_none_fails_on_a_lock(fresh_database: Database) -> None:
    body = InstitutionIn(name="虚构养老院", facts={"institution.region_code": COUNTY, "institution.beds_total": 0})
    with fresh_database.writing() as session:
        key = register(session, body, FULL, datetime.now(UTC))
    start, stale = threading.Barrier(WRITERS), []

    def add_a_bed() -> None:
        with fresh_database.reading() as session:
            seen = get_institution(session, key, FULL)
        patch = InstitutionPatch(facts={"institution.beds_total": seen.facts["beds_total"] + 1})
        with fresh_database.writing() as session:
            amend(session, seen, patch, FULL, datetime.now(UTC))

    def write() -> None:
        start.wait()
        done = 0
        while done < UPDATES:
            try:
                add_a_bed()
                done += 1
            except VersionStale:
                stale.append(1)

    with ThreadPoolExecutor(WRITERS) as pool:
        for future in [pool.submit(write) for _ in range(WRITERS)]:
            future.result()
    with fresh_database.reading() as session:
        last = get_institution(session, key, FULL)
    assert (last.facts["beds_total"], last.version) == (WRITERS * UPDATES, 1 + WRITERS * UPDATES)
    assert stale, "nobody met anybody, so nothing was raced"


def test_a_clock_that_stands_behind_still_closes_the_version_in_order(fresh_database: Database) -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    with fresh_database.writing() as session:
        body = InstitutionIn(name="虚构养老院", facts={"institution.region_code": COUNTY})
        key = register(session, body, FULL, late)
        seen = get_institution(session, key, FULL)
        amend(session, seen, InstitutionPatch(facts={"institution.beds_total": 1}), FULL, early)
        assert get_institution(session, key, FULL).facts["recorded_from"] == late + timedelta(microseconds=1)


def any_value(fact: Fact) -> st.SearchStrategy[object]:
    low, high = int(fact.minimum or 0), int(fact.maximum or 10**9)
    match fact.type:
        case FactType.BOOL | FactType.ATTESTATION:
            return st.booleans()
        case FactType.INT:
            return st.integers(low, high)
        case FactType.DECIMAL:
            return st.decimals(low, high, places=2, allow_nan=False)
        case FactType.DATE:
            return st.dates()
        case FactType.ENUM:
            return st.sampled_from(list(fact.codes))
        case FactType.SET:
            codes = list(fact.codes) or ["xugou-a", "xugou-b", "xugou-c"]
            return st.frozensets(st.sampled_from(codes))
        case FactType.REGION:
            return st.just(COUNTY)


def any_statement(fact: Fact) -> st.SearchStrategy[Statement]:
    provenance = st.sampled_from([Provenance.DECLARED, Provenance.CHECKED, Provenance.REGISTRY])
    by = st.none() | st.just("虚构局")
    return st.builds(Statement, any_value(fact), provenance, st.none() | st.dates(), by)


def any_facts(subject: Subject) -> st.SearchStrategy[dict[str, Statement]]:
    return st.fixed_dictionaries({}, optional={fact.key: any_statement(fact) for fact in stored_facts(subject)})


@pytest.mark.parametrize("subject", [Subject.INSTITUTION, Subject.PROJECT, Subject.NEED, Subject.LOAN])
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_facts_are_read_back_as_they_were_written(subject: Subject, data: st.DataObject) -> None:
    facts = data.draw(any_facts(subject))
    assert recorded_facts(subject, fact_row(subject, facts)) == facts
