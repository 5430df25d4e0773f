"""The sender: what it sends, in which order, when it tries again, and what it does where a receiver wants no more."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import anyio
import anyio.to_thread
import pytest

from app.referrals.sender import Sender
from app.referrals.webhook_queue import FAILURES_IN_A_ROW, LEASE, REST, claim
from app.referrals.webhook_retries import DELAYS, JITTER, LONGEST_REST, PATIENCE, next_try
from app.referrals.webhook_secrets import new_secret
from app.store.engine import Database
from tests.referrals.banks import START, Desk
from tests.referrals.receivers import Receiver, Taken, Town, a_town, fails_first, good, hang, status

VERIFY = """
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
asked = json.load(sys.stdin)
for secret in asked["secrets"]:
    try:
        print("right", Webhook(secret).verify(asked["body"], asked["headers"])["id"])
    except WebhookVerificationError as error:
        print("wrong", error)
"""


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as made:
        yield made


@pytest.fixture
def desk(fresh_database: Database) -> Desk:
    return Desk(fresh_database)


def subjects(receiver: Receiver) -> list[str]:
    return [one.event["subject"] for one in receiver.taken]


def ids(receiver: Receiver) -> list[str]:
    return [one.headers["webhook-id"] for one in receiver.taken]


def verified(taken: Taken, *secrets: str) -> list[str]:
    """What the library's own verifier says, in a process of its own, for each secret."""
    asked = {"secrets": secrets, "body": taken.body.decode(), "headers": taken.headers}
    command = [sys.executable, "-c", VERIFY]
    return subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )[:-1]


def test_events_arrive_once_in_order_as_thin_cloud_events(desk: Desk, town: Town) -> None:
    receiver = town.receiver(good)
    post = desk.bank("xugou-one", receiver.url())
    told = desk.tell(post, "a", "b", "a")
    desk.work()
    desk.work()
    assert ids(receiver) == told
    assert receiver.taken[1].event == {
        "specversion": "1.0",
        "id": told[1],
        "source": "urn:yinqiao",
        "type": "cn.yinqiao.push.delivered",
        "subject": "b",
        "time": "2026-11-02T01:00:00Z",
        "sequence": "2".zfill(19),
        "datacontenttype": "application/json",
        "data": {"entry_id": "b"},
    }
    assert receiver.taken[0].headers["content-type"] == "application/cloudevents+json"
    assert receiver.taken[0].headers["host"] == f"127.0.0.1:{receiver.port}"
    assert [(one.state, one.attempts) for one in desk.deliveries(post)] == [("delivered", 1)] * 3


def test_the_librarys_own_verifier_believes_either_secret_during_a_rotation(desk: Desk, town: Town) -> None:
    receiver = town.receiver(good)
    post = desk.bank("xugou-one", receiver.url())
    desk.now = datetime.now(UTC)
    fresh = new_secret()
    sealed = desk.cupboard.seal(fresh, post.endpoint_id)
    old = desk.row(post).current_secret
    until = desk.now + timedelta(hours=1)
    desk.change(post, current_secret=sealed, previous_secret=old, previous_until=until)
    (told,) = desk.tell(post, "a")
    desk.work()
    assert verified(receiver.taken[0], fresh, post.secret, new_secret()) == [
        f"right {told}",
        f"right {told}",
        "wrong No matching signature found",
    ]
    desk.change(post, previous_until=desk.now)
    (later,) = desk.tell(post, "b")
    desk.work()
    assert verified(receiver.taken[1], fresh, post.secret) == [f"right {later}", "wrong No matching signature found"]


