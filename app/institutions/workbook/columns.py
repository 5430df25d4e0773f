"""The columns of the workbook, made from the register's own words so that headings and lists never drift from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from app.institutions.workbook.headings import NAME, tidy
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType, Subject

USCC: Final = "uscc"
NUMBER: Final = "provisional_number"
SITE: Final = "site_number"
CITY: Final = "city"
REGION: Final = "institution.region_code"
DEBT_RATIO: Final = "institution.debt_ratio_percent"
ADDRESS: Final = "address"
TELEPHONE: Final = "telephone"


class Use(StrEnum):
    """Where the value of a column goes."""

    IDENTITY = "identity"
    CONTACT = "contact"
    FACT = "fact"
    NEED = "need"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `key` is a fact's key or a field of the register; `unit` stands in the heading of the template.

    `offered` columns stand in the template; the others are read where a clerk's own sheet has them.
    """

    key: str
    label: str
    use: Use
    fact: Fact | None = None
    unit: str = ""
    required: bool = False
    offered: bool = True
    spellings: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """As the template writes it: 年营业收入（万元）."""
        return f"{self.label}（{self.unit}）" if self.unit else self.label


# What clerks' own sheets call the columns, beside the label itself and its forms with 是否 and with a unit.
_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    NAME: ("养老机构名称", "单位名称", "名称", "机构全称", "院点名称", "企业名称", "养老服务机构名称"),
    USCC: ("信用代码", "社会信用代码", "统一信用代码", "统一代码", "USCC", "统一社会信用代码证号"),
    NUMBER: ("暂用编号", "临时代码", "系统编号"),
    SITE: ("院点号", "第几处院点", "分院序号"),
    CITY: ("市", "地市", "地级市", "所属市", "设区市", "市州"),
    REGION: ("所在县", "县区", "县市区", "区县", "所属县区", "所在县区", "所在区县", "所属区县", "行政区划",
             "行政区划代码", "区划代码", "所在地区", "所属地区", "县", "县(市、区)", "机构所在县区"),
    ADDRESS: ("详细地址", "机构地址", "单位地址", "住所", "注册地址", "经营地址"),
    "legal_representative": ("法人代表", "法人", "法定代表人姓名"),
    "contact_person": ("联系人姓名", "经办人"),
    TELEPHONE: ("电话", "联系方式", "手机", "手机号", "手机号码", "联系人电话", "电话号码"),
    "institution.urban_rural": ("城乡类型", "城乡分类", "城镇或农村"),
    "institution.legal_form": ("法人性质", "登记类型", "组织形式"),
    "institution.ownership": ("所有制性质", "运营方式", "运营模式", "公办民办", "所有制形式"),
    "institution.for_profit": ("营利", "营利性机构", "营利性质"),
    "institution.kinds": ("机构类型", "类别", "养老机构类型", "服务类型"),
    "institution.filed": ("备案", "养老机构备案"),
    "institution.filed_on": ("备案时间", "备案登记日期"),
    "institution.established_on": ("成立时间", "设立日期", "登记日期", "注册日期", "设立时间"),
    "institution.grade": ("等级评定", "评定等级", "星级", "机构等级", "养老机构等级"),
    "institution.inclusive": ("普惠", "普惠机构", "普惠型"),
    "institution.beds_total": ("床位数", "总床位", "总床位数", "核定床位", "核定床位数", "床位", "养老床位数"),
    "institution.beds_nursing": ("护理床位", "护理型床位数", "护理床位数"),
    "institution.beds_dementia": ("失智床位", "认知障碍床位", "认知症床位", "失智照护床位数"),
    "institution.home_beds": ("家庭床位", "家庭养老床位数"),
    "institution.occupancy_percent": ("床位入住率", "床位使用率"),
    "institution.medical_integration": ("医养结合", "医养结合形式", "医养结合类型"),
    "institution.fire_safety_passed": ("消防验收合格", "消防验收", "消防安全合格", "消防达标", "消防"),
    "institution.food_licensed": ("食品经营许可证", "有食品经营许可证", "食品许可"),
    "institution.liability_insured": ("责任险", "养老机构责任险", "投保养老机构责任险", "责任保险", "养老机构责任保险"),
    "institution.staff_total": ("员工人数", "职工总数", "职工人数", "从业人员", "从业人数", "工作人员数", "员工数"),
    "institution.carers_certified": ("持证护理员人数", "持证养老护理员", "护理员持证人数", "持证护理员数"),
    "institution.staff_trained_this_year": ("本年培训人数", "本年受训人数", "当年受训员工"),
    "institution.prepaid_fee_compliant": ("预收费管理合规", "预收费规范"),
    "institution.enterprise_size": ("企业规模类型", "企业划型"),
    "institution.tax_credit_grade": ("纳税信用级别", "纳税等级", "纳税信用"),
    "institution.dishonest_debtor": ("列入失信被执行人", "失信"),
    "institution.abnormal_operation": ("经营异常", "列入经营异常"),
    "institution.serious_violation": ("严重违法失信", "列入严重违法失信", "严重违法"),
    "institution.illegal_fundraising": ("非法集资", "涉非法集资"),
    "institution.loan_overdue": ("贷款逾期", "逾期贷款", "存在逾期贷款"),
    "institution.annual_revenue_yuan": ("年收入", "营业收入", "上年营业收入", "年度营业收入", "年营收"),
    "institution.eldercare_revenue_percent": ("养老收入占比", "养老业务占比"),
    "institution.total_assets_yuan": ("资产", "总资产", "资产合计"),
    "institution.total_liabilities_yuan": ("负债", "总负债", "负债合计"),
    "institution.operating_cash_flow_yuan": ("经营现金流", "经营性现金流", "经营活动现金流净额"),
    "institution.receivables_yuan": ("应收款", "应收账款余额"),
    "need.amount_yuan": ("融资需求", "融资需求金额", "资金需求金额", "拟贷款金额", "贷款需求", "需求金额", "融资金额"),
    "need.term_months": ("融资期限", "贷款期限", "需求时长", "拟贷款期限"),
    "need.purpose": ("贷款用途", "融资用途", "用途"),
    "need.securities": ("担保方式", "抵押担保方式", "可提供担保"),
}  # fmt: skip

