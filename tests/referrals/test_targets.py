"""Where webhooks go and where they never go: spellings of forbidden addresses, names that change, redirects."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.referrals.targets import (
    NameNotFound,
    Policy,
    TargetRefused,
    addresses_of,
    parse_target,
)
from app.referrals.webhook_registration import Registrar
from app.store.engine import Database
from tests.referrals.banks import LOOPBACK, Desk
from tests.referrals.receivers import Town, a_town, good, status

# Each is refused when it is registered, before any resolver is asked, and again by the sender.
SPELLINGS = (
    # this machine, as browsers, libraries and C's inet_aton spell it
    "https://127.0.0.1/", "https://127.0.0.1:8443/hook", "https://127.1/", "https://127.0.1/", "https://2130706433/",
    "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://017700000001/", "https://0/",
    "https://127.000.000.001/", "https://127.0.0.1./", "https://127.255.255.254/", "https://0.0.0.0/",
    "https://0x7F.1/", "https://127.0x0.0.1/", "https://00000177.1/", "https://4294967295/", "https://127.0.0.0x1/",
    "https://[::1]/", "https://[::]/", "https://[0:0:0:0:0:0:0:1]/", "https://[0000::0001]/", "https://[::1]:8443/",
    # … carried within other addresses: mapped, compatible, translated (NAT64), 6to4, Teredo, ISATAP
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/", "https://[::ffff:0:127.0.0.1]/",
    "https://[64:ff9b::127.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[64:ff9b:1::10.0.0.1]/",
    "https://[2002:7f00:1::]/", "https://[2002:0a00:0001::1]/", "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
    "https://[2a00:1450::5efe:10.0.0.1]/", "https://[2a00:1450::200:5efe:a00:1]/",
    # private, shared and link-local networks, and where clouds keep their secrets
    "https://10.0.0.1/", "https://10.255.255.255/", "https://172.16.0.1/", "https://172.31.255.255/",
    "https://192.168.0.1/", "https://192.168.255.255/", "https://100.64.0.1/", "https://100.127.255.254/",
    "https://100.100.100.200/", "https://169.254.169.254/latest/meta-data/", "https://169.254.0.1/",
    "https://0xA9FEA9FE/", "https://2852039166/", "https://168.63.129.16/", "https://192.0.0.192/",
    "https://[fd00:ec2::254]/", "https://[fc00::1]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/",
    "https://[fec0::1]/", "https://[::ffff:a9fe:a9fe]/", "https://[::ffff:10.0.0.1]/",
    # reserved, documentation, benchmarking, multicast, broadcast
    "https://192.0.2.1/", "https://198.51.100.1/", "https://203.0.113.1/", "https://198.18.0.1/", "https://240.0.0.1/",
    "https://255.255.255.255/", "https://224.0.0.1/", "https://239.255.255.250/", "https://192.88.99.1/",
    "https://0.1.2.3/", "https://[ff02::1]/", "https://[2001:db8::1]/", "https://[3fff::1]/", "https://[100::1]/",
    "https://[5f00::1]/", "https://[4000::1]/",
    # names of this machine and of nobody's open network
    "https://localhost/", "https://localhost.localdomain.local/", "https://printer.local/", "https://db.internal/",
    "https://router.lan/", "https://intranet/", "https://x.localhost/", "https://metadata.google.internal/",
    # digits and dots of other scripts, percent signs
    "https://１２７.0.0.1/", "https://①②⑦.0.0.1/", "https://127。0。0。1/", "https://127．0．0．1/", "https://ⓛocalhost/",
    "https://١٢٧.0.0.1/", "https://%31%32%37.0.0.1/", "https://127.0.0.1%2f@example.cn/", "https://exａmple.cn/",
    # what two readers read as two hosts
    "https://hooks.example.cn@127.0.0.1/", "https://hooks.example.cn:443@127.0.0.1/", "https://user:pw@example.cn/",
    "https://127.0.0.1\\@hooks.example.cn/", "https:\\\\127.0.0.1/", "https://hooks.example.cn\\.127.0.0.1/",
    "https://127.0.0.1#@hooks.example.cn/", "https://hooks.example.cn/#x", "https:/127.0.0.1/", "https:127.0.0.1",
    "https:///127.0.0.1/", "//127.0.0.1/", " https://127.0.0.1/", "https://127.0.0.1 /", "https://127.0.0.1\n/",
    "https://exam\tple.cn/", "https://hooks.example.cn\r\nX: y/", "https://hooks.example.cn/a b", "https://[127.0.0.1]/",
    "https://::1/", "https://[::1/", "https://::1]/", "https://.example.cn/", "https://example..cn/",
    "https://-a.example.cn/", "https://example.cn./", "https://1.2.3.4.5/", "https://8.8.8/", "https://8.8.8.8.0x8/",
    # other schemes, http without leave, other services' ports
    "http://hooks.example.cn/", "http://8.8.8.8/", "http://127.0.0.1/", "ftp://8.8.8.8/", "file:///etc/passwd",
    "gopher://8.8.8.8/", "HTTPS://8.8.8.8/", "javascript:1", "https://8.8.8.8:22/", "https://8.8.8.8:25/",
    "https://8.8.8.8:80/", "https://8.8.8.8:6379/", "https://8.8.8.8:0/", "https://8.8.8.8:65536/",
    "https://8.8.8.8:99999/", "https://8.8.8.8:08443/", "https://8.8.8.8:/", "https://8.8.8.8:-1/", "https://",
    "", "https://" + "a" * 600 + ".cn/",
)  # fmt: skip
OPEN = (
    "https://8.8.8.8/",
    "https://8.8.8.8:8443/hook?x=1",
    "https://[2400:3200::1]/",
    "https://[2400:3200::1]:8443/hook",
    "https://hooks.xugou-bank.example/yinqiao",
    "https://xn--fiqs8s.example/",
    "https://a-b.c1.example:10443/x/y;z=%20~",
)


def nobody(_host: str, _port: int) -> Sequence[str]:
    return []


def test_there_are_many_spellings_and_each_is_another() -> None:
    assert len(set(SPELLINGS)) == len(SPELLINGS) >= 60


@pytest.mark.parametrize("url", SPELLINGS, ids=ascii)
def test_a_forbidden_address_is_refused_when_it_is_registered(url: str) -> None:
    with pytest.raises(TargetRefused) as refusal:
        anyio.run(Registrar(Policy(), nobody).check, url)
    (error,) = refusal.value.errors
    assert error.pointer == "/url"
    assert any("\u4e00" <= one <= "\u9fff" for one in error.detail)


@pytest.mark.parametrize("url", OPEN)
def test_an_open_address_may_be_registered(url: str) -> None:
    anyio.run(Registrar(Policy(), nobody).check, url)


def test_no_forbidden_address_is_ever_connected_to(fresh_database: Database, town: Town) -> None:
    """Whatever stands in the table, however it came there: the sender reads and checks it anew."""
    desk = Desk(fresh_database, policy=Policy())
    receiver = town.receiver(good)
    kept = [url for url in SPELLINGS if url] + [receiver.url(), receiver.url("https", "localhost")]
    desk.resolve = lambda _host, _port: ["127.0.0.1"]
    first = desk.bank("xugou-one", kept[0])
    posts = [first, *(desk.endpoint(first.bank_id, desk.row(first).created_by, url) for url in kept[1:])]
    desk.tell(first, "a")
    desk.work()
    assert {one.error for post in posts for one in desk.attempts(post)} == {"target_refused"}
    assert sum(len(desk.attempts(post)) for post in posts) == len(kept)
    assert receiver.taken == []


class Rebinding:
    """A resolver that answers something else every time it is asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as made:
        yield made


