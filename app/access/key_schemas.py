"""What keys of machines take and answer."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from app.access.organisation_schemas import SAYS
from app.access.permissions import Permission
from app.http.idempotency import ShownOnce
from app.http.schemas import InputSchema, IsoDate, OutputSchema

KeyName = Annotated[str, StringConstraints(min_length=2, max_length=80, pattern=SAYS)]


class KeyIn(InputSchema):
    """A key by which a machine acts for an account, and may do no more than these things."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "user_id": "0199f3c0-0000-7000-8000-000000000003",
                    "name": "虚构银行信贷系统",
                    "permissions": ["candidates.read", "registry.read"],
                    "expires_on": "2027-06-30",
                }
            ]
        },
    )

    user_id: UUID
    name: KeyName
    permissions: list[Permission] = Field(
        min_length=1, max_length=len(Permission), description="不得超出该账号的权限；签发密钥、授予角色须本人登录办理"
    )
    expires_on: IsoDate = Field(description="到哪一天零点（北京时间）失效")


class KeyOut(OutputSchema):
    """A key; of its secret nothing is kept that could be shown."""

    id: UUID
    public_id: str
    name: str
    user_id: UUID
    user_name: str
    permissions: list[str]
    issued_by: UUID
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_on: date | None
    version: int


class NewKeyOut(KeyOut):
    """A key that was just made, with its text, which is shown this once."""

    key: ShownOnce


class KeyListOut(OutputSchema):
    """A page of keys, the newest first."""

    items: list[KeyOut]
    next_cursor: str | None
    total: int | None
