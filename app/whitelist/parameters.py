"""The numbers of the white list on a day. They stand in the seeds, dated, as this service's own defaults."""

from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from app.errors import NotSeeded
from app.programmes.queries import read_parameters

STEP_WORKING_DAYS: Final = "whitelist.step_working_days"
APPEAL_WORKING_DAYS: Final = "whitelist.appeal_working_days"
NOTICE_DAYS: Final = "whitelist.notice_days"
VALID_MONTHS: Final = "whitelist.valid_months"


def whole_number(session: Session, key: str, day: date) -> int:
    """The value of a parameter that counts days or months. Raises NotSeeded where none is in force on the day."""
    parameter = read_parameters(session).get(key)
    value = None if parameter is None else parameter.on(day)
    if not isinstance(value, int):
        raise NotSeeded(f"参数 {key} 在 {day} 没有数值，请运行 yinqiao seed 装入最新的种子数据")
    return value
