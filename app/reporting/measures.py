"""What is counted, on which day of its life, by what it is grouped, and what each column is called."""

from enum import StrEnum
from typing import Final


class By(StrEnum):
    """What a table has a row for."""

    CITY = "city"
    COUNTY = "county"
    KIND = "kind"
    BANK = "bank"
    MONTH = "month"


class Measure(StrEnum):
    """What is counted, each on a day of its own. All but the first count referrals: one bank and one entry.

    A decision is the grant or the refusal, whichever came first. `converted` counts what was pushed in the period and
    had been granted by its end, so that it is a part of `pushed`; `granted` counts what was granted in the period.
    """

    LISTED = "listed"
    PUSHED = "pushed"
    CONTACTED = "contacted"
    DECIDED = "decided"
    GRANTED = "granted"
    DISBURSED = "disbursed"
    CONVERTED = "converted"


TOTAL: Final = "total"
# Rows of the table by kind that are no kind of institution.
PROJECT: Final = "project"
UNKNOWN: Final = "unknown"

BY_LABELS: Final = {By.CITY: "市", By.COUNTY: "县", By.KIND: "机构类别", By.BANK: "银行", By.MONTH: "月份"}

# Every column of a row, in the order in which it is shown.
COLUMNS: Final = {
    "listed": "入名单（条）",
    "pushed": "推送（笔）",
    "contacted": "已联系（笔）",
    "decided": "已有决定（笔）",
    "granted": "授信（笔）",
    "granted_yuan": "授信金额（元）",
    "disbursed": "放款（笔）",
    "disbursed_yuan": "放款金额（元）",
    "balance_yuan": "贷款余额（元）",
    "balance_missing": "余额不详（笔）",
    "weighted_rate_percent": "加权平均利率（%）",
    "converted": "推送后获授信（笔）",
    "conversion_percent": "转化率（%）",
    "days_to_decision": "平均决定天数",
    "subsidy_yuan": "预计贴息（元）",
}

# Which rows stand behind a column.
COUNTED_BY: Final = {
    **{measure.value: measure for measure in Measure},
    "granted_yuan": Measure.GRANTED,
    **dict.fromkeys(
        ("disbursed_yuan", "balance_yuan", "balance_missing", "weighted_rate_percent", "subsidy_yuan"),
        Measure.DISBURSED,
    ),
    "conversion_percent": Measure.CONVERTED,
    "days_to_decision": Measure.DECIDED,
}

# What the registry says of a loan after its disbursement, and what the offices expect of it, are no bank's to read.
NOT_FOR_BANKS: Final = frozenset({"balance_yuan", "balance_missing", "subsidy_yuan"})