def test_the_signature_is_what_the_specification_says(desk: Desk, town: Town) -> None:
    receiver = town.receiver(good)
    post = desk.bank("xugou-one", receiver.url())
    desk.tell(post, "a")
    desk.work()
    (taken,) = receiver.taken
    signed = f"{taken.headers['webhook-id']}.{int(START.timestamp())}.{taken.body.decode()}".encode()
    key = base64.b64decode(post.secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert taken.headers["webhook-timestamp"] == str(int(START.timestamp()))
    assert taken.headers["webhook-signature"] == f"v1,{wanted}"


def test_retries_come_at_the_times_of_the_table_and_end_visibly(desk: Desk, town: Town) -> None:
    receiver = town.receiver(status("500 No"))
    post = desk.bank("xugou-one", receiver.url())
    desk.tell(post, "a")
    desk.work()
    expected = [desk.now]
    (delivery,) = desk.deliveries(post)
    for tries in range(1, len(DELAYS) + 1):
        due = next_try(delivery.id, tries, desk.now)
        assert due is not None
        assert desk.next_due() == due
        desk.now = due - timedelta(microseconds=1)
        desk.work()
        assert len(receiver.taken) == tries
        desk.now = due
        desk.work()
        expected.append(due)
    assert [one.at for one in desk.attempts(post)] == expected
    assert len(set(ids(receiver))) == 1, "the same id in every try"
    (delivery,) = desk.deliveries(post)
    assert (delivery.state, delivery.attempts, delivery.next_at) == ("dead", len(DELAYS) + 1, None)
    assert desk.next_due() is None
    assert desk.told == [(post.endpoint_id, "dead")]
    for before, after, delay in zip(expected, expected[1:], DELAYS, strict=False):
        assert delay <= after - before <= delay * (1 + JITTER)


def test_a_later_event_waits_for_an_earlier_one_about_the_same_subject_and_for_no_other(desk: Desk, town: Town) -> None:
    receiver = town.receiver(fails_first(1, status("500 No")))
    post = desk.bank("xugou-one", receiver.url())
    first, other, second, third = desk.tell(post, "a", "b", "a", "a")
    desk.work()
    assert ids(receiver) == [first, other]
    desk.settle()
    assert ids(receiver) == [first, other, first, second, third]


def test_after_a_dead_delivery_the_next_one_goes_on(desk: Desk, town: Town) -> None:
    receiver = town.receiver(fails_first(len(DELAYS) + 1, status("500 No")))
    post = desk.bank("xugou-one", receiver.url())
    first, second = desk.tell(post, "a", "a")
    desk.settle()
    assert ids(receiver) == [first] * (len(DELAYS) + 1) + [second]
    assert [one.state for one in desk.deliveries(post)] == ["dead", "delivered"]


def test_a_receiver_that_is_gone_is_disabled_and_loses_nothing(desk: Desk, town: Town) -> None:
    receiver = town.receiver(fails_first(1, status("410 Gone")))
    post = desk.bank("xugou-one", receiver.url())
    told = desk.tell(post, "a", "b")
    desk.work()
    endpoint = desk.row(post)
    assert (endpoint.disabled_because, endpoint.disabled_at, endpoint.version) == ("gone", START, 2)
    assert desk.told == [(post.endpoint_id, "gone")]
    told += desk.tell(post, "c")
    desk.work()
    assert ids(receiver) == told[:1]
    desk.change(post, disabled_at=None, disabled_because=None)
    desk.work()
    assert ids(receiver) == [told[0], *told]


def test_who_fails_for_days_is_disabled(desk: Desk, town: Town) -> None:
    receiver = town.receiver(status("500 No"))
    post = desk.bank("xugou-one", receiver.url())
    desk.tell(post, "a")
    desk.settle()
    assert desk.row(post).disabled_at is None
    desk.now = START + PATIENCE - timedelta(seconds=1)
    desk.tell(post, "b")
    desk.work()
    assert desk.row(post).disabled_at is None
    desk.now = START + PATIENCE
    desk.tell(post, "c")
    desk.work()
    assert desk.row(post).disabled_because == "failing"
    assert desk.told[-1] == (post.endpoint_id, "failing")


@pytest.mark.parametrize("line", ["429 Slow", "503 Busy"])
@pytest.mark.parametrize(
    ("asked", "rest"),
    [
        ("120", timedelta(minutes=2)),
        ("999999999", LONGEST_REST),
        ("Mon, 02 Nov 2026 01:10:00 GMT", timedelta(minutes=10)),
    ],
)
def test_a_receiver_that_asks_to_wait_is_left_alone(
    desk: Desk, town: Town, line: str, asked: str, rest: timedelta
) -> None:
    receiver = town.receiver(fails_first(1, status(line, f"Retry-After: {asked}")))
    post = desk.bank("xugou-one", receiver.url())
    first, second = desk.tell(post, "a", "b")
    desk.work()
    desk.now = START + rest - timedelta(seconds=1)
    desk.work()
    assert ids(receiver) == [first]
    desk.now = START + rest
    desk.work()
    assert ids(receiver) == [first, first, second]


@pytest.mark.parametrize("asked", ["0", "1", "-5", "soon", "Mon, 02 Nov 2020 01:00:00 GMT", ""])
def test_a_receiver_cannot_hasten_its_retries(desk: Desk, town: Town, asked: str) -> None:
    receiver = town.receiver(status("503 Busy", f"Retry-After: {asked}"))
    post = desk.bank("xugou-one", receiver.url())
    desk.tell(post, "a")
    desk.work()
    (delivery,) = desk.deliveries(post)
    assert delivery.next_at == next_try(delivery.id, 1, START)


def test_a_receiver_that_is_down_is_not_called_for_every_event(desk: Desk, town: Town) -> None:
    receiver = town.receiver(status("502 No"))
    post = desk.bank("xugou-one", receiver.url())
    desk.tell(post, *(f"s{number}" for number in range(50)))
    desk.work()
    assert len(receiver.taken) == FAILURES_IN_A_ROW
    desk.move(REST)
    desk.work()
    assert len(receiver.taken) == 2 * FAILURES_IN_A_ROW


def test_one_bank_that_hangs_delays_no_other(desk: Desk, town: Town) -> None:
    """All of the good bank's events arrive while not one request to the others has ended."""
    desk.bounds = type(desk.bounds)(seconds=60)
    hanging = [town.receiver(hang, f"hanging {number}") for number in range(20)]
    quick = town.receiver(good, "good")
    for number, one in enumerate(hanging):
        desk.tell(desk.bank(f"xugou-slow-{number}", one.url()), "a", "b")
    told = desk.tell(desk.bank("xugou-quick", quick.url()), *(f"s{number}" for number in range(30)))

    async def work() -> None:
        sender = Sender(desk.world())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sender.run)
            for one in hanging:
                await anyio.to_thread.run_sync(one.wait_for, 1)
            await anyio.to_thread.run_sync(quick.wait_for, len(told))
            assert [len(one.taken) for one in hanging] == [1] * len(hanging)
            tasks.cancel_scope.cancel()

    anyio.run(work)
    assert ids(quick) == told


