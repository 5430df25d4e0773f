"""What each bank that got the list has made of the institution: how far it is, amounts, days and reasons."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.mine.own import own
from app.console.page import Opened, PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_MOST: Final = 100


@router.get("/mine/referrals", operation_id="page_mine_referrals")
@permits(Permission.READ_REFERRALS)
async def referrals(page: Opened) -> Response:
    """Every bank and how far it is, the earliest deadline first."""
    own(page)
    return await page.show("institution/referrals.html", found=await page.get("/referrals", page_size=_MOST))


@router.get("/mine/referrals/{referral_id:uuid}", operation_id="page_mine_referral")
@permits(Permission.READ_REFERRALS)
async def referral(page: Opened, referral_id: UUID) -> Response:
    """One bank, step by step. What it notes for itself stays its own."""
    own(page)
    return await page.show("institution/referral.html", one=await page.get(f"/referrals/{referral_id}"))
