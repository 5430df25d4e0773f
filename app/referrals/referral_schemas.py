"""Follow-up over HTTP: what is sent and what is answered."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, model_validator

from app.http.schemas import InputSchema, IsoDate, OutputSchema, Percent, PositiveYuan, Yuan
from app.institutions.terms_schemas import LprTermsIn, ProjectShare
from app.referrals.clock import ClockStanding
from app.referrals.reasons import DeclineReason
from app.referrals.states import ReferralAction, ReferralState
from app.subsidy import RepaymentStyle
from app.whitelist.entry_states import EntryState

Note = Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=r"^[^\x00]*\S[^\x00]*$")]
_NOTE: Final = "本行的内部备注，其他单位和机构都看不到"


def _example(**body: JsonValue) -> ConfigDict:
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [body]})


class ContactIn(InputSchema):
    """When the institution was contacted."""

    model_config = _example(contacted_on="2026-11-20")

    contacted_on: IsoDate
    note: Annotated[Note | None, Field(description=_NOTE)] = None


class InvestigateIn(InputSchema):
    """When due diligence began."""

    model_config = _example(began_on="2026-11-20")

    began_on: IsoDate
    note: Annotated[Note | None, Field(description=_NOTE)] = None


class GrantIn(InputSchema):
    """The credit that was granted."""

    model_config = _example(amount_yuan="5000000", granted_on="2026-11-20")

    amount_yuan: PositiveYuan
    granted_on: IsoDate
    note: Annotated[Note | None, Field(description=_NOTE)] = None


class DisburseIn(InputSchema):
    """The loan that was paid out: it becomes a loan of the institution, from which its subsidy is estimated.

    `rate_percent` is the yearly rate on the day of the payment; of a floating one the LPR terms stand beside it.
    """

    model_config = _example(amount_yuan="5000000", disbursed_on="2026-11-20", due_on="2029-11-20", rate_percent="3.5")

    amount_yuan: PositiveYuan
    disbursed_on: IsoDate
    due_on: IsoDate = Field(description="合同到期日")
    rate_percent: Percent = Field(description="放款日的年利率（%）")
    floating: LprTermsIn | None = Field(default=None, description="浮动利率时写 LPR 加减点；固定利率不写")
    repayment_style: RepaymentStyle = RepaymentStyle.BULLET
    contract_number: (
        Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00]*\S[^\x00]*$")] | None
    ) = None
    project_id: UUID | None = Field(default=None, description="机构条目的贷款用于其某个项目时写项目编号")
    project_share: ProjectShare = Decimal(1)
    note: Annotated[Note | None, Field(description=_NOTE)] = None


class DeclineIn(InputSchema):
    """Why the bank does not lend; the institution is told the reason, never the note."""

    model_config = _example(reason_code="security", declined_on="2026-11-20")

    reason_code: DeclineReason
    declined_on: IsoDate
    note: Annotated[Note | None, Field(description=_NOTE + "；理由为 other 时必填")] = None

    @model_validator(mode="after")
    def _other_is_explained(self) -> Self:
        if self.reason_code is DeclineReason.OTHER and self.note is None:
            raise ValueError("理由选“其他”时，请在 note 中写明")
        return self


class AssignIn(InputSchema):
    """Who of the bank looks after it."""

    model_config = _example(manager_id="01929a3e-7c00-7000-8000-000000000001")

    manager_id: UUID = Field(description="客户经理的账号编号，须是本行在用的账号")
    note: Annotated[Note | None, Field(description=_NOTE)] = None


class ReferralStepOut(OutputSchema):
    """One step. Who took it, who was assigned and the note are the bank's own: null for everybody else."""

    number: int
    action: ReferralAction
    action_label: str
    from_state: str
    to_state: ReferralState
    to_state_label: str
    happened_on: date
    at: datetime
    by: str | None
    manager_id: UUID | None
    amount_yuan: Yuan | None
    rate_percent: Percent | None
    reason_code: DeclineReason | None
    reason_label: str | None
    note: str | None


class ReferralRowOut(OutputSchema):
    """One bank and one entry of the list. `days_left` is null once the bank has decided.

    The manager is the bank's own business, the estimated subsidy everybody's but the bank's: null where not shown.
    """

    id: UUID
    version: int
    bank: str
    bank_name: str
    entry_id: UUID
    entry_state: EntryState | None
    entry_state_label: str | None
    subject_kind: str
    institution_id: UUID
    project_id: UUID | None
    name: str
    region_code: str
    region_name: str
    delivery_number: str | None
    delivered_on: date
    due_on: date
    standing: ClockStanding
    standing_label: str
    days_left: int | None
    state: ReferralState
    state_label: str
    manager_id: UUID | None
    manager_name: str | None
    contacted_on: date | None
    granted_yuan: Yuan | None
    granted_on: date | None
    disbursed_yuan: Yuan | None
    disbursed_on: date | None
    rate_percent: Percent | None
    loan_id: UUID | None
    declined_on: date | None
    reason_code: DeclineReason | None
    reason_label: str | None
    subsidy_programme: str | None
    subsidy_yuan: Yuan | None
    actions: list[ReferralAction]


class ReferralOut(ReferralRowOut):
    """The same with all its steps."""

    steps: list[ReferralStepOut]


class ReferralListOut(OutputSchema):
    """The earliest deadline first."""

    items: list[ReferralRowOut]
    next_cursor: str | None
    total: int | None
