"""What each role finds at the top of its pages: at most five entries, the first of which is its home."""

from typing import Final

from app.access.caller import NOBODY, Caller
from app.access.permissions import Permission, Role

Menu = tuple[tuple[str, str], ...]

PUBLIC: Final[Menu] = (
    ("/", "首页"),
    ("/check", "自测"),
    ("/policies", "政策库"),
    ("/whitelist", "公布的名单"),
    ("/calculator", "贴息测算"),
)
MENUS: Final[dict[Role, Menu]] = {
    Role.INSTITUTION: (
        ("/mine", "能申请什么"),
        ("/calculator", "贴息测算"),
        ("/mine/facts", "我的档案"),
        ("/mine/nomination", "白名单进度"),
        ("/inbox", "消息"),
    ),
    Role.BANK: (
        ("/bank/candidates", "候选客户"),
        ("/bank/referrals", "跟进"),
        ("/bank/products", "产品"),
        ("/bank/deliveries", "收到的名单"),
        ("/inbox", "消息"),
    ),
    Role.CIVIL_AFFAIRS: (
        ("/affairs", "待办"),
        ("/affairs/register", "机构登记"),
        ("/affairs/imports", "导入"),
        ("/affairs/batches", "批次"),
        ("/inbox", "消息"),
    ),
    Role.PBOC: (
        ("/pboc", "推送"),
        ("/statistics", "统计"),
        ("/pboc/banks", "银行"),
        ("/pboc/rates", "利率"),
        ("/inbox", "消息"),
    ),
    Role.FINANCE: (
        ("/statistics", "统计"),
        ("/policies", "政策库"),
        ("/whitelist", "公布的名单"),
        ("/calculator", "贴息测算"),
        ("/inbox", "消息"),
    ),
    Role.AUDITOR: (("/audit", "审计记录"), ("/statistics", "统计"), ("/policies", "政策库")),
    Role.SYSTEM_ADMIN: (("/people", "人员"), ("/offices", "单位")),
    Role.SECURITY_ADMIN: (("/people", "人员与角色"), ("/keys", "密钥")),
    Role.AUDIT_ADMIN: (("/audit", "审计记录"),),
}
# Under the name, for everybody who is signed in.
TITLES: Final = {
    Role.INSTITUTION: "机构",
    Role.BANK: "银行",
    Role.CIVIL_AFFAIRS: "民政",
    Role.PBOC: "人民银行",
    Role.FINANCE: "财政",
    Role.AUDITOR: "审计",
    Role.SYSTEM_ADMIN: "系统管理员",
    Role.SECURITY_ADMIN: "安全管理员",
    Role.AUDIT_ADMIN: "审计管理员",
}


def role_of(caller: Caller) -> Role | None:
    """The role whose pages somebody sees: the first that has a menu."""
    return next((role for role in MENUS if role in caller.roles), None)


def title_of(caller: Caller) -> str:
    """What somebody is here, in a word; empty for nobody."""
    role = role_of(caller)
    return "" if role is None else TITLES[role]


def menu_of(caller: Caller) -> Menu:
    """What stands at the top of somebody's pages; nothing as long as a code or a new password is owed."""
    role = role_of(caller)
    if caller is NOBODY or role is None:
        return PUBLIC
    return MENUS[role] if caller.permissions > {Permission.SIGNED_IN} else ()


def home_of(caller: Caller) -> str:
    """Where somebody begins; whoever owes something is sent to where it is given."""
    return next((address for address, _ in menu_of(caller)), "/home")
