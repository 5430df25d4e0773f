"""The life of a nomination as one plain table: from which state, by what action, to which state, at whose level.

The database has the same rows (`nomination_transition`) and takes no step that is not among them; docs/white-list.md
shows them to clerks. A test says that the three are equal.

On an appeal the next higher office decides: the city over a county, the province over a city and, by another person,
over itself. An appeal that is allowed leads where the refused step would have led.
"""

from enum import StrEnum
from typing import Final, NamedTuple


class Level(StrEnum):
    """Who takes a step. Nobody takes steps at two levels of one nomination; the database holds that, too."""

    APPLICANT = "applicant"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"
    # Who decides on an appeal against the step of that level, which is never whoever took it.
    COUNTY_APPEAL = "county_appeal"
    CITY_APPEAL = "city_appeal"
    PROVINCE_APPEAL = "province_appeal"
    # The batch moves its nominations together; its own people stand on the batch, so these steps name no account.
    BATCH = "batch"


class State(StrEnum):
    """Where a nomination stands."""

    # Before its first step, so that the first step has a row of the table, too.
    NONE = "none"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RECOMMENDED = "recommended"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    ON_NOTICE = "on_notice"
    LISTED = "listed"
    RETURNED = "returned"
    COUNTY_REJECTED = "county_rejected"
    CITY_REJECTED = "city_rejected"
    PROVINCE_REJECTED = "province_rejected"
    COUNTY_APPEALED = "county_appealed"
    CITY_APPEALED = "city_appealed"
    PROVINCE_APPEALED = "province_appealed"
    # For good: an appeal was dismissed, or an objection during the notice was upheld.
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What moves a nomination."""

    DRAFT = "draft"
    SUBMIT = "submit"
    RECOMMEND = "recommend"
    REVIEW = "review"
    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    APPEAL = "appeal"
    ALLOW = "allow"
    DISMISS = "dismiss"
    WITHDRAW = "withdraw"
    NOTICE = "notice"
    LIST = "list"
    RECALL = "recall"
    UPHOLD = "uphold"


class Transition(NamedTuple):
    """One row."""

    from_state: State
    action: Action
    to_state: State
    level: Level


_S, _A, _L = State, Action, Level

TRANSITIONS: Final = tuple(
    Transition(*row)
    for row in (
        (_S.NONE, _A.DRAFT, _S.DRAFT, _L.APPLICANT),
        (_S.DRAFT, _A.SUBMIT, _S.SUBMITTED, _L.APPLICANT),
        (_S.DRAFT, _A.WITHDRAW, _S.WITHDRAWN, _L.APPLICANT),
        (_S.SUBMITTED, _A.RECOMMEND, _S.RECOMMENDED, _L.COUNTY),
        (_S.SUBMITTED, _A.RETURN, _S.RETURNED, _L.COUNTY),
        (_S.SUBMITTED, _A.REJECT, _S.COUNTY_REJECTED, _L.COUNTY),
        (_S.SUBMITTED, _A.WITHDRAW, _S.WITHDRAWN, _L.APPLICANT),
        (_S.RECOMMENDED, _A.REVIEW, _S.REVIEWED, _L.CITY),
        (_S.RECOMMENDED, _A.RETURN, _S.RETURNED, _L.CITY),
        (_S.RECOMMENDED, _A.REJECT, _S.CITY_REJECTED, _L.CITY),
        (_S.RECOMMENDED, _A.WITHDRAW, _S.WITHDRAWN, _L.APPLICANT),
        (_S.REVIEWED, _A.APPROVE, _S.APPROVED, _L.PROVINCE),
        (_S.REVIEWED, _A.RETURN, _S.RETURNED, _L.PROVINCE),
        (_S.REVIEWED, _A.REJECT, _S.PROVINCE_REJECTED, _L.PROVINCE),
        (_S.REVIEWED, _A.WITHDRAW, _S.WITHDRAWN, _L.APPLICANT),
        (_S.RETURNED, _A.SUBMIT, _S.SUBMITTED, _L.APPLICANT),
        (_S.RETURNED, _A.WITHDRAW, _S.WITHDRAWN, _L.APPLICANT),
        (_S.COUNTY_REJECTED, _A.APPEAL, _S.COUNTY_APPEALED, _L.APPLICANT),
        (_S.CITY_REJECTED, _A.APPEAL, _S.CITY_APPEALED, _L.APPLICANT),
        (_S.PROVINCE_REJECTED, _A.APPEAL, _S.PROVINCE_APPEALED, _L.APPLICANT),
        (_S.COUNTY_APPEALED, _A.ALLOW, _S.RECOMMENDED, _L.COUNTY_APPEAL),
        (_S.CITY_APPEALED, _A.ALLOW, _S.REVIEWED, _L.CITY_APPEAL),
        (_S.PROVINCE_APPEALED, _A.ALLOW, _S.APPROVED, _L.PROVINCE_APPEAL),
        (_S.COUNTY_APPEALED, _A.DISMISS, _S.REJECTED, _L.COUNTY_APPEAL),
        (_S.CITY_APPEALED, _A.DISMISS, _S.REJECTED, _L.CITY_APPEAL),
        (_S.PROVINCE_APPEALED, _A.DISMISS, _S.REJECTED, _L.PROVINCE_APPEAL),
        (_S.COUNTY_APPEALED, _A.WITHDRAW, _S.WITHDRAWN, _L.APPLICANT),
        (_S.CITY_APPEALED, _A.WITHDRAW, _S.WITHDRAWN, _L.APPLICANT),
        (_S.PROVINCE_APPEALED, _A.WITHDRAW, _S.WITHDRAWN, _L.APPLICANT),
        (_S.APPROVED, _A.NOTICE, _S.ON_NOTICE, _L.BATCH),
        (_S.APPROVED, _A.WITHDRAW, _S.WITHDRAWN, _L.APPLICANT),
        (_S.ON_NOTICE, _A.LIST, _S.LISTED, _L.BATCH),
        # The batch was abandoned, or goes on without this one; it waits for another.
        (_S.ON_NOTICE, _A.RECALL, _S.APPROVED, _L.BATCH),
        (_S.ON_NOTICE, _A.UPHOLD, _S.REJECTED, _L.BATCH),
        (_S.ON_NOTICE, _A.WITHDRAW, _S.WITHDRAWN, _L.APPLICANT),
    )
)

# A subject has at most one nomination in these states; the database holds it by an index.
OPEN: Final = (
    _S.DRAFT,
    _S.SUBMITTED,
    _S.RECOMMENDED,
    _S.REVIEWED,
    _S.APPROVED,
    _S.ON_NOTICE,
    _S.RETURNED,
    _S.COUNTY_APPEALED,
    _S.CITY_APPEALED,
    _S.PROVINCE_APPEALED,
)
# Whoever does these says why: a code of the list of reasons and a text. The database holds it, too.
REASONED: Final = (_A.RETURN, _A.REJECT, _A.DISMISS, _A.UPHOLD)

STATE_LABELS: Final = {
    _S.NONE: "（尚无）",
    _S.DRAFT: "草稿",
    _S.SUBMITTED: "已申报，待县级推荐",
    _S.RECOMMENDED: "县级已推荐，待市级审核",
    _S.REVIEWED: "市级已审核，待省级批准",
    _S.APPROVED: "省级已批准，待编入批次",
    _S.ON_NOTICE: "公示中",
    _S.LISTED: "已列入白名单",
    _S.RETURNED: "已退回，待补正",
    _S.COUNTY_REJECTED: "县级不予推荐",
    _S.CITY_REJECTED: "市级审核不通过",
    _S.PROVINCE_REJECTED: "省级不予批准",
    _S.COUNTY_APPEALED: "对县级结论申诉中，待市级处理",
    _S.CITY_APPEALED: "对市级结论申诉中，待省级处理",
    _S.PROVINCE_APPEALED: "对省级结论申诉中，待省级另一人处理",
    _S.REJECTED: "终结，不予列入",
    _S.WITHDRAWN: "已撤回",
}
ACTION_LABELS: Final = {
    _A.DRAFT: "起草",
    _A.SUBMIT: "申报",
    _A.RECOMMEND: "推荐",
    _A.REVIEW: "审核通过",
    _A.APPROVE: "批准",
    _A.RETURN: "退回补正",
    _A.REJECT: "不予通过",
    _A.APPEAL: "申诉",
    _A.ALLOW: "申诉成立",
    _A.DISMISS: "驳回申诉",
    _A.WITHDRAW: "撤回",
    _A.NOTICE: "公示",
    _A.LIST: "列入名单",
    _A.RECALL: "移出公示",
    _A.UPHOLD: "异议成立",
}
LEVEL_LABELS: Final = {
    _L.APPLICANT: "申报人",
    _L.COUNTY: "县级民政",
    _L.CITY: "市级民政",
    _L.PROVINCE: "省级民政",
    _L.COUNTY_APPEAL: "对县级结论的申诉处理",
    _L.CITY_APPEAL: "对市级结论的申诉处理",
    _L.PROVINCE_APPEAL: "对省级结论的申诉处理",
    _L.BATCH: "批次",
}

_BY_STEP: Final = {(one.from_state, one.action): one for one in TRANSITIONS}


def find_transition(state: State, action: Action) -> Transition | None:
    """The row of a state and an action, which is at most one."""
    return _BY_STEP.get((state, action))


def actions_from(state: State) -> tuple[Transition, ...]:
    """The rows that lead on from a state, in the order of the table."""
    return tuple(one for one in TRANSITIONS if one.from_state is state)