def test_a_name_that_turns_private_after_it_was_registered_is_not_connected_to(
    fresh_database: Database, town: Town
) -> None:
    receiver = town.receiver(good)
    resolver = Rebinding(["8.8.8.8"], ["127.0.0.1"])
    url = receiver.url("https", "hooks.xugou-bank.example")
    anyio.run(Registrar(Policy(), resolver).check, url)
    desk = Desk(fresh_database, policy=Policy(), resolve=resolver)
    post = desk.bank("xugou-one", url)
    desk.tell(post, "a")
    desk.work()
    assert [one.error for one in desk.attempts(post)] == ["target_refused"]
    assert (resolver.asked, receiver.taken) == (2, [])


def test_the_name_is_asked_once_and_the_connection_goes_to_that_very_address(
    fresh_database: Database, town: Town
) -> None:
    """A second answer, of whatever kind, is never asked for: checked and used are the same address."""
    receiver, trap = town.receiver(good), town.receiver(good)
    resolver = Rebinding(["127.0.0.1"], ["127.0.0.2"], ["10.0.0.1"])
    desk = Desk(fresh_database, resolve=resolver)
    desk.tell(desk.bank("xugou-one", receiver.url(host="hooks.xugou-bank.example")), "a", "b", "c")
    desk.work()
    assert (len(receiver.taken), resolver.asked, trap.taken) == (3, 1, [])
    assert {one.headers["host"] for one in receiver.taken} == {f"hooks.xugou-bank.example:{receiver.port}"}


