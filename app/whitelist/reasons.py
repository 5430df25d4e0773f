"""Reasons by their codes: those that people may name for an action on a day, kept as data."""

from datetime import date

from sqlalchemy.orm import Session

from app.errors import FieldError
from app.whitelist.nominations import ReasonRefused
from app.whitelist.queries import reasons_on


def check_reason(session: Session, code: str, action: str, day: date) -> None:
    """Raise ReasonRefused, which names the codes that may be used, for any other."""
    usable = {one.code: one.label for one in reasons_on(session, day) if action in one.used_for}
    if code not in usable:
        named = "、".join(f"{one}（{label}）" for one, label in usable.items())
        detail = f"理由代码请从以下选一个：{named}"
        raise ReasonRefused(detail, errors=(FieldError("/reason_code", ReasonRefused.code, detail),))
