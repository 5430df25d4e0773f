"""The benchmark of pages compares each with all that it asked, and counts what a browser loads, compressed."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from fastapi import FastAPI

from app.main import create_app
from app.store.engine import Database
from bench.agreement import Disagreement
from bench.pages import Client, Demonstration, Reader, loaded
from tests.databases import settings_for


@pytest.fixture(scope="module")
def nobody(library: Database) -> Iterator[Reader]:
    url = library.engine.url.render_as_string(hide_password=False)
    settings = settings_for(url, log_level="WARNING")
    with ExitStack() as stack:
        yield Demonstration(create_app(settings, library), library, settings, stack).reader(None)


def test_what_a_page_asks_is_noted_once_and_answered_again(nobody: Reader) -> None:
    plain = nobody.app.state.inside
    path = "/policies/yangzhengbanfa-2025-37"
    for _ in range(2):
        wanted = nobody.wanted_by(path)
        assert [one.path for one in wanted] == ["/api/v1/policies/yangzhengbanfa-2025-37", "/api/v1/programmes"]
    assert nobody.app.state.inside is plain
    assert nobody.look(path)


def test_a_client_that_is_answered_anything_else_is_noticed(nobody: Reader) -> None:
    app = FastAPI()

    @app.get("/api/v1/{path:path}")
    def answer(path: str) -> str:
        return path

    with Client(app) as other, pytest.raises(Disagreement, match="答复不同"):
        replace(nobody, client=other).wanted_by("/policies")


def test_a_first_visit_loads_the_page_its_files_and_htmx_compressed(nobody: Reader) -> None:
    files = loaded(nobody, "/")
    assert {"HTML", "console.css", "console.js", "icons.svg", "htmx.min.js"} <= files.keys()
    assert 0 < files["HTML"] < len(nobody.look("/").encode())
    assert len(nobody.browser("GET", "/static/console.css").content) > 3 * files["console.css"] > 0


def test_a_link_that_is_not_there_is_noticed(nobody: Reader) -> None:
    assert nobody.follow("/", "/pol") == "/policies"
    with pytest.raises(Disagreement, match="/elsewhere"):
        nobody.follow("/", "/elsewhere")
