"""What a page of the console costs beside the JSON routes with the same data, and how much a first visit loads.

What a page asks the API is noted while it is made, and then asked again from outside, one request after the other, by
the same person. Both go through the whole application on SQLite; what was noted has to be answered byte for byte.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, Final, NamedTuple

from fastapi import FastAPI, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import Carrier
from app.access.credentials import COOKIE
from app.access.sessions import Device, open_session
from app.config import Settings, read_settings
from app.console.inside import API, Answer, Inside
from app.demo.load import DEFAULT_SEED, households_of, load_sample
from app.demo.models import read_sample
from app.demo.people import PREFIX, load_people, stage_of
from app.http.clock import now, today
from app.main import create_app
from app.products.load import load_banks
from app.programmes.load import load_seeds
from app.programmes.seeds import read_seeds
from app.referrals.demonstration.year import live_through_the_year
from app.store.engine import Database, open_database
from app.store.tables import Account, Institution
from app.whitelist.moves import Actor, NewNomination, begin, move
from app.whitelist.seeds import load_whitelist
from app.whitelist.states import Action, Level
from bench.agreement import Disagreement
from bench.asking import Asking
from bench.measure import Contenders, in_turns
from bench.table import Row
from tests.databases import SqliteDatabases, settings_for

INSTITUTIONS: Final = 400
ROUNDS: Final = 9
# The most that a page may take, and what a first visit may load.
TIMES_JSON: Final = 5.0
_KIB: Final = 1024
FIRST_LOAD: Final = 40 * _KIB
_WAITING: Final = 30
_AGAIN: Final = 3
_STEPS: Final = (
    (Action.SUBMIT, Level.APPLICANT, "county"),
    (Action.RECOMMEND, Level.COUNTY, "county-checker"),
    (Action.REVIEW, Level.CITY, "city"),
)
_CHECKED: Final = (
    "/check/result?kind=institution&institution.region_code=140105&institution.kinds=elderly_home"
    "&institution.beds_total=120&institution.filed=true&institution.fire_safety_passed=true"
)
_QUOTED: Final = (
    "/calculator?principal_yuan=800&drawn_on=2024-07-01&due_on=2028-07-01&contract_rate_percent=4.35"
    "&repayment_style=equal_principal"
)
_KEY: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_FILE: Final = re.compile(r'(?:href|src)="(/static/[^"#]+)')


class Wanted(NamedTuple):
    """A request that a page made of the API, and what it was answered."""

    method: str
    path: str
    query: Mapping[str, Any]
    body: Any
    answered: bytes


class Noting(Inside):
    """Notes what pages ask."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(app)
        self.wanted: list[Wanted] = []

    async def ask(self, request: Request, method: str, path: str, **more: Any) -> Answer:
        """The same answer."""
        answer = await super().ask(request, method, path, **more)
        query = {name: value for name, value in (more.get("query") or {}).items() if value not in (None, "", [])}
        self.wanted.append(Wanted(method, API + path, query, more.get("body"), answer.content))
        return answer


class Client(Asking):
    """Asks several things without leaving the loop in between, as a page does."""

    def several(self, wanted: Iterable[Wanted]) -> list[bytes]:
        """The answers, each request sent when the one before it has been answered."""
        return self._loop.run_until_complete(self._one_by_one(wanted))

    async def _one_by_one(self, wanted: Iterable[Wanted]) -> list[bytes]:
        return [await self._answer(one) for one in wanted]

    async def _answer(self, one: Wanted) -> bytes:
        answer = await self._client.request(one.method, one.path, params=one.query, json=one.body)
        return answer.raise_for_status().content


