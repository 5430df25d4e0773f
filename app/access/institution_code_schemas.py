"""What the codes by which somebody proves to speak for an institution take and answer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.access.account_schemas import Login, PersonName
from app.http.idempotency import ShownOnce
from app.http.schemas import InputSchema, OutputSchema

TypedCode = Annotated[str, StringConstraints(min_length=4, max_length=60, pattern=r"^[0-9A-Za-z -]+$")]
NewPassword = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class InstitutionCodeOut(OutputSchema):
    """A code without its text, of which only a hash is kept."""

    id: UUID
    institution_id: UUID
    issued_by: UUID
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_by: UUID | None


class NewInstitutionCodeOut(InstitutionCodeOut):
    """A code that was just issued, with its text, which is shown this once."""

    code: ShownOnce


class InstitutionCodeListOut(OutputSchema):
    """A page of codes, the newest first."""

    items: list[InstitutionCodeOut]
    next_cursor: str | None
    total: int | None


class RedeemIn(InputSchema):
    """The code from the bureau, and the account that its holder wants."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "code": "7KQ2M-0XV3B-R9TDA-4HJ8C",
                    "login": "xugou.kangning",
                    "name": "虚构院长",
                    "password": "虚构的一句很长的口令",
                }
            ]
        },
    )

    code: TypedCode = Field(description="县（市、区）民政局所发的代码，不分大小写，可以不写连字符")
    login: Login
    name: PersonName
    password: NewPassword


class RedeemedOut(OutputSchema):
    """The account that now speaks for the institution; sign in with it."""

    user_id: UUID
    login: str
    organisation_id: UUID
    institution_id: UUID
    institution_name: str
