"""What anybody may see: the start page; the self-check; policies; the published list."""

from fastapi import APIRouter, Response

from app.console.page import Opened, PageRoute
from app.demo.people import PEOPLE

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/", operation_id="page_start")
async def start(page: Opened) -> Response:
    """Who are you? In the demonstration, one press for each of its people."""
    return await page.show("start.html", people=PEOPLE if page.settings.demo else ())
