"""Why a bank declines: stable codes with their Chinese names. Whoever declines names one; `other` is explained."""

from enum import StrEnum
from typing import Final


class DeclineReason(StrEnum):
    """A reason for not lending; the institution is told which."""

    NO_NEED = "no_need"
    UNREACHABLE = "unreachable"
    INCOMPLETE_FILE = "incomplete_file"
    OUTSIDE_POLICY = "outside_policy"
    REPAYMENT = "repayment"
    CREDIT_RECORD = "credit_record"
    SECURITY = "security"
    TERMS_NOT_AGREED = "terms_not_agreed"
    OTHER_BANK = "other_bank"
    OTHER = "other"


REASON_LABELS: Final = {
    DeclineReason.NO_NEED: "机构目前没有融资需求",
    DeclineReason.UNREACHABLE: "多次联系不上",
    DeclineReason.INCOMPLETE_FILE: "材料不齐",
    DeclineReason.OUTSIDE_POLICY: "不符合本行信贷政策",
    DeclineReason.REPAYMENT: "还款来源不足",
    DeclineReason.CREDIT_RECORD: "信用记录不符合要求",
    DeclineReason.SECURITY: "担保条件不足",
    DeclineReason.TERMS_NOT_AGREED: "额度、期限或利率未谈妥",
    DeclineReason.OTHER_BANK: "已由其他银行解决",
    DeclineReason.OTHER: "其他（须写明）",
}
