"""The same list as a file."""

import csv
import io
import json
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient

from app.matching.candidate_schemas import COLUMNS
from app.matching.exports import inert
from tests.matching.conftest import World
from tests.matching.factories import AS_OF
from tests.matching.test_candidates import candidates


def exported(world: World, slug: str, **query: str) -> bytes:
    address = f"/api/v1/products/{world.products[slug]}/candidates/export"
    # The checks of the other client read JSON only.
    response = TestClient(world.app).get(address, params={"as_of": AS_OF.isoformat(), **query})
    assert response.status_code == 200, response.text
    assert "attachment" in response.headers["Content-Disposition"]
    content: bytes = response.content
    return content


@pytest.mark.parametrize("query", [{}, {"outcome": "near_miss"}, {"region": "140300", "sort": "name"}])
def test_both_files_hold_the_rows_of_the_list(world: World, query: dict[str, str]) -> None:
    rows = candidates(world, "all-kinds", **query)
    lines = exported(world, "all-kinds", format="ndjson", **query).decode().splitlines()
    assert [json.loads(line) for line in lines] == rows
    text = exported(world, "all-kinds", format="csv", **query).decode("utf-8-sig")
    header, *table = csv.reader(io.StringIO(text))
    assert header == list(COLUMNS.values())
    number = header.index(COLUMNS["case_id"])
    assert [line[number] for line in table] == [row["case_id"] for row in rows]


def test_csv_begins_with_the_byte_order_mark(world: World) -> None:
    assert exported(world, "nowhere").startswith(b"\xef\xbb\xbf")


def test_a_file_of_many_chunks_has_every_row_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.matching.candidate_routes.MAX_SIZE", 7)
    lines = exported(world, "all-kinds", format="ndjson").decode().splitlines()
    assert [json.loads(line) for line in lines] == candidates(world, "all-kinds")


def test_no_cell_is_a_formula(workshop: World) -> None:
    with workshop.database.writing() as session:
        workshop.registry.session = session
        owner = workshop.registry.institution(name='=HYPERLINK("http://xugou.example","虚构")')
        workshop.registry.need(owner, amount_yuan=Decimal(200_000), term_months=12)
    text = exported(workshop, "plain", format="csv").decode("utf-8-sig")
    cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
    assert '\'=HYPERLINK("http://xugou.example","虚构")' in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize(
    ("cell", "shown"), [("=1", "'=1"), ("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a"), ("1=1", "1=1")]
)
def test_what_a_spreadsheet_would_run_is_made_text(cell: str, shown: str) -> None:
    assert inert(cell) == shown
