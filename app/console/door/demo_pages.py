"""The demonstration's door: one press signs in as any of its fictional people. There is none anywhere else."""

from fastapi import APIRouter, Response

from app.console.door.sign_in_pages import enter
from app.console.page import Opened, PageRoute
from app.demo.people import PASSWORD, PEOPLE, PREFIX

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_LOGINS = frozenset(one.login for one in PEOPLE)


@router.post("/demo/login", operation_id="page_demo_sign_in")
async def demo_sign_in(page: Opened) -> Response:
    """The same sign-in as everybody's, with the password that everybody knows."""
    login = page.typed.one("login")
    return await enter(page, PREFIX + login if login in _LOGINS else "", PASSWORD)
