"""What each permission lets a machine do, in words. What only a person may do who is signed in has none here."""

from collections.abc import Mapping
from typing import Final

from app.access.permissions import Permission

_P = Permission
PERMISSIONS: Final[Mapping[str, str]] = {
    _P.READ_INBOX: "看本单位的消息",
    _P.READ_REGISTRY: "看登记",
    _P.READ_FILES: "看附件",
    _P.REGISTER: "登记机构",
    _P.AMEND_REGISTRY: "改登记",
    _P.ATTEST: "作出认定",
    _P.IMPORT: "导入工作簿",
    _P.READ_MATCHES: "看机构的匹配",
    _P.READ_CANDIDATES: "看产品的候选",
    _P.READ_ASSESSMENTS: "看评估",
    _P.ASSESS: "作评估",
    _P.READ_DRAFTS: "看政策草稿",
    _P.WRITE_PROGRAMMES: "起草、发布政策",
    _P.WRITE_RATES: "录入利率",
    _P.CHECK_RULES: "试算规则",
    _P.WRITE_BANKS: "登记银行",
    _P.WRITE_PRODUCTS: "起草、发布产品",
    _P.READ_CONSENTS: "看授权",
    _P.GRANT_CONSENT: "授权、撤回",
    _P.READ_ORGANISATIONS: "看单位与账号",
    _P.WRITE_ORGANISATIONS: "管单位",
    _P.WRITE_ACCOUNTS: "管账号",
    _P.HAND_OVER: "交接、请假",
    _P.ISSUE_CODES: "发机构代码",
    _P.NOMINATE: "提出白名单推荐",
    _P.REVIEW_NOMINATIONS: "推荐、审核、批准",
    _P.READ_WHITELIST: "看推荐",
    _P.READ_BATCHES: "看批次",
    _P.READ_ENTRIES: "看名单条目",
    _P.KEEP_LIST: "编批次、公示、发布、管条目",
    _P.READ_EVENTS: "取事件",
    _P.WRITE_WEBHOOKS: "管回调地址",
    _P.PUSH: "推送名单",
    _P.READ_PUSHES: "看推送和交付",
    _P.READ_REFERRALS: "看对接",
    _P.FOLLOW_UP: "办理对接",
    _P.ASK_CONSENT: "请求授权",
    _P.READ_STATISTICS: "看统计",
    _P.READ_AUDIT: "看审计",
    _P.SEAL_AUDIT: "封存审计",
}
