"""What kinds of office there are, which roles they may give, and how each stands under another."""

from enum import StrEnum
from typing import Final

from app.access.permissions import Role
from app.errors import FieldError
from app.regions import PROVINCE, region_names, regions
from app.rules.bind import region_prefix
from app.store.tables import Organisation


class OfficeKind(StrEnum):
    """The kinds of organisation; the operator is made by `yinqiao bootstrap` alone."""

    CIVIL_AFFAIRS = "civil_affairs"
    PBOC = "pboc"
    BANK = "bank"
    INSTITUTION = "institution"
    FINANCE = "finance"
    AUDIT = "audit"
    OPERATOR = "operator"


ADMINISTRATORS: Final = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})

# A role means something at one kind of office only: a bank's clerk who were also a bureau's would see both sides.
ROLES_AT: Final[dict[OfficeKind, frozenset[Role]]] = {
    OfficeKind.CIVIL_AFFAIRS: frozenset({Role.CIVIL_AFFAIRS}),
    OfficeKind.PBOC: frozenset({Role.PBOC}),
    OfficeKind.BANK: frozenset({Role.BANK}),
    OfficeKind.INSTITUTION: frozenset({Role.INSTITUTION}),
    OfficeKind.FINANCE: frozenset({Role.FINANCE}),
    OfficeKind.AUDIT: frozenset({Role.AUDITOR}),
    OfficeKind.OPERATOR: ADMINISTRATORS,
}

KIND_LABELS: Final[dict[OfficeKind, str]] = {
    OfficeKind.CIVIL_AFFAIRS: "民政部门",
    OfficeKind.PBOC: "人民银行",
    OfficeKind.BANK: "银行",
    OfficeKind.INSTITUTION: "养老机构",
    OfficeKind.FINANCE: "财政部门",
    OfficeKind.AUDIT: "审计部门",
    OfficeKind.OPERATOR: "运行单位",
}

ROLE_LABELS: Final[dict[Role, str]] = {
    Role.CIVIL_AFFAIRS: "民政工作人员",
    Role.PBOC: "人民银行工作人员",
    Role.BANK: "银行工作人员",
    Role.INSTITUTION: "机构工作人员",
    Role.FINANCE: "财政工作人员",
    Role.AUDITOR: "审计人员",
    Role.SYSTEM_ADMIN: "系统管理员",
    Role.SECURITY_ADMIN: "安全管理员",
    Role.AUDIT_ADMIN: "审计管理员",
}


def parent_errors(child: Organisation, parent: Organisation | None) -> list[FieldError]:
    """What is wrong with an organisation's place in the tree."""
    if parent is not None and parent.closed_at is not None:
        return _at_parent("parent_closed", f"{parent.name}已停用，请选仍在使用的上级")
    match OfficeKind(child.kind):
        case OfficeKind.INSTITUTION | OfficeKind.OPERATOR:
            return [] if parent is None else _at_parent("parent_not_allowed", "该类单位没有上级，请去掉 parent_id")
        case OfficeKind.BANK:
            return [] if parent is None else _branch_errors(child, parent)
        case _:
            return _office_errors(child, parent)


def _branch_errors(child: Organisation, parent: Organisation) -> list[FieldError]:
    if parent.kind != OfficeKind.BANK or parent.bank_id != child.bank_id:
        return _at_parent("parent_of_other_bank", "分支机构的上级须是同一家银行的总部或上级分支机构")
    if not lies_within(child.region_code, parent.region_code):
        place = region_names()[parent.region_code]
        return [FieldError("/region_code", "region_outside_parent", f"区划须在上级所辖的{place}之内")]
    return []


def _office_errors(child: Organisation, parent: Organisation | None) -> list[FieldError]:
    """Bureaux stand under that of the region right above; other departments need not have an office at each level."""
    if child.region_code == PROVINCE:
        return [] if parent is None else _at_parent("parent_not_allowed", "省级单位没有上级，请去掉 parent_id")
    if parent is None:
        return _at_parent("missing", "请填上级单位的编号，市级的上级是省级，县级的上级是市级")
    if parent.kind != child.kind:
        return _at_parent("parent_of_other_kind", f"上级须同为{KIND_LABELS[OfficeKind(child.kind)]}")
    above = regions()[child.region_code].parent
    if child.kind == OfficeKind.CIVIL_AFFAIRS and parent.region_code != above:
        place = region_names()[above or PROVINCE]
        return _at_parent("parent_not_right_above", f"民政部门的上级须是{place}的民政部门")
    if parent.region_code == child.region_code or not lies_within(child.region_code, parent.region_code):
        return _at_parent("parent_not_above", "上级的区划须高于本单位的区划，且包含本单位")
    return []


def lies_within(code: str, above: str) -> bool:
    """Whether a region is another one or lies in it."""
    return code.startswith(region_prefix(above))


def role_errors(roles: frozenset[Role], kind: OfficeKind) -> list[FieldError]:
    """What is wrong with a set of roles at a kind of office."""
    if foreign := sorted(roles - ROLES_AT[kind]):
        named = "、".join(ROLE_LABELS[role] for role in foreign)
        return [FieldError("/roles", "role_at_other_kind", f"{KIND_LABELS[kind]}的账号不能担任{named}")]
    if len(roles & ADMINISTRATORS) > 1:
        detail = "系统、安全、审计三个管理员须由三个人分别担任，一个账号只能担任其中之一"
        return [FieldError("/roles", "administrators_apart", detail)]
    return []


def _at_parent(code: str, detail: str) -> list[FieldError]:
    return [FieldError("/parent_id", code, detail)]
