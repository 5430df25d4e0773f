"""What the README shows was really typed, in its order, into a demonstration of its own, and really answered."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from app.cli import cli
from app.config import PROJECT_ROOT
from app.demo.load import DEFAULT_SEED, households_of, load_sample
from app.demo.models import read_sample
from app.demo.people import PREFIX, load_people, renew_keys, stage_of
from app.http.clock import now, today
from app.institutions.imports.runner import Runner
from app.main import create_app
from app.products.load import load_banks
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.referrals.demonstration.year import live_through_the_year
from app.store.engine import open_database
from app.whitelist.seeds import load_whitelist
from tests.databases import SqliteDatabases, settings_for

README: Final = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
SERVER: Final = "http://127.0.0.1:8000"
# A continued command goes on with a blank or a sign; the next one begins with a letter or a dot.
NEXT_COMMAND: Final = re.compile(r"\n(?=[A-Za-z.])")
BLOCK: Final = re.compile(r"```(sh|json|text)\n(.*?)\n```", re.DOTALL)
SAMPLE_SIZE: Final = 40


class Shown(NamedTuple):
    """A command of the README, the status that its comment announces, and the excerpt of its answer, if one follows."""

    command: str
    status: int | None
    answer: str | None


def commands() -> list[Shown]:
    """Those that go to the service or to the command line, in order; an answer belongs to the last one before it."""
    found: list[Shown] = []
    for kind, content in BLOCK.findall(README):
        if kind == "sh":
            for command in NEXT_COMMAND.split(content):
                announced = re.search(r"\s#\s(\d{3})\b", command)
                found.append(Shown(command, int(announced[1]) if announced else None, None))
        else:
            found[-1] = found[-1]._replace(answer=content)
    return [one for one in found if one.command.startswith("curl") or ".venv/bin/yinqiao" in one.command]


SHOWN: Final = commands()


class Answered(NamedTuple):
    """The status and the text of an answer; for a command its exit status."""

    status: int
    text: str


class Terminal:
    """Understands the few things that the README types."""

    def __init__(self, client: TestClient, runner: Runner, keys: dict[str, str]) -> None:
        self.client, self.runner, self.keys = client, runner, keys

    def type(self, command: str) -> Answered:
        dated = command.replace("\\\n", " ").replace("$(TZ=CST-8 date +%F)", today().isoformat())
        words = shlex.split(re.sub(r"\$([A-Z_]+)", lambda found: self.keys[found[1]], dated), comments=True)
        return self._curl(words[1:]) if words[0] == "curl" else self._yinqiao(words)

    def _curl(self, words: list[str]) -> Answered:
        method, address, headers, file = "GET", "", {}, None
        body: str | bytes | None = None
        rest = iter(words)
        for word in rest:
            if word == "-sI":
                method = "HEAD"
            elif word == "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            elif word == "-d":
                method, body = "POST", next(rest)
            elif word == "--data-binary":
                method, body = "POST", Path(next(rest).removeprefix("@")).read_bytes()
            elif word == "-o":
                file = Path(next(rest))
            elif word != "-s":
                assert word.startswith(f"{SERVER}/"), word
                address = word.removeprefix(SERVER)
        answer = self.client.request(method, address, headers=headers, content=body)
        self.runner.drain()
        if file is not None:
            file.write_bytes(answer.content)
        return Answered(answer.status_code, answer.text)

    def _yinqiao(self, words: list[str]) -> Answered:
        place = words.index(".venv/bin/yinqiao")
        environment = dict(one.split("=", 1) for one in words[:place])
        done = CliRunner().invoke(cli, words[place + 1 :], env=environment)
        return Answered(done.exit_code, done.output)


@pytest.fixture(scope="module")
def demonstration(
    sqlite: SqliteDatabases, seeds: Seeds, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Terminal]:
    """What `make demo` makes, smaller: its keys follow from its seed, so the same institution comes first."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "var").mkdir()
    Path(sqlite.create().removeprefix("sqlite:///")).rename(folder / "var" / "demo.db")
    settings = settings_for(f"sqlite:///{folder / 'var' / 'demo.db'}", demo=True, argon2_memory_kib=64, argon2_passes=1)
    database, sample, keys = open_database(settings), read_sample(settings.seed_path), folder / "var" / "demo-keys.env"
    with database.writing() as session:
        load_seeds(session, seeds, now())
        load_banks(session, settings.seed_path)
        load_whitelist(session, settings.seed_path)
        load_sample(session, sample, SAMPLE_SIZE, DEFAULT_SEED)
        first = households_of(sample, DEFAULT_SEED).key(0)
        load_people(session, stage_of(session, sample.banks, first), now(), settings)
        live_through_the_year(session, PREFIX, [bank.code for bank in sample.banks], today())
        renew_keys(session, keys, now(), settings)
    written = dict(re.findall(r"^([A-Z_]+)=(\S+)$", keys.read_text(encoding="utf-8"), re.MULTILINE))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        app = create_app(settings, database)
        # What a reader's machine does in the background is done here before the next command.
        patch.setattr(app.state.runner, "wake", lambda: None)
        with TestClient(app) as client:
            yield Terminal(client, app.state.runner, written)
    database.dispose()


@pytest.fixture(scope="module")
def answers(demonstration: Terminal) -> list[Answered]:
    """Everything typed once, from top to bottom: what is shown further down follows from what was done above."""
    return [demonstration.type(one.command) for one in SHOWN]


def holds(answer: Any, excerpt: Any) -> bool:
    """An excerpt leaves fields and list members out; what it shows stands in the answer, in the same order."""
    if isinstance(excerpt, dict):
        return isinstance(answer, dict) and all(k in answer and holds(answer[k], v) for k, v in excerpt.items())
    if isinstance(excerpt, list):
        members = iter(answer)
        return all(any(holds(member, wanted) for member in members) for wanted in excerpt)
    return bool(answer == excerpt)


def without_numbers(text: str) -> str:
    """Instants, hashes and counts differ from run to run."""
    return re.sub(r"\d+", "0", re.sub(r"\b[0-9a-f]{64}\b", "0", text)).strip()


def test_every_story_is_told() -> None:
    operations = " ".join(one.command for one in SHOWN)
    for said in ("eligibility-checks", "interest-subsidy-quotes", "/matches", "/candidates", "/sessions", "/consents"):
        assert said in operations
    assert sum(one.answer is not None for one in SHOWN) == len(re.findall(r"```(?:json|text)\n", README)) == 10


@pytest.mark.parametrize("place", range(len(SHOWN)))
def test_the_answer_shown_is_the_real_one(answers: list[Answered], place: int) -> None:
    shown, answer = SHOWN[place], answers[place]
    if ".venv/bin/yinqiao" in shown.command:
        assert answer.status == 0, answer.text
        assert shown.answer is None or without_numbers(answer.text) == without_numbers(shown.answer)
        return
    assert answer.status == shown.status if shown.status else answer.status in {200, 201, 202}, answer.text[:2000]
    assert shown.answer is None or holds(json.loads(answer.text), json.loads(shown.answer)), answer.text[:3000]


def test_the_demonstrations_keys_are_those_that_the_readme_uses(demonstration: Terminal) -> None:
    assert set(re.findall(r"\$([A-Z_]+_KEY)", README)) <= demonstration.keys.keys()