@dataclass(frozen=True)
class Reader:
    """Somebody with a browser, and with a client of the API."""

    app: FastAPI
    browser: Asking
    client: Client

    def look(self, path: str) -> str:
        """A page."""
        return self.browser("GET", path).text

    def follow(self, path: str, pattern: str) -> str:
        """The address of the first link on a page that begins so. Raises Disagreement where there is none."""
        found = re.search(rf'href="({pattern}[^"]*)"', self.look(path))
        if found is None:
            raise Disagreement(f"{path} 上没有 {pattern}")
        return found[1].replace("&amp;", "&")

    def wanted_by(self, path: str) -> list[Wanted]:
        """What a page asks of the API. Raises Disagreement where a client is answered anything else."""
        plain = self.app.state.inside
        self.app.state.inside = noting = Noting(self.app)
        try:
            self.look(path)
        finally:
            self.app.state.inside = plain
        for one, answered in zip(noting.wanted, self.client.several(noting.wanted), strict=True):
            if answered != one.answered:
                raise Disagreement(f"{path}：{one.method} {one.path} 再问一次，答复不同")
        return noting.wanted


@dataclass(frozen=True)
class Demonstration:
    """The demonstration's service and its people."""

    app: FastAPI
    database: Database
    settings: Settings
    stack: ExitStack

    def reader(self, login: str | None) -> Reader:
        """One of the people by login, signed in on both ways; None for somebody who is not signed in."""
        with_cookie, with_token = {"Accept": "text/html"}, {}
        if login is not None:
            with_cookie["Cookie"] = f"{COOKIE}={self._token(login, Carrier.COOKIE)}"
            with_token["Authorization"] = f"Bearer {self._token(login, Carrier.BEARER)}"
        browser = self.stack.enter_context(Asking(self.app, with_cookie))
        return Reader(self.app, browser, self.stack.enter_context(Client(self.app, with_token)))

    def _token(self, login: str, carrier: Carrier) -> str:
        with self.database.writing() as session:
            account = session.scalars(select(Account).where(Account.login == PREFIX + login)).one()
            device = Device(carrier, "bench", "")
            return open_session(session, account, device, now(), self.settings, verified=True).token


def sections() -> Iterator[tuple[str, list[list[str]]]]:
    """Every page beside all that it asks, and beside the slowest of its requests alone."""
    with demonstration() as shown:
        measured = [_measured(reader, name, path) for reader, name, path in main_pages(shown)]
    yield "控制台的页面（每页；对照：页面要问的全部 JSON 请求，依次）", [one for one, _ in measured]
    yield "控制台的页面（每页；对照：其中最慢的一个 JSON 请求）", [other for _, other in measured]


def first_loads() -> Iterator[str]:
    """A line for each page: what a browser that has kept nothing loads, compressed, with htmx and without."""
    with demonstration(40) as shown:
        for login, path in ((None, "/"), ("institution", "/mine")):
            files = loaded(shown.reader(login), path)
            total, htmx = sum(files.values()), files["htmx.min.js"]
            said = "，".join(f"{name} {size / _KIB:.1f}" for name, size in files.items())
            yield f"{path}：载入 {_judged(total - htmx)}；连同它不用的 htmx {_judged(total)}（{said}）"


def loaded(reader: Reader, path: str) -> dict[str, int]:
    """The bytes on the wire of a page and of every file that it names, and of htmx, which only lists name."""
    page, lists = reader.browser("GET", path), reader.look("/whitelist")
    named = dict.fromkeys([*_FILE.findall(page.text), *(one for one in _FILE.findall(lists) if "htmx" in one)])
    files = {one.partition("?")[0].rpartition("/")[2]: reader.browser("GET", one) for one in named}
    return {name: answer.num_bytes_downloaded for name, answer in {"HTML": page, **files}.items()}


def _judged(size: int) -> str:
    return f"{size / _KIB:.1f} KB，≤ {FIRST_LOAD / _KIB:g} KB {'达标' if size <= FIRST_LOAD else '未达标'}"


