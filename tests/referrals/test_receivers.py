"""Receivers that are bad in every way: each event arrives in the end, in order, and what went wrong has a name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.referrals.webhook_deliveries import ERRORS
from app.referrals.webhook_requests import Bounds
from app.store.engine import Database
from tests.referrals.banks import Desk
from tests.referrals.certificates import Authority
from tests.referrals.receivers import (
    Behave,
    Town,
    a_town,
    drip,
    fails_first,
    giant_body,
    giant_header,
    good,
    hang,
    notices,
    raw,
    reset,
    status,
)

HOST = "hooks.xugou-bank.example"
# What each does twice before it is good: its way, the status and the error that the bank is shown.
WAYS: dict[str, tuple[Behave, int | None, str | None]] = {
    "hangs": (hang, None, "timeout"),
    "drips its header": (drip, None, "timeout"),
    "resets": (reset, None, "connection_broken"),
    "closes before it answers": (raw(b""), None, "connection_broken"),
    "closes within its header": (raw(b"HTTP/1.1 200 OK\r\nContent-Le"), None, "invalid_answer"),
    "speaks something else": (raw(b"220 ftp.example ready\r\n\r\n"), None, "invalid_answer"),
    "answers with binary": (raw(bytes(range(256)) * 4), None, "invalid_answer"),
    "redirects for ever": (status("308 Moved", "Location: /hook"), 308, "redirected"),
    "redirects inwards": (status("302 Found", "Location: http://169.254.169.254/"), 302, "redirected"),
    "is out of order": (status("500 No"), 500, "status_refused"),
    "refuses": (status("401 Who"), 401, "status_refused"),
    "is busy": (status("503 Busy", "Retry-After: 60"), 503, "status_refused"),
    "is crowded": (status("429 Slow", "Retry-After: 1"), 429, "status_refused"),
    "has a giant body": (giant_body, 500, "status_refused"),
    "has a giant header": (giant_header, None, "answer_too_long"),
    "gives notices for ever": (notices, None, "answer_too_long"),
    "changes the protocol": (status("101 Switching Protocols", "Upgrade: h2c"), None, "invalid_answer"),
}


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as made:
        yield made


def test_every_event_arrives_whatever_the_receivers_do(fresh_database: Database, town: Town) -> None:
    desk = Desk(fresh_database, bounds=Bounds(seconds=1.5, drain_seconds=0.1))
    receivers = {name: town.receiver(fails_first(2, behave), name) for name, (behave, *_) in WAYS.items()}
    receivers["is good"] = town.receiver(good, "is good")
    posts = {name: desk.bank(f"xugou-{number}", one.url()) for number, (name, one) in enumerate(receivers.items())}
    told = {name: desk.tell(post, "a", "b", "a", "a", "b") for name, post in posts.items()}
    desk.settle()
    for name, post in posts.items():
        assert [one.state for one in desk.deliveries(post)] == ["delivered"] * 5, name
        for subject in "ab":
            wanted = [key for key, of in zip(told[name], "abaab", strict=True) if of == subject]
            came = [one.headers["webhook-id"] for one in receivers[name].taken if one.event["subject"] == subject]
            assert list(dict.fromkeys(came)) == wanted, name
    for name, (_, code, error) in WAYS.items():
        found = {(one.status, one.error) for one in desk.attempts(posts[name]) if one.error is not None}
        assert found == {(code, error)}, name
        assert error in ERRORS
    assert len(receivers["is good"].taken) == 5
    # Whoever never answers did not hold up who does: all of its events came before anybody's second try.
    journal = [name for name, _ in town.journal]
    last_good = max(place for place, name in enumerate(journal) if name == "is good")
    assert journal[:last_good].count("hangs") <= 2


@pytest.mark.parametrize(
    "behave",
    [
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"),
        raw(b"HTTP/1.1 202 Accepted\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk\r\n"),
        status("204 No Content"),
    ],
    ids=["closes within its body", "ends by closing", "sends a broken chunk", "has nothing to say"],
)
def test_the_status_decides_whatever_becomes_of_the_body(fresh_database: Database, town: Town, behave: Behave) -> None:
    desk, receiver = Desk(fresh_database), town.receiver(behave)
    post = desk.bank("xugou-one", receiver.url())
    desk.tell(post, "a", "b")
    desk.settle()
    assert [one.state for one in desk.deliveries(post)] == ["delivered"] * 2
    assert {one.error for one in desk.attempts(post)} <= {None, "connection_broken", "invalid_answer"}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def secure_desk(database: Database, authority: Authority) -> Desk:
    return Desk(database, trust=authority.trust(), resolve=lambda _host, _port: ["127.0.0.1"])


def test_tls_is_verified_for_the_name_while_the_address_was_checked(
    fresh_database: Database, town: Town, authority: Authority
) -> None:
    desk = secure_desk(fresh_database, authority)
    receiver = town.receiver(good, tls=authority.serve(HOST))
    told = desk.tell(desk.bank("xugou-one", receiver.url("https", HOST)), "a", "b")
    desk.work()
    assert [one.headers["webhook-id"] for one in receiver.taken] == told
    assert receiver.taken[0].headers["host"] == f"{HOST}:{receiver.port}"


def test_a_certificate_of_an_address_is_verified_too(
    fresh_database: Database, town: Town, authority: Authority
) -> None:
    desk = secure_desk(fresh_database, authority)
    receiver = town.receiver(good, tls=authority.serve("127.0.0.1"))
    desk.tell(desk.bank("xugou-one", receiver.url("https")), "a")
    desk.work()
    assert len(receiver.taken) == 1


def test_a_wrong_certificate_is_a_failure_with_its_name(
    fresh_database: Database, town: Town, authority: Authority, tmp_path: Path
) -> None:
    desk = secure_desk(fresh_database, authority)
    (tmp_path / "other").mkdir()
    shown = {
        "certificate_other_host": authority.serve("hooks.other-bank.example"),
        "certificate_expired": authority.serve(HOST, expired=True),
        "certificate_untrusted": Authority(tmp_path / "other").serve(HOST),
        "tls_failed": None,
    }
    posts = {}
    for error, tls in shown.items():
        receiver = town.receiver(good, error, tls)
        receiver.greeting = b"" if tls else b"220 ftp.example ready\r\n"
        posts[error] = desk.bank(f"xugou-{error}".replace("_", "-"), receiver.url("https", HOST))
        desk.tell(posts[error], "a")
    desk.work()
    assert {error: [one.error for one in desk.attempts(post)] for error, post in posts.items()} == {
        error: [error] for error in shown
    }
    assert all(error in ERRORS for error in shown)


def test_a_port_where_nobody_listens_and_a_name_that_nobody_has(fresh_database: Database, town: Town) -> None:
    desk = Desk(fresh_database)
    closed = town.receiver(good).url()
    town.close_servers()
    posts = [desk.bank("xugou-one", closed), desk.bank("xugou-two", f"https://{HOST}/")]
    for post in posts:
        desk.tell(post, "a")
    desk.work()
    errors = [[one.error for one in desk.attempts(post)] for post in posts]
    assert errors == [["connection_failed"], ["name_not_found"]]
    assert all(error in ERRORS for (error,) in errors)
