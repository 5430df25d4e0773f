"""A summary, which is written as bytes, says what the whole answer says, in the shape that the document declares."""

import json
from collections import Counter
from typing import Any

import pytest
from pydantic import BaseModel

from app.cases.select import CaseKind
from app.matching import standing as of_standing
from app.matching.case_schemas import MatchesOut, ProductSummaryOut, ProgrammeSummaryOut
from app.matching.standing import standing
from app.store.kept import Kept
from tests.matching.conftest import World
from tests.matching.factories import AS_OF

_SHAPES: dict[str, type[BaseModel]] = {"programmes": ProgrammeSummaryOut, "products": ProductSummaryOut}
_KINDS = (CaseKind.INSTITUTION, CaseKind.PROJECT, CaseKind.NEED, CaseKind.LOAN)


def _answer(world: World, kind: CaseKind, number: int, **query: str) -> bytes:
    case_id = world.registry.ids[kind][number]
    owner = case_id if kind is CaseKind.INSTITUTION else world.registry.owners[case_id]
    asked = {} if kind is CaseKind.INSTITUTION else {str(kind): str(case_id)}
    query = {"as_of": AS_OF.isoformat(), **asked, **query}
    response = world.client.get(f"/api/v1/institutions/{owner}/matches", params=query)
    assert response.status_code == 200, response.text
    return response.content


@pytest.mark.parametrize("kind", _KINDS)
def test_every_row_is_the_whole_answers_in_brief(world: World, kind: CaseKind) -> None:
    seen: Counter[str] = Counter()
    for number in range(min(5, len(world.registry.ids[kind]))):
        brief, whole = (json.loads(_answer(world, kind, number, **more)) for more in ({}, {"expand": "conditions"}))
        assert {key: brief[key] for key in brief.keys() - _SHAPES} == {
            key: whole[key] for key in brief.keys() - _SHAPES
        }
        for what, shape in _SHAPES.items():
            for short, full in zip(brief[what], whole[what], strict=True):
                assert list(short) == list(shape.model_fields)
                assert short == {key: full[key] for key in short} | {"advice": _first(full)}
                seen += Counter({short["outcome"]: 1, "advised": short["advice"] is not None})
    # A law about rows that never had anything to say would hold of anything.
    assert {"needs_info", "ineligible", "advised"} <= seen.keys()


def _first(full: dict[str, Any]) -> str | None:
    return next((one["sentence"] for one in full["advice"]), None)


def test_a_summary_is_written_as_its_schema_writes_it(world: World) -> None:
    written = _answer(world, CaseKind.NEED, 0)
    assert MatchesOut.model_validate_json(written).model_dump_json(by_alias=True).encode() == written


def test_one_offer_alone_is_in_brief_too(world: World) -> None:
    rows = json.loads(_answer(world, CaseKind.NEED, 0))["products"]
    for row in rows:
        alone = json.loads(_answer(world, CaseKind.NEED, 0, offer=row["slug"]))
        assert (alone["programmes"], alone["products"]) == ([], [row])


def test_what_stands_is_read_once_and_the_same_objects_serve(world: World) -> None:
    with world.database.reading() as session:
        first, again = standing(session, AS_OF), standing(session, AS_OF)
    assert first is again


def test_what_changed_while_it_was_read_is_answered_and_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read under one name and found under another: it may be newer than its name, and nobody must find it there."""
    names = iter(["before", "after", "before", "before", "before"])
    monkeypatch.setattr(of_standing, "_STANDING", Kept(16))
    monkeypatch.setattr(of_standing, "_name", lambda _session: next(names))
    with world.database.reading() as session:
        torn, whole, again = (standing(session, AS_OF) for _ in range(3))
    assert torn is not whole
    assert again is whole
    assert torn.products == whole.products
