"""Who calls: the person and the office behind a request, what they may do, and what they may touch."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request

from app.access.permissions import Permission, Role
from app.access.scope import FULL, NOTHING, Scope


class Carrier(StrEnum):
    """How a caller proved who it is."""

    NOBODY = "nobody"
    COOKIE = "cookie"
    BEARER = "bearer"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller, as found before the request's body was read.

    `credential` names the session or key without being one. `region_code` is the organisation's. Whoever still owes a
    second factor or a new password has no permission but to give it.
    """

    carrier: Carrier
    credential: str
    account_id: UUID | None
    account_name: str | None
    organisation_id: UUID | None
    organisation_name: str | None
    region_code: str
    bank_id: UUID | None
    institution_id: UUID | None
    roles: frozenset[Role]
    permissions: frozenset[Permission]
    scope: Scope

    def may(self, permission: Permission) -> bool:
        """Whether the caller may do it, somewhere within its scope."""
        return permission in self.permissions


NOBODY: Final = Caller(
    carrier=Carrier.NOBODY,
    credential="nobody",
    account_id=None,
    account_name=None,
    organisation_id=None,
    organisation_name=None,
    region_code="000000",
    bank_id=None,
    institution_id=None,
    roles=frozenset(),
    permissions=frozenset(),
    scope=NOTHING,
)

# Whoever works at the machine itself, by the command line: nobody's account, and nothing is out of reach.
COMMAND_LINE: Final = replace(NOBODY, credential="command-line", scope=FULL)


async def caller_of(request: Request) -> Caller:
    """The caller of a request that the gate has admitted."""
    caller: Caller = request.state.caller
    return caller


CalledBy = Annotated[Caller, Depends(caller_of)]