def test_a_redirect_is_not_followed(fresh_database: Database, town: Town) -> None:
    trap = town.receiver(good)
    desk = Desk(fresh_database)
    for number, code in enumerate(("301", "302", "303", "307", "308")):
        receiver = town.receiver(status(f"{code} Moved", f"Location: {trap.url()}"))
        post = desk.bank(f"xugou-{number}", receiver.url())
        desk.tell(post, "a")
        desk.work()
        assert [(one.status, one.error) for one in desk.attempts(post)] == [(int(code), "redirected")]
    assert trap.taken == []


@pytest.mark.parametrize("answer", [["8.8.8.8", "10.0.0.1"], ["::1"], ["fe80::1%eth0"], ["169.254.169.254"]])
def test_a_name_with_one_private_address_is_refused_whatever_the_others_are(answer: list[str]) -> None:
    target = parse_target("https://hooks.xugou-bank.example/")
    with pytest.raises(TargetRefused):
        Policy().checked(target, addresses_of(target, lambda _host, _port: answer))


def test_a_name_that_nobody_knows_is_no_refusal() -> None:
    target = parse_target("https://hooks.xugou-bank.example/")
    with pytest.raises(NameNotFound):
        Policy().checked(target, addresses_of(target, nobody))


@pytest.mark.parametrize("url", ["http://10.20.30.40/", "https://10.20.30.40:22/", "http://hooks.internal:8080/x"])
def test_the_operator_may_open_a_network_of_his_own(url: str) -> None:
    policy = Policy((ip_network("10.20.0.0/16"),))
    target = parse_target(url)
    found = addresses_of(target, lambda _host, _port: ["10.20.1.1"])
    assert policy.checked(target, found) == found
    with pytest.raises(TargetRefused):
        Policy((ip_network("10.21.0.0/16"),)).checked(target, found)


def test_an_open_network_opens_no_disguise_of_itself() -> None:
    for url in ("https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/"):
        target = parse_target(url)
        with pytest.raises(TargetRefused):
            LOOPBACK.checked(target, addresses_of(target, nobody))


@given(st.ip_addresses(v=4))
def test_what_the_standard_library_knows_as_not_global_is_never_open(address: IPv4Address) -> None:
    target = parse_target(f"https://{address}/")
    try:
        assert Policy().checked(target, [address]) == [address]
    except TargetRefused:
        return
    assert address.is_global
    assert not address.is_multicast


@given(st.ip_addresses(v=6))
def test_only_global_unicast_is_open(address: IPv6Address) -> None:
    try:
        Policy().checked(parse_target(f"https://[{address}]/"), [address])
    except TargetRefused:
        return
    assert address in ip_network("2000::/3")
    assert address.ipv4_mapped is None
    assert address.sixtofour is None
    assert address.teredo is None


@given(st.integers(0, 2**32 - 1))
def test_an_address_within_an_address_is_never_open(inner: int) -> None:
    for prefix in ("::ffff:0:0", "64:ff9b::", "::"):
        address = IPv6Address(int(IPv6Address(prefix)) | inner)
        with pytest.raises(TargetRefused):
            Policy().checked(parse_target(f"https://[{address}]/"), [address])


@given(st.text(max_size=40))
def test_what_is_read_is_written_as_it_was_read(text: str) -> None:
    """No second reader of the same address could find another host in it."""
    try:
        target = parse_target(f"https://{text}")
    except TargetRefused:
        return
    assert f"https://{text}".startswith(f"https://{target.authority}") or target.port == 443
    assert target.host.isascii()
    assert "@" not in target.authority
