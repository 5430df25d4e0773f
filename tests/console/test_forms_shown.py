"""A form that is refused is shown again: whatever stands in its address, the page that shows it can take."""

from inspect import signature

from fastapi.routing import APIRoute, iter_route_contexts

from app.console.page import SHOWN_BY
from tests.security.operations import an_app


def _takes_its_address(route: APIRoute) -> bool:
    shown = signature(getattr(route.endpoint, SHOWN_BY))
    try:
        shown.bind("a page", **dict.fromkeys(route.param_convertors))
    except TypeError:
        return False
    return True


def test_every_form_can_be_shown_at_the_address_that_takes_it() -> None:
    routes = [one.original_route for one in iter_route_contexts(an_app().routes)]
    shown = [one for one in routes if isinstance(one, APIRoute) and hasattr(one.endpoint, SHOWN_BY)]
    assert len(shown) > 60
    assert [one.operation_id for one in shown if not _takes_its_address(one)] == []