# Headings that people keep and nobody reads; the last is the column that a marked copy adds.
CHANGE: Final = "要改什么"
IGNORED: Final = frozenset({"序号", "编号", "备注", "说明", "填表人", "填报单位", "填报日期", CHANGE})


def _column(key: str, label: str, use: Use, required: bool = False, offered: bool = True) -> Column:
    return Column(key, label, use, None, "", required, offered, _SPELLINGS.get(key, ()))


def _identity() -> Iterator[Column]:
    yield _column(NAME, "机构名称", Use.IDENTITY, required=True)
    yield _column(USCC, "统一社会信用代码", Use.IDENTITY)
    yield _column(SITE, "院点序号", Use.IDENTITY)
    yield _column(NUMBER, "临时编号", Use.IDENTITY)
    yield _column(CITY, "所在市", Use.IDENTITY, offered=False)
    yield Column(
        REGION, "所在县（市、区）", Use.IDENTITY, CATALOGUE[REGION], required=True,
        spellings=(CATALOGUE[REGION].label, *_SPELLINGS[REGION]),
    )  # fmt: skip
    yield _column(ADDRESS, "地址", Use.CONTACT)
    yield _column("legal_representative", "法定代表人", Use.CONTACT)
    yield _column("contact_person", "联系人", Use.CONTACT)
    yield _column(TELEPHONE, "联系电话", Use.CONTACT)


def _of_fact(fact: Fact, use: Use) -> Column:
    # Clerks count money in 万元; the unit stands in the heading, so that nobody has to know ours.
    unit = "万元" if fact.unit == "元" else fact.unit
    # The ratio follows from assets and liabilities; asked for beside them it would only contradict them by a cent.
    offered = fact.key != DEBT_RATIO
    return Column(fact.key, fact.label, use, fact, unit, False, offered, _SPELLINGS.get(fact.key, ()))


@cache
def columns() -> tuple[Column, ...]:
    """All columns in the order of the template: identity, contact, the institution's facts, a first need."""
    facts = [
        _of_fact(fact, use)
        for subject, use in ((Subject.INSTITUTION, Use.FACT), (Subject.NEED, Use.NEED))
        for fact in CATALOGUE
        if fact.subject is subject and fact.type is not FactType.ATTESTATION and fact.key != REGION
    ]
    return (*_identity(), *facts)


@cache
def columns_by_key() -> dict[str, Column]:
    """The columns by key."""
    return {column.key: column for column in columns()}


@cache
def known_headings() -> dict[str, str]:
    """Tidy spelling of a heading -> key of its column. Two columns never share a spelling (ValueError)."""
    known: dict[str, str] = {}
    for column in columns():
        for spelling in (column.label, *column.spellings):
            if known.setdefault(tidy(spelling), column.key) != column.key:
                raise ValueError(f"{spelling} names two columns")
    return known
