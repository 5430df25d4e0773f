"""What signing in takes and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.access.permissions import Permission, Role
from app.access.sessions import Owed
from app.http.idempotency import ShownOnce
from app.http.schemas import InputSchema, OutputSchema

_TEXT = r"^[^\x00]*$"
TypedLogin = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_TEXT), Field(description="登录名")]
# Longer than a profile allows: whoever types too much is told so, and not that a schema was broken.
TypedPassword = Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=_TEXT)]
Code = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{6}$"), Field(description="验证器应用显示的 6 位数字，每个只能用一次")
]


class SignInIn(InputSchema):
    """Login and password, and for whoever has a second factor its code, now or in a second step."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"login": "xugou.zhang", "password": "虚构的一句很长的口令"}]},
    )

    login: TypedLogin
    password: TypedPassword
    code: Code | None = None


class CodeIn(InputSchema):
    """One code of the authenticator app."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"code": "123456"}]})

    code: Code


class PasswordIn(InputSchema):
    """The present password, and the one that takes its place."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"current_password": "虚构的一句很长的口令", "new_password": "另一句虚构的很长的口令"}]
        },
    )

    current_password: TypedPassword
    new_password: TypedPassword


class SignedInOut(OutputSchema):
    """A session that was just opened. While something is owed it can do nothing but give it."""

    token: ShownOnce
    session_id: UUID
    owed: list[Owed]
    expires_at: datetime
    idle_minutes: int


class ConsoleSignedInOut(OutputSchema):
    """The same for a browser, whose token went into the cookie; its forms carry `csrf_token`."""

    csrf_token: ShownOnce
    session_id: UUID
    owed: list[Owed]
    expires_at: datetime
    idle_minutes: int


class CallerOut(OutputSchema):
    """Who calls, what it may do and how far its reach goes. `session_id` is null for a machine's key."""

    carrier: str
    session_id: UUID | None
    account_id: UUID | None
    account_name: str | None
    organisation_id: UUID | None
    organisation_name: str | None
    region_code: str
    bank_id: UUID | None
    institution_id: UUID | None
    roles: list[Role]
    permissions: list[Permission]
    owed: list[Owed]


class SessionOut(OutputSchema):
    """A session of the caller's own."""

    id: UUID
    carrier: Literal["cookie", "bearer"]
    is_current: bool
    is_complete: bool
    address: str
    user_agent: str
    created_at: datetime
    seen_at: datetime
    ended_at: datetime | None


class SessionListOut(OutputSchema):
    """A page of living sessions, the newest first."""

    items: list[SessionOut]
    next_cursor: str | None
    total: int | None


class SecondFactorOut(OutputSchema):
    """The secret of a second factor that waits to be confirmed; shown once, as text and for a QR code."""

    secret: ShownOnce
    otpauth_uri: ShownOnce


class OwedOut(OutputSchema):
    """What is still owed after a step; nothing, if the session is whole."""

    owed: list[Owed]


class RedirectOut(OutputSchema):
    """Where the browser goes on, as in the Location header."""

    location: str