def test_two_senders_never_hold_one_endpoint(desk: Desk, town: Town) -> None:
    posts = [desk.bank(f"xugou-{number}", "http://127.0.0.1:9/x") for number in range(6)]
    for post in posts:
        desk.tell(post, "a")
    with desk.database.writing() as session:
        first = claim(session, desk.now, 4)
    with desk.database.writing() as session:
        second = claim(session, desk.now, 4)
    assert {len(first), len(second)} == {4, 2}
    assert {one.endpoint_id for one in first + second} == {one.endpoint_id for one in posts}
    with desk.database.writing() as session:
        assert claim(session, desk.now + LEASE - timedelta(seconds=1), 9) == []
        assert len(claim(session, desk.now + LEASE, 9)) == 6


def test_several_senders_together_send_everything_once(desk: Desk, town: Town) -> None:
    receivers = [town.receiver(good, f"r{number}") for number in range(5)]
    told = {}
    for number, receiver in enumerate(receivers):
        post = desk.bank(f"xugou-{number}", receiver.url())
        told[number] = desk.tell(post, *("abc" * 20))

    async def work() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(lambda: Sender(desk.world()).run(once=True))

    anyio.run(work)
    assert {number: ids(one) for number, one in enumerate(receivers)} == told


def test_what_a_sender_lost_its_lease_over_is_not_recorded_by_it(desk: Desk, town: Town) -> None:
    """Another has the endpoint meanwhile; what the first sent late is sent again rather than forgotten."""
    receiver = town.receiver(hang)
    post = desk.bank("xugou-one", receiver.url())
    (told,) = desk.tell(post, "a")

    async def work() -> None:
        sender = Sender(desk.world())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: sender.run(once=True))
            await anyio.to_thread.run_sync(receiver.wait_for, 1)
            with desk.database.writing() as session:
                (taken,) = claim(session, desk.now + LEASE, 9)
            assert taken.endpoint_id == post.endpoint_id
            town.release()

    anyio.run(work)
    assert desk.attempts(post) == []
    desk.leases_run_out()
    desk.work()
    assert ids(receiver) == [told, told]
