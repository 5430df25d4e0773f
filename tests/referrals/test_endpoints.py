"""Endpoints and deliveries over HTTP: a bank keeps its own, sees what became of each event, and rotates its secret."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select, update

from app.access.permissions import Role
from app.access.row_security import APP_ROLE
from app.main import create_app
from app.referrals.outbox import append
from app.referrals.targets import Policy
from app.referrals.webhook_endpoints import MOST_ENDPOINTS
from app.referrals.webhook_registration import Registrar, use_registrar
from app.store.engine import open_database
from app.store.tables import AuditEvent, WebhookEndpoint, WebhookLane
from app.store.types import new_key
from tests.access.house import House, a_bank, refusals, refused
from tests.access.people import Person
from tests.contract import documented_client
from tests.databases import Databases, settings_for
from tests.referrals.banks import Desk
from tests.referrals.receivers import Town, a_town, good, status

AT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
URL = "https://hooks.xugou-bank.example/yinqiao"
PRIVATE = "hooks.private-bank.example"


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    url = databases.create()
    settings = settings_for(url, secret_key="k" * 40, webhook_allowed_networks="127.0.0.0/8")
    owner, served = open_database(settings), open_database(settings, APP_ROLE)
    app = create_app(settings, served)
    resolved = {PRIVATE: ["10.0.0.1"]}
    policy = Policy(settings.allowed_networks)
    use_registrar(app, Registrar(policy, lambda host, _port: resolved.get(host, [])))
    with documented_client(app) as client:
        yield House(client, owner, served)
    served.dispose()
    owner.dispose()
    databases.drop(url)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as made:
        yield made


@pytest.fixture
def lender(house: House) -> Person:
    with house.owner.writing() as session:
        bank_id = a_bank(session, f"xugou-{new_key()}").id
    return house.somebody(Role.BANK, bank_id=bank_id)


def desk_of(house: House) -> Desk:
    return Desk(house.owner, now=AT)


def register(house: House, person: Person, url: str = URL) -> dict[str, Any]:
    return house.post(person, "/webhook-endpoints", {"url": url})


def path_of(endpoint: dict[str, Any]) -> str:
    return f"/webhook-endpoints/{endpoint['id']}"


def tell(house: House, endpoint: dict[str, Any], *subjects: str) -> list[str]:
    with house.served.writing() as session:
        bank_id = house_bank(house, endpoint)
        return [str(append(session, bank_id, "cn.yinqiao.push.delivered", one, {}, AT)) for one in subjects]


def house_bank(house: House, endpoint: dict[str, Any]) -> UUID:
    with house.owner.reading() as session:
        return session.scalars(select(WebhookEndpoint.bank_id).where(WebhookEndpoint.id == UUID(endpoint["id"]))).one()


def test_the_secret_is_shown_once_and_stands_nowhere(house: House, lender: Person) -> None:
    headers = {"Idempotency-Key": "register-once"}
    made = house.post(lender, "/webhook-endpoints", {"url": URL, "description": "虚构系统"}, headers=headers)
    assert made["secret"].startswith("whsec_")
    assert len(made["secret"]) == 50
    again = house.post(lender, "/webhook-endpoints", {"url": URL, "description": "虚构系统"}, headers=headers)
    assert (again["id"], again["secret"]) == (made["id"], None)
    read = house.get(lender, path_of(made))
    assert "secret" not in read
    with house.owner.reading() as session:
        row = session.get_one(WebhookEndpoint, UUID(made["id"]))
        assert made["secret"] not in row.current_secret
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "add_webhook_endpoint")).all()[-1]
        assert "current_secret" in str(event.changes)
        assert made["secret"] not in str(event.changes) + str(event.detail)
        assert row.current_secret not in str(event.changes)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://10.0.0.1/", "address_refused"),
        (f"https://{PRIVATE}/", "address_refused"),
        ("https://localhost/", "host_refused"),
        ("http://hooks.xugou-bank.example/", "https_required"),
        ("https://8.8.8.8:25/", "port_refused"),
        ("not an address", "string_pattern_mismatch"),
        ("ftp://hooks.xugou-bank.example/", "not_an_address"),
    ],
)
def test_an_address_that_leads_inwards_is_refused_with_advice(
    house: House, lender: Person, url: str, code: str
) -> None:
    assert refusals(house.call(lender, "POST", "/webhook-endpoints", json={"url": url})) == {"/url": code}
    made = register(house, lender)
    changed = house.call(lender, "PATCH", path_of(made), json={"url": url}, version=1)
    assert refusals(changed) == {"/url": code}


def test_an_endpoint_is_amended_and_its_list_is_the_banks_own(house: House, lender: Person) -> None:
    made = register(house, lender)
    colleague = house.colleague(lender, Role.BANK)
    changed = house.call(colleague, "PATCH", path_of(made), json={"description": "新系统"}, version=1)
    assert (changed.json()["description"], changed.json()["url"], changed.json()["version"]) == ("新系统", URL, 2)
    assert house.call(lender, "PATCH", path_of(made), json={}, version=1).status_code == 412
    assert house.call(lender, "PATCH", path_of(made), json={}).status_code == 428
    listed = house.get(lender, "/webhook-endpoints", total=True)
    assert ([one["id"] for one in listed["items"]], listed["total"]) == ([made["id"]], 1)


def test_another_bank_is_told_that_there_is_nothing(house: House, lender: Person) -> None:
    made = register(house, lender)
    test = house.post(lender, f"{path_of(made)}/actions/send-test", version=1, status=200)
    with house.owner.writing() as session:
        bank_id = a_bank(session, f"xugou-stranger-{made['id']}").id
    stranger = house.somebody(Role.BANK, bank_id=bank_id)
    delivery = f"{path_of(made)}/deliveries/{test['id']}"
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", path_of(made), {}),
        ("PATCH", path_of(made), {"json": {"description": "他行"}}),
        ("DELETE", path_of(made), {}),
        ("GET", f"{path_of(made)}/deliveries", {}),
        ("GET", delivery, {}),
        ("POST", f"{delivery}/actions/resend", {}),
        ("POST", f"{path_of(made)}/actions/send-test", {}),
        ("POST", f"{path_of(made)}/actions/enable", {}),
        ("POST", f"{path_of(made)}/actions/rotate-secret", {"json": {"overlap_hours": 0}}),
    ]
    assert [house.call(stranger, method, path, version=1, **more).status_code for method, path, more in asked] == [
        404
    ] * len(asked)
    assert house.get(stranger, "/webhook-endpoints")["items"] == []
    # A delivery is found under its own endpoint alone.
    other = register(house, lender)
    wrong = house.call(lender, "GET", f"{path_of(other)}/deliveries/{test['id']}")
    assert refused(wrong) == (404, "webhook_delivery_not_found")


def test_there_is_a_bound_to_the_endpoints_of_a_bank(house: House, lender: Person) -> None:
    for _ in range(MOST_ENDPOINTS):
        register(house, lender)
    answer = house.call(lender, "POST", "/webhook-endpoints", json={"url": URL})
    assert refused(answer) == (409, "too_many_webhook_endpoints")


def test_what_happened_before_is_not_sent_and_what_happens_while_disabled_is(
    house: House, lender: Person, town: Town
) -> None:
    receiver = town.receiver(good)
    first = register(house, lender)
    tell(house, first, "before")
    made = register(house, lender, receiver.url())
    told = tell(house, made, "a")
    desk_of(house).work()
    off = house.call(lender, "DELETE", path_of(made), version=1)
    assert (off.json()["disabled_because"], off.json()["version"]) == ("by_bank", 2)
    assert refused(house.call(lender, "DELETE", path_of(made), version=2)) == (409, "webhook_endpoint_disabled")
    told += tell(house, made, "b", "c")
    desk_of(house).work()
    assert [one.headers["webhook-id"] for one in receiver.taken] == told[:1]
    test = house.call(lender, "POST", f"{path_of(made)}/actions/send-test", version=2)
    assert refused(test) == (409, "webhook_endpoint_disabled")
    on = house.post(lender, f"{path_of(made)}/actions/enable", version=2, status=200)
    assert (on["disabled_at"], on["version"]) == (None, 3)
    again = house.call(lender, "POST", f"{path_of(made)}/actions/enable", version=3)
    assert refused(again) == (409, "webhook_endpoint_enabled")
    desk_of(house).work()
    assert [one.headers["webhook-id"] for one in receiver.taken] == told


def test_two_secrets_live_for_a_while_and_a_leak_ends_the_old_one_at_once(
    house: House, lender: Person, town: Town, clock: time_machine.Traveller
) -> None:
    receiver = town.receiver(good)
    made = register(house, lender, receiver.url())
    rotate = f"{path_of(made)}/actions/rotate-secret"
    second = house.post(lender, rotate, {"overlap_hours": 2}, version=1, status=200)
    assert second["secret"] != made["secret"]
    assert second["previous_secret_until"] == "2026-11-02T03:00:00Z"
    answer = house.call(lender, "POST", rotate, json={"overlap_hours": 1}, version=2)
    assert refused(answer) == (409, "two_webhook_secrets_live")
    signatures = []
    desk = desk_of(house)
    for moment in (AT, AT + timedelta(hours=2)):
        clock.move_to(moment)
        desk.now = moment
        tell(house, made, "a")
        desk.work()
        signatures.append(len(receiver.taken[-1].headers["webhook-signature"].split()))
    assert signatures == [2, 1]
    clock.move_to(AT)
    third = house.post(lender, rotate, {"overlap_hours": 0}, version=2, status=200)
    assert third["previous_secret_until"] is None


def test_a_bank_sees_what_became_of_each_event_and_sends_it_again(house: House, lender: Person, town: Town) -> None:
    receiver = town.receiver(status("500 No"))
    made = register(house, lender, receiver.url())
    told = tell(house, made, "a")
    desk = desk_of(house)
    desk.settle()
    listed = house.get(lender, f"{path_of(made)}/deliveries", state="dead")
    (delivery,) = listed["items"]
    assert (delivery["event_id"], delivery["last_status"], delivery["last_error"]) == (told[0], 500, "status_refused")
    path = f"{path_of(made)}/deliveries/{delivery['id']}"
    read = house.get(lender, path)
    assert [one["number"] for one in read["history"]] == list(range(11, 0, -1))
    assert read["history"][0]["detail"] == "答复不是 2xx"
    again = house.post(lender, f"{path}/actions/resend", version=read["version"], status=200)
    assert (again["state"], again["attempts"]) == ("waiting", 11)
    twice = house.call(lender, "POST", f"{path}/actions/resend", version=again["version"])
    assert refused(twice) == (409, "webhook_delivery_waiting")
    desk.work()
    assert {one.headers["webhook-id"] for one in receiver.taken} == set(told)
    assert house.get(lender, path)["attempts"] == 12
    assert house.get(lender, path_of(made))["failing_since"] == "2026-11-02T01:00:00Z"


def test_a_test_goes_to_this_endpoint_alone_and_stands_in_no_feed(house: House, lender: Person, town: Town) -> None:
    receiver, other = town.receiver(good), town.receiver(good)
    made = register(house, lender, receiver.url())
    register(house, lender, other.url())
    asked = house.post(lender, f"{path_of(made)}/actions/send-test", version=1, status=200)
    assert (asked["state"], asked["event_id"], asked["type"]) == ("waiting", None, "cn.yinqiao.webhook.test")
    desk_of(house).work()
    (taken,) = receiver.taken
    assert taken.event["type"] == "cn.yinqiao.webhook.test"
    assert taken.headers["webhook-id"] == asked["id"]
    assert other.taken == []
    assert house.get(lender, "/events")["items"] == []
    assert house.get(lender, f"{path_of(made)}/deliveries/{asked['id']}")["state"] == "delivered"


def test_only_banks_keep_endpoints(house: House) -> None:
    for role in (Role.PBOC, Role.CIVIL_AFFAIRS, Role.SECURITY_ADMIN):
        person = house.somebody(role)
        assert house.call(person, "GET", "/webhook-endpoints").status_code == 403
        assert house.call(person, "POST", "/webhook-endpoints", json={"url": URL}).status_code == 403


def test_a_secret_of_another_installation_stops_one_endpoint_and_no_other(
    house: House, lender: Person, town: Town
) -> None:
    broken, sound = town.receiver(good), town.receiver(good)
    first, second = register(house, lender, broken.url()), register(house, lender, sound.url())
    with house.owner.writing() as session:
        of = update(WebhookEndpoint).where(WebhookEndpoint.id == UUID(first["id"]))
        foreign = session.scalars(
            select(WebhookEndpoint.current_secret).where(WebhookEndpoint.id == UUID(second["id"]))
        ).one()
        session.execute(of.values(current_secret=foreign))
    told = tell(house, first, "a")
    desk = desk_of(house)
    desk.work()
    assert (broken.taken, [one.headers["webhook-id"] for one in sound.taken]) == ([], told)
    with house.owner.reading() as session:
        assert session.get_one(WebhookLane, UUID(first["id"])).position == 0
