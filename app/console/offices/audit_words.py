"""What the trail says, in words: operations by the API's own summaries, tables and columns by what they hold."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from app.console.offices.audit_columns import COLUMNS
from app.console.words import moment
from app.regions import region_names

# What is done without a route of its own.
_UNROUTED: Final = {
    "bootstrap": "命令行：初始化",
    "demo_people": "命令行：装入演示数据",
    "seed": "命令行：装入政策和参数",
    "load_texts": "命令行：装入政策原文",
    "rows": "命令行：装入数据",
    "expire_entries": "命令行：到期处理",
    "send_reminders": "命令行：发推荐办理提醒",
    "send_referral_reminders": "命令行：发对接办理提醒",
    "export_candidates": "导出候选名单",
    "export_referrals": "导出办理清单",
    "unmask": "按授权看到本应遮着的信息",
    "sign_in": "登录",
    "sign_out": "退出",
    "verify_second_factor": "登录：验证第二因素",
}
TABLES: Final = {
    "account": "账号",
    "api_key": "密钥",
    "assessment": "评估",
    "attachment": "附件",
    "attestation": "认定",
    "audit_event": "审计记录",
    "audit_seal": "审计封存",
    "bank": "银行",
    "batch": "批次",
    "batch_row": "批次的条目",
    "clause": "条款",
    "clause_text": "条款原文",
    "consent": "授权",
    "consent_field": "授权的信息",
    "consent_request": "授权请求",
    "consent_request_field": "请求授权的信息",
    "delivery": "交付",
    "delivery_item": "交付的条目",
    "delivery_receipt": "签收",
    "department": "部门",
    "entry_snapshot": "条目的存照",
    "handover": "交接",
    "import_job": "导入",
    "institution": "机构",
    "institution_code": "机构代码",
    "institution_version": "机构登记",
    "loan": "贷款",
    "loan_version": "贷款登记",
    "message": "消息",
    "need": "融资需求",
    "need_version": "融资需求登记",
    "nomination": "推荐",
    "nomination_actor": "推荐的经办人",
    "nomination_step": "推荐的办理步骤",
    "objection": "异议",
    "organisation": "单位",
    "parameter_value": "参数",
    "password_history": "用过的密码",
    "policy_document": "政策文件",
    "product": "产品",
    "product_version": "产品版本",
    "programme": "扶持政策",
    "programme_draft": "政策草稿",
    "programme_version": "政策版本",
    "project": "项目",
    "project_version": "项目登记",
    "push": "推送",
    "rate_point": "利率数值",
    "rate_series": "利率序列",
    "referral": "对接",
    "referral_step": "对接的办理步骤",
    "relending_lender": "再贷款名单上的银行",
    "relending_list": "再贷款名单",
    "sign_in_session": "登录",
    "statistics": "统计表",
    "webhook_delivery": "回调的投递",
    "webhook_endpoint": "回调地址",
    "whitelist_entry": "名单条目",
    "whitelist_event": "名单条目的变化",
}
# What the addresses of the API call things by: a refused attempt has changed no row, and is known by its address.
_ADDRESSED: Final = {
    "code": "机构代码",
    "endpoint": "回调地址",
    "entry": "名单条目",
    "key": "密钥",
    "request": "授权请求",
    "series": "利率序列",
    "user": "账号",
}
# What an operation says of itself beside the rows that changed.
DETAILS: Final = {
    "also": "同时",
    "carrier": "登录方式",
    "code": "为什么被拒",
    "fields": "看到的信息",
    "filters": "条件",
    "format": "文件格式",
    "login": "登录名",
    "owed": "还须办理",
    "question": "条件",
    "rows": "行数",
    "status": "状态码",
    "unlisted_rows": "没有逐行列出的变化（行数）",
}
KINDS: Final = {"insert": "新增", "update": "修改", "replace": "登记新版本", "delete": "删除"}
_REGION: Final = "region_code"


@lru_cache(maxsize=1)
def operations(app: FastAPI) -> Mapping[str, str]:
    """Operation id to words, of everything that leaves a trace when it is done: what writes, and what is exported."""
    routes = (one.original_route for one in iter_route_contexts(app.routes))
    written = {
        one.operation_id: one.summary.partition("；")[0]
        for one in routes
        if isinstance(one, APIRoute) and one.operation_id and one.summary and _leaves_a_trace(one)
    }
    return {**written, **_UNROUTED}


def _leaves_a_trace(route: APIRoute) -> bool:
    return route.methods != {"GET"} or (route.operation_id or "").startswith("export_")


def action_words(app: FastAPI, action: str) -> str:
    """What was done; a page that somebody was not let into has its address."""
    return operations(app).get(action) or (
        f"打开页面（{action.removeprefix('page_')}）" if action.startswith("page_") else action
    )


def action_of(app: FastAPI, typed: str) -> str:
    """The operation that somebody means who typed its words or its id."""
    return next((action for action, words in operations(app).items() if words == typed), typed)


def object_words(kind: str) -> str:
    """What kind of thing an event is about."""
    return TABLES.get(kind) or _ADDRESSED.get(kind, kind)


def column_words(table: str, column: str, facts: Mapping[str, str]) -> str:
    """What a column holds: a fact of the catalogue by its label, else one of the usual ones, else its name."""
    subject = table.removesuffix("_version")
    return facts.get(f"{subject}.{column}") or COLUMNS.get(column, column)


def value_words(column: str, value: Any) -> str:
    """A value as somebody reads it. The trail keeps of a long one its length and digest alone."""
    match value:
        case None:
            return "（空）"
        case bool():
            return "是" if value else "否"
        case list():
            return "、".join(value_words(column, one) for one in value) or "（空）"
        case {"characters": length, "sha256": digest}:
            return f"（共 {length} 字，SHA-256 {digest[:12]}…）"
        case dict():
            return "；".join(f"{TABLES.get(name, name)}：{value_words(name, one)}" for name, one in value.items())
        case str() if column == _REGION:
            return region_names().get(value, value)
        case str() if column.endswith("_at"):
            return _instant(value)
        case _:
            return str(value)


def _instant(value: str) -> str:
    try:
        return moment(datetime.fromisoformat(value))
    except ValueError:
        return value
