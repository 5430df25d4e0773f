"""The second factor of somebody who tries the demonstration out and has no authenticator at hand."""

from datetime import datetime
from uuid import UUID

from app.access.totp import code_at
from app.config import Settings
from app.demo.people import NoDemonstration
from app.store.engine import Database
from app.store.tables import Account


def is_demonstration(settings: Settings) -> bool:
    """Whether this is what `yinqiao demo` serves, and nothing else."""
    return settings.demo and settings.database_url.startswith("sqlite:")


def code_of(database: Database, account_id: UUID, at: datetime, settings: Settings) -> str | None:
    """The code that the account would type now; None while it has no secret. Raises NoDemonstration."""
    if not is_demonstration(settings):
        raise NoDemonstration("验证码只在本人的验证器应用里，演示环境除外")
    with database.reading() as session:
        return code_at(session.get_one(Account, account_id), at, settings)
