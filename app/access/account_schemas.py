"""What accounts take and answer."""

from datetime import date, datetime
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from app.access.organisation_schemas import SAYS
from app.access.permissions import Role
from app.http.idempotency import ShownOnce
from app.http.schemas import Flag, InputSchema, IsoDate, OutputSchema

Login = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{2,79}$"),
    Field(description="登录名：小写字母、数字、点、下划线和连字符，3 到 80 个字符，全系统唯一，日后不改"),
]
PersonName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=SAYS)]
Reason = Annotated[str, StringConstraints(min_length=2, max_length=500, pattern=SAYS)]
_SOMEBODY: Final = "0199f3c0-0000-7000-8000-000000000003"


class UserIn(InputSchema):
    """A new account, without roles and without a password: both come from the security administrator."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"organisation_id": _SOMEBODY, "login": "xugou.wang", "name": "虚构王某"}]},
    )

    organisation_id: UUID
    login: Login
    name: PersonName


class UserPatch(InputSchema):
    """What changes; whatever is not written stays. Whoever moves to another office loses the roles of the old one."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"name": "虚构王某某"}]})

    name: PersonName | None = None
    organisation_id: UUID | None = None


class RolesIn(InputSchema):
    """All roles that the account is to have from now on; an empty list takes them away."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"roles": ["civil_affairs"]}]}
    )

    roles: list[Role] = Field(max_length=len(Role))


class ClosingIn(InputSchema):
    """Why an account ends, and who takes over its open work; or the statement that there is none."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"reason": "调离（虚构）", "hand_over_to": _SOMEBODY}]},
    )

    reason: Reason
    hand_over_to: UUID | None = Field(default=None, description="接手未办结工作的人；已登记长期交接的可不写")
    nothing_open: Flag = Field(default=False, description="声明没有未办结的工作")


class AbsenceIn(InputSchema):
    """Away from a day until another (half open), with a deputy; all three null ends it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"away_from": "2026-12-01", "away_to": "2026-12-15", "deputy_id": _SOMEBODY}]},
    )

    away_from: IsoDate | None
    away_to: IsoDate | None
    deputy_id: UUID | None

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        if len({one is None for one in (self.away_from, self.away_to, self.deputy_id)}) > 1:
            raise ValueError("away_from、away_to、deputy_id 要么都写，要么都为 null（表示已返回）")
        return self


class UserOut(OutputSchema):
    """An account; never its password or second factor, only whether there is one."""

    id: UUID
    login: str
    name: str
    organisation_id: UUID
    organisation_name: str
    roles: list[Role]
    has_password: bool
    must_change_password: bool
    has_second_factor: bool
    away_from: date | None
    away_to: date | None
    deputy_id: UUID | None
    closed_at: datetime | None
    version: int
    created_at: datetime


class UserListOut(OutputSchema):
    """A page of accounts, the newest first."""

    items: list[UserOut]
    next_cursor: str | None
    total: int | None


class StartPasswordOut(OutputSchema):
    """A password for the first sign-in, shown once; at that sign-in another one has to be chosen."""

    user_id: UUID
    start_password: ShownOnce
    expires_at: datetime
