"""What pages say of their own accord: what was just done, and how dates, amounts and verdicts are written."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from app.http.clock import CHINA

# What was done, said on the page where one then is; an address names the key, never the sentence.
DONE: Final = {
    "signed_out": "您已退出。",
    "password_changed": "密码已修改。别处的登录已失效。",
    "second_factor_set": "第二因素已启用。以后每次登录都要输入验证码。",
    "pushed": "已推送。各家银行的交付和签收在下面。",
    "bank_added": "银行已登记。",
    "rate_added": "数值已录入。",
    "rate_confirmed": "已记下：到这一天没有变化。",
    "audit_sealed": "已封存，并送到了设定的地方。",
    "audit_sealed_here": "已封存，但没有设定送到哪里：封存只在库里，能改库的人也能改它。",
    "audit_sealed_not_sent": "已封存，但有一处没有送到：请系统管理员看日志，恢复以后再封存一次。",
    "bureaux_added": "民政部门已补齐。",
    "person_added": "账号已建立，还没有角色和密码。请安全管理员授予角色、发首次登录密码。",
    "person_amended": "已修改。",
    "person_moved": "已调到新单位，原有角色已取消。请安全管理员重新授予角色。",
    "roles_set": "角色已修改，本人的登录随之失效。",
    "second_factor_taken": "第二因素已取消，本人下次登录时重新设置。",
    "person_unlocked": "登录失败的计数已清除，现在可以再试。",
    "absence_set": "离岗已登记。",
    "absence_ended": "已记下：本人已返回。",
    "person_closed": "账号已停用，登录和密钥已失效。",
    "handed_over": "交接已登记。",
    "office_added": "单位已登记。",
    "office_amended": "单位已修改。",
    "office_closed": "单位已停用。",
    "key_revoked": "密钥已停用。",
    "consent_asked": "请求已发给机构。机构答复后，您会收到消息。",
    "consent_request_cancelled": "请求已取消，机构不用再答复。",
    "contact_noted": "已登记联系。",
    "investigation_noted": "已登记开始尽职调查。",
    "grant_noted": "已登记授信，机构已收到通知。",
    "disbursement_noted": "已登记放款，机构已收到通知。",
    "decline_noted": "已登记不予办理，机构已收到通知。",
    "manager_assigned": "客户经理已指定。",
    "answers_written": "反馈已写入。",
    "delivery_received": "已签收。",
    "product_drafted": "草稿已保存，还没有发布。",
    "draft_begun": "已另起一份草稿，还没有发布。",
    "terms_saved": "条款已保存，还没有发布。",
    "rule_saved": "准入条件已保存，还没有发布。",
    "product_published": "已发布。候选客户从生效那天起按这一版。",
    "product_withdrawn": "已撤回。",
    "endpoint_tested": "测试已发出，稍后在下面看结果。",
    "endpoint_disabled": "接收地址已停用，期间的事件会留着。",
    "endpoint_enabled": "接收地址已启用，停用期间的事件开始补送。",
    "nomination_draft": "推荐已起草，还没有申报。请看过逐条核对，再申报。",
    "nomination_submit": "已申报，等县级民政部门推荐。",
    "nomination_recommend": "已推荐，报市级民政部门审核。",
    "nomination_review": "已审核通过，报省民政厅批准。",
    "nomination_approve": "已批准，等待编入批次。还没有列入名单。",
    "nomination_return": "已退回申报人补正。",
    "nomination_reject": "已记录不予通过，机构可以在期限内申诉一次。",
    "nomination_appeal": "申诉已提交。",
    "nomination_allow": "申诉成立，推荐进入下一环节。",
    "nomination_dismiss": "申诉已驳回，这份推荐终结。",
    "nomination_withdraw": "推荐已撤回。",
    "institution_registered": "机构已登记。",
    "institution_amended": "已保存，旧记录保留。",
    "part_recorded": "已保存。",
    "need_changed": "融资需求的状态已改。",
    "attested": "认定已记录，同一事项此前的认定随之结束。",
    "attachment_added": "附件已上传。",
    "code_revoked": "这个代码已停用。",
    "batch_drafted": "批次草稿已建立，还没有公示。",
    "batch_changed": "批次已修改。",
    "batch_announced": "已开始公示，条目自此固定。还没有列入名单。",
    "batch_published": "批次已发布，条目已列入名单。",
    "batch_abandoned": "批次已放弃，其中的推荐等待编入下一批次。",
    "objection_recorded": "异议已记录，处理以前本批次不能发布。",
    "objection_upheld": "异议成立：这份推荐已移出批次，不予列入。",
    "objection_dismissed": "异议不成立：这份推荐留在批次里。",
    "entry_suspend": "已暂停，即时生效。",
    "entry_reinstate": "已恢复，即时生效。",
    "entry_remove": "已移出名单，即时生效。",
    "entry_renew": "已续期。",
    "facts_amended": "档案已修改，旧的记录仍然保留。",
    "file_added": "附件已上传。",
    "project_added": "项目已登记。",
    "project_amended": "项目已修改，旧的记录仍然保留。",
    "need_added": "融资需求已登记。下面按它核对。",
    "need_amended": "融资需求已修改。下面按它重新核对。",
    "need_meet": "已记下：资金已经解决。以后可以重新打开。",
    "need_withdraw": "已记下：不需要了。以后可以重新打开。",
    "need_reopen": "融资需求已重新打开。",
    "loan_added": "贷款已登记。下面按它核对。",
    "loan_amended": "贷款已修改。下面按它重新核对。",
    "consent_granted": "已授权。随时可以撤回。",
    "consent_refused": "已答复：不同意。银行会收到通知。",
    "consent_withdrawn": "已撤回。银行从这一刻起看不到这些信息。",
    "message_read": "已标为已读。",
    "inbox_read": "已全部标为已读。",
}
_WAN: Final = 10_000
_MOST_DIGITS: Final = 18
_LONG_DASH: Final = "—"


def day(value: str | date | None) -> str:
    """2026 年 11 月 21 日, kept on one line by the style of its element."""
    if value in (None, ""):
        return _LONG_DASH
    one = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{one.year}年{one.month}月{one.day}日"


def moment(value: str | datetime | None) -> str:
    """An instant as a day and a minute in China."""
    if value in (None, ""):
        return _LONG_DASH
    one = datetime.fromisoformat(value) if isinstance(value, str) else value
    here = one.astimezone(CHINA)
    return f"{here.year}年{here.month}月{here.day}日 {here:%H:%M}"


def yuan(value: str | Decimal | None) -> str:
    """An amount to the fen with separators; a dash for what is not known."""
    number = _decimal(value)
    return _LONG_DASH if number is None else f"{number:,.2f} 元"


def wan(value: str | Decimal | None) -> str:
    """An amount in 万元, without digits that say nothing."""
    number = _decimal(value)
    if number is None:
        return _LONG_DASH
    if abs(number) < _WAN:
        return f"{_plain(number)} 元"
    return f"{_plain(number / _WAN)} 万元"


def percent(value: str | Decimal | None) -> str:
    """A percentage without zeros at its end."""
    number = _decimal(value)
    return _LONG_DASH if number is None else f"{_plain(number)}%"


def count(value: int | None) -> str:
    """A number with separators."""
    return _LONG_DASH if value is None else f"{value:,}"


def _decimal(value: str | Decimal | int | None) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    # No amount has more digits; of what was typed, 1e999999 would be written out in a megabyte.
    return number if number.is_finite() and number.adjusted() < _MOST_DIGITS else None


def _plain(number: Decimal) -> str:
    text = f"{number:,.4f}"
    return text.rstrip("0").rstrip(".")


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "day": day,
    "moment": moment,
    "yuan": yuan,
    "wan": wan,
    "percent": percent,
    "count": count,
}
# How each verdict and outcome is shown: kind of mark and word. Status is always a sign, a word and a tint.
VERDICTS: Final = {"true": ("ok", "满足"), "false": ("bad", "不满足"), "unknown": ("warn", "待确认")}
OUTCOMES: Final = {
    "eligible": ("ok", "符合公布条件"),
    "in_scope": ("ok", "属于支持范围"),
    "needs_info": ("warn", "还缺信息"),
    "ineligible": ("bad", "目前不符合"),
    "not_applicable": ("mute", "不适用"),
    "informative": ("mute", "供参考"),
}
