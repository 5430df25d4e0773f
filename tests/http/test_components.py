"""Objects inside other schemas become components under the name that their title gives, once each."""

from typing import Any

import pytest

from app.http.components import NameTaken, name_components


def star(**more: Any) -> dict[str, Any]:
    return {"type": "object", "title": "StarFacts", "properties": {"name": {"type": "string", "title": "Name"}}, **more}


def named(**schemas: Any) -> dict[str, Any]:
    document = {"components": {"schemas": schemas}}
    name_components(document)
    return document["components"]["schemas"]


def test_one_object_in_two_places_is_one_component() -> None:
    held = {"properties": {"facts": star()}}
    schemas = named(In={"anyOf": [held]}, Patch=held)
    assert schemas["StarFacts"] == star()
    reference = {"properties": {"facts": {"$ref": "#/components/schemas/StarFacts"}}}
    assert (schemas["In"], schemas["Patch"]) == ({"anyOf": [reference]}, reference)


def test_an_object_inside_an_object_is_moved_first() -> None:
    schemas = named(In={"properties": {"facts": star(title="SkyFacts", items=star())}})
    assert schemas["SkyFacts"]["items"] == {"$ref": "#/components/schemas/StarFacts"}


def test_a_default_stays_with_the_field() -> None:
    schemas = named(In={"properties": {"facts": star(default={})}}, Out={"properties": {"facts": star()}})
    assert schemas["In"]["properties"]["facts"] == {"$ref": "#/components/schemas/StarFacts", "default": {}}
    assert schemas["StarFacts"] == star()


@pytest.mark.parametrize("title", ["事实", "Star facts", "starFacts", ""])
def test_a_label_is_no_name(title: str) -> None:
    assert named(In={"properties": {"facts": star(title=title)}}).keys() == {"In"}


def test_a_component_itself_stays_where_it_is() -> None:
    assert named(StarFacts=star()) == {"StarFacts": star()}


def test_two_objects_of_one_name_are_refused() -> None:
    with pytest.raises(NameTaken, match="StarFacts"):
        named(In={"items": star()}, Out={"items": star(additionalProperties=False)})
