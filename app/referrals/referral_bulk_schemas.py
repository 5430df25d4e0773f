"""What a workbook of answers is answered with."""

from uuid import UUID

from app.http.schemas import OutputSchema
from app.referrals.states import ReferralAction, ReferralState


class AnswerProblemOut(OutputSchema):
    """Something in a row that cannot be taken, and how to write it."""

    column_letter: str | None
    heading: str | None
    written: str
    code: str
    detail: str


class AnsweredRowOut(OutputSchema):
    """One row of the sheet: where it leads, by which steps, or why it cannot."""

    row: int
    referral_id: UUID | None
    name: str
    from_state: ReferralState | None
    to_state: ReferralState | None
    actions: list[ReferralAction]
    problems: list[AnswerProblemOut]


class AnswersOut(OutputSchema):
    """How many rows there are, say nothing, can be taken and cannot; and whether they were written."""

    rows: int
    blank: int
    accepted: int
    refused: int
    written: bool
    problems: list[AnsweredRowOut]
    items: list[AnsweredRowOut]