def main_pages(shown: Demonstration) -> list[tuple[Reader, str, str]]:
    """Who looks, what the page is called here, and its address."""
    nobody, home, bank, office, pboc = map(shown.reader, (None, "institution", "bank", "province", "pboc"))
    candidates = bank.follow("/bank/candidates", r"/bank/candidates\?product=")
    product = bank.follow("/bank/products", "/bank/products/[0-9a-f]")
    # Only a draft's conditions stand in a form.
    bank.client("POST", f"{API}{product.removeprefix('/bank')}/versions", json={})
    return [
        (home, "/mine", "/mine"),
        (home, "/mine/offers/programme/…", home.follow("/mine", "/mine/offers/programme/")),
        (home, "/mine/offers/product/…", home.follow("/mine", "/mine/offers/product/")),
        (home, "/mine/facts", "/mine/facts"),
        (bank, "/bank/candidates?product=…", candidates),
        (bank, "/bank/borrowers/…", bank.follow(candidates, "/bank/borrowers/")),
        (bank, "/bank/referrals", "/bank/referrals"),
        (bank, "/bank/products/…/versions/2/rule", f"{product}/versions/2/rule"),
        (office, "/affairs", "/affairs"),
        (office, "/affairs/register", "/affairs/register"),
        (office, "/affairs/nominations/…", office.follow("/affairs", "/affairs/nominations/[0-9a-f]")),
        (office, "/affairs/batches", "/affairs/batches"),
        (pboc, "/pboc", "/pboc"),
        (pboc, "/statistics", "/statistics"),
        (nobody, "/check/result?…", _CHECKED),
        (nobody, "/calculator?…", _QUOTED),
        (nobody, "/policies/…", nobody.follow("/policies", "/policies/")),
        (nobody, "/whitelist", "/whitelist"),
        (bank, "/inbox", "/inbox"),
    ]


def _measured(reader: Reader, name: str, path: str) -> tuple[list[str], list[str]]:
    wanted = reader.wanted_by(path)
    slowest = max(wanted, key=partial(_seconds, reader))
    page, every, alone = f"{name}（问 {len(wanted)} 次）", "全部请求", f"{name}（{_shape(slowest)}）"
    one = "其中一个"
    often: Contenders = {
        page: lambda: [reader.look(path) for _ in range(_AGAIN)],
        every: lambda: reader.client.several(wanted * _AGAIN),
        one: lambda: reader.client.several([slowest] * _AGAIN),
    }
    times = in_turns(often, ROUNDS)
    times[alone] = times[page]
    return Row(page, every, times, _AGAIN, TIMES_JSON).cells(), Row(alone, one, times, _AGAIN).cells()


def _shape(one: Wanted) -> str:
    return _KEY.sub("…", f"{one.method} {one.path.removeprefix(API)}")


def _seconds(reader: Reader, one: Wanted) -> float:
    start = process_time()
    reader.client.several([one] * _AGAIN)
    return process_time() - start


@contextmanager
def demonstration(institutions: int = INSTITUTIONS) -> Iterator[Demonstration]:
    """What `make demo` makes, in a folder of its own, and some nominations on which the province has to decide."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        url = SqliteDatabases(Path(folder)).create()
        settings = settings_for(url, demo=True, argon2_memory_kib=64, argon2_passes=1, log_level="WARNING")
        database = open_database(settings)
        stack.callback(database.dispose)
        with database.writing() as session:
            _fill(session, settings, institutions)
        yield Demonstration(create_app(settings, database), database, settings, stack)


def _fill(session: Session, settings: Settings, institutions: int) -> None:
    seeds = read_settings().seed_path
    sample = read_sample(seeds)
    load_seeds(session, read_seeds(seeds), now())
    load_banks(session, seeds)
    load_whitelist(session, seeds)
    load_sample(session, sample, institutions, DEFAULT_SEED)
    first = households_of(sample, DEFAULT_SEED).key(0)
    load_people(session, stage_of(session, sample.banks, first), now(), settings)
    live_through_the_year(session, PREFIX, [bank.code for bank in sample.banks], today())
    _nominate(session)


def _nominate(session: Session) -> None:
    """What counties and cities have already agreed to."""
    people = {one.login.removeprefix(PREFIX): one for one in session.scalars(select(Account))}
    actors: Sequence[tuple[Action, Actor]] = [
        (action, Actor(people[login].id, people[login].organisation_id, level)) for action, level, login in _STEPS
    ]
    unlisted = select(Institution).where(Institution.list_status == "none").order_by(Institution.id)
    for serial, one in enumerate(islice(session.scalars(unlisted), _WAITING), start=1):
        number = f"晋荐{one.region_code}-{today().year}-9{serial:03}"
        nomination = begin(session, NewNomination(number, one.region_code, one.id, None), actors[0][1], now())
        for action, actor in actors:
            move(session, nomination, action, actor, now())
