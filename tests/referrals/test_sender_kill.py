"""Senders are killed while they work, again and again: every event arrives, in order, and is recorded as delivered."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from app.config import PROJECT_ROOT
from app.store.engine import Database
from app.store.tables import WebhookLane
from tests.referrals.banks import Desk
from tests.referrals.receivers import Receiver, Town, a_town, good

# `make chaos` asks for 50.
KILLS = int(os.environ.get("YINQIAO_KILLS", "2"))
SENDERS = 2
# How many requests of one receiver a sender may live to see.
LIFE = (1, 12)
EVENTS = LIFE[1] * (KILLS + 1)
SUBJECTS = 5
DELIVER = "import sys; from app.referrals.deliver import deliver; deliver(once=sys.argv[1:] == ['once'])"


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as made:
        yield made


@contextmanager
def delivering(url: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`yinqiao deliver` in a process of its own."""
    environment = os.environ | {
        "YINQIAO_DATABASE_URL": url,
        "YINQIAO_SECRET_KEY": "k" * 40,
        "YINQIAO_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    command = [sys.executable, "-c", DELIVER, *arguments]
    with subprocess.Popen(command, env=environment, cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL) as sender:
        try:
            yield sender
        finally:
            sender.kill()


def forget_the_dead(database: Database) -> None:
    """As if the leases of the senders that were killed had run out."""
    with database.writing() as session:
        session.execute(update(WebhookLane).values(lease_token=None, leased_until=None))


def firsts(receiver: Receiver, subject: str) -> list[str]:
    """Ids of the events of a subject, in the order in which each came first."""
    came = [one.headers["webhook-id"] for one in receiver.taken if one.event["subject"] == subject]
    return list(dict.fromkeys(came))


@pytest.mark.timeout(120 if KILLS <= 3 else 3_600)
def test_a_killed_sender_loses_nothing(fresh_database: Database, town: Town) -> None:
    chance, url = random.Random(20261121), fresh_database.engine.url.render_as_string(hide_password=False)
    desk = Desk(fresh_database, now=datetime.now(UTC))
    receivers = [town.receiver(good, f"r{number}") for number in range(3)]
    posts = [desk.bank(f"xugou-{number}", one.url()) for number, one in enumerate(receivers)]
    subjects = [f"s{chance.randrange(SUBJECTS)}" for _ in range(EVENTS)]
    told = [desk.tell(post, *subjects) for post in posts]
    for _ in range(KILLS):
        with delivering(url) as first, delivering(url) as second:
            watched = chance.choice([one for one in receivers if len(one.taken) < EVENTS] or receivers)
            if len(watched.taken) < EVENTS:
                watched.wait_for(min(len(watched.taken) + chance.randint(*LIFE), EVENTS))
            for sender in (first, second)[:SENDERS]:
                sender.send_signal(signal.SIGKILL)
                assert sender.wait() == -signal.SIGKILL
        forget_the_dead(fresh_database)
    with delivering(url, "once") as sender:
        assert sender.wait() == 0
    for receiver, post, ids in zip(receivers, posts, told, strict=True):
        assert {one.headers["webhook-id"] for one in receiver.taken} == set(ids)
        for subject in set(subjects):
            assert firsts(receiver, subject) == [key for key, of in zip(ids, subjects, strict=True) if of == subject]
        assert [one.state for one in desk.deliveries(post)] == ["delivered"] * EVENTS
        assert {one.error for one in desk.attempts(post)} == {None}


def test_a_sender_that_is_asked_to_stop_ends_what_it_began(fresh_database: Database, town: Town) -> None:
    url = fresh_database.engine.url.render_as_string(hide_password=False)
    desk = Desk(fresh_database, now=datetime.now(UTC))
    receiver = town.receiver(good)
    post = desk.bank("xugou-one", receiver.url())
    desk.tell(post, *(f"s{number}" for number in range(60)))
    with delivering(url) as sender:
        receiver.wait_for(5)
        sender.send_signal(signal.SIGTERM)
        assert sender.wait() == 0
    delivered = [one for one in desk.deliveries(post) if one.state == "delivered"]
    assert len(delivered) == len(receiver.taken)
    with fresh_database.reading() as session:
        assert session.get_one(WebhookLane, post.endpoint_id).lease_token is None
