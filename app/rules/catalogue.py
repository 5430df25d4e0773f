"""The fact catalogue of the service (domain facts of institutions, projects, needs, loans and the white list)."""

from decimal import Decimal
from functools import partial
from typing import Final

from app.rules import codes
from app.rules.facts import Catalogue, Fact, FactType, Visibility

_ZERO: Final = Decimal(0)
_HUNDRED: Final = Decimal(100)
# Bounds that keep every value inside the columns it is stored in (BIGINT fen; 32-bit counts).
_MOST_YUAN: Final = Decimal("10000000000000")
_MOST_COUNT: Final = Decimal(2_000_000_000)

_bool = partial(Fact, type=FactType.BOOL)
_date = partial(Fact, type=FactType.DATE)
_enum = partial(Fact, type=FactType.ENUM)
_set = partial(Fact, type=FactType.SET)
_region = partial(Fact, type=FactType.REGION, visibility=Visibility.PUBLIC)
_count = partial(Fact, type=FactType.INT, minimum=_ZERO, maximum=_MOST_COUNT)
_yuan = partial(
    Fact, type=FactType.DECIMAL, unit="元", minimum=_ZERO, maximum=_MOST_YUAN, visibility=Visibility.CONSENT
)
_percent = partial(Fact, type=FactType.DECIMAL, unit="%", minimum=_ZERO, maximum=_HUNDRED)
# An office may look again within a year, so an attestation counts as something the applicant can obtain.
_attested = partial(Fact, type=FactType.ATTESTATION, changeable=True, attested_by="主管部门")
_PUBLIC: Final = Visibility.PUBLIC
_CONSENT: Final = Visibility.CONSENT

_INSTITUTION = (
    _region("institution.region_code", "机构所在地"),
    _enum("institution.urban_rural", "城乡", codes=codes.URBAN_RURAL, visibility=_PUBLIC),
    _enum("institution.legal_form", "法人类型", codes=codes.LEGAL_FORM, visibility=_PUBLIC),
    _enum("institution.ownership", "所有制", codes=codes.OWNERSHIP, visibility=_PUBLIC),
    _bool("institution.for_profit", "营利性", visibility=_PUBLIC),
    _set("institution.kinds", "机构类别", codes=codes.KINDS, visibility=_PUBLIC),
    _bool("institution.filed", "已备案", changeable=True, visibility=_PUBLIC),
    _date("institution.filed_on", "备案日期", visibility=_PUBLIC),
    _date("institution.established_on", "成立日期", visibility=_PUBLIC),
    _count(
        "institution.grade",
        "等级",
        unit="级",
        minimum=Decimal(1),
        maximum=Decimal(5),
        changeable=True,
        visibility=_PUBLIC,
    ),
    _bool("institution.inclusive", "普惠性", changeable=True, visibility=_PUBLIC),
    _count("institution.beds_total", "床位总数", unit="张", changeable=True, visibility=_PUBLIC),
    _count("institution.beds_nursing", "护理型床位", unit="张", changeable=True, visibility=_PUBLIC),
    _count("institution.beds_dementia", "失智照护床位", unit="张", changeable=True, visibility=_PUBLIC),
    _count("institution.home_beds", "家庭养老床位", unit="张", changeable=True, visibility=_PUBLIC),
    _percent("institution.occupancy_percent", "入住率", changeable=True),
    _set(
        "institution.medical_integration",
        "医养结合方式",
        codes=codes.MEDICAL_INTEGRATION,
        changeable=True,
        visibility=_PUBLIC,
    ),
    _bool("institution.fire_safety_passed", "消防合格", changeable=True),
    _bool("institution.food_licensed", "食品经营许可", changeable=True),
    _bool("institution.liability_insured", "投保责任险", changeable=True),
    _count("institution.staff_total", "员工总数", unit="人", changeable=True),
    _count("institution.carers_certified", "持证护理员", unit="人", changeable=True),
    _count("institution.staff_trained_this_year", "本年受训员工", unit="人", changeable=True),
    _bool("institution.prepaid_fee_compliant", "预收费合规", changeable=True),
    _enum("institution.enterprise_size", "企业规模", codes=codes.ENTERPRISE_SIZE),
    _enum("institution.tax_credit_grade", "纳税信用等级", codes=codes.TAX_CREDIT_GRADE, changeable=True),
    _bool("institution.dishonest_debtor", "失信被执行人", changeable=True, visibility=_CONSENT),
    _bool("institution.abnormal_operation", "列入经营异常名录", changeable=True),
    _bool("institution.serious_violation", "列入严重违法失信名单"),
    _bool("institution.illegal_fundraising", "涉及非法集资"),
    _bool("institution.loan_overdue", "有逾期贷款", changeable=True, visibility=_CONSENT),
    _yuan("institution.annual_revenue_yuan", "年营业收入", changeable=True),
    _percent("institution.eldercare_revenue_percent", "养老业务收入占比", changeable=True, visibility=_CONSENT),
    _yuan("institution.total_assets_yuan", "资产总额", changeable=True),
    _yuan("institution.total_liabilities_yuan", "负债总额", changeable=True),
    _percent(
        "institution.debt_ratio_percent", "资产负债率", maximum=Decimal(10_000), changeable=True, visibility=_CONSENT
    ),
    _yuan("institution.operating_cash_flow_yuan", "经营性现金流净额", minimum=-_MOST_YUAN, changeable=True),
    _yuan("institution.receivables_yuan", "应收账款", changeable=True),
    _bool("institution.smart_demo", "智慧健康养老示范", changeable=True, visibility=_PUBLIC),
    _bool("institution.in_product_directory", "产品列入推广目录", changeable=True, visibility=_PUBLIC),
    _bool("institution.technology_sme", "科技型中小企业", changeable=True, visibility=_PUBLIC),
    _bool("institution.specialised_new", "专精特新企业", changeable=True, visibility=_PUBLIC),
    _count("institution.trainees", "培训人数", unit="人", changeable=True),
    _set("institution.training_modes", "培训方式", codes=codes.TRAINING_MODES, changeable=True),
    _bool("institution.trains_for_care_institutions", "为养老护理机构用工培训", changeable=True),
    # The last day on which each certificate holds; reminders go by these days.
    _date("institution.fire_safety_until", "消防合格证明有效期至"),
    _date("institution.food_licence_until", "食品经营许可有效期至"),
    _date("institution.registration_until", "登记证书有效期至"),
    _date("institution.grade_until", "等级评定有效期至", visibility=_PUBLIC),
    _attested("institution.stable_cash_flow", "现金流稳定", attested_by="放款银行"),
    _attested("institution.risk_controllable", "风险可控", attested_by="放款银行"),
    _attested("institution.lawful_compliant", "依法合规"),
    _attested("institution.within_land_catalogue", "符合划拨用地目录", attested_by="自然资源部门"),
    _attested("institution.building_safe", "存量房屋安全", attested_by="住房城乡建设部门"),
    _attested("institution.meets_detailed_rules", "符合该项政策的相关规定", per_programme=True),
)

_PROJECT = (
    _bool("project.is_kangyang", "康养项目", visibility=_PUBLIC),
    _enum("project.carrier", "项目载体", codes=codes.CARRIER, visibility=_PUBLIC),
    _set("project.formats", "康养业态", codes=codes.FORMATS, visibility=_PUBLIC),
    _region("project.region_code", "项目所在地"),
    _yuan("project.investment_yuan", "项目总投资", changeable=True, visibility=Visibility.LISTED),
    _enum("project.investor", "投资主体", codes=codes.INVESTOR),
    _percent("project.social_capital_percent", "社会资本占比", changeable=True),
    _bool("project.approval_filed", "立项备案或核准", changeable=True),
    _date("project.approved_on", "立项日期"),
    _bool("project.permits_complete", "许可手续齐全", changeable=True),
    _enum("project.stage", "项目阶段", codes=codes.STAGE, changeable=True),
    _enum("project.construction", "建设性质", codes=codes.CONSTRUCTION),
    _enum("project.land_supply", "供地方式", codes=codes.LAND_SUPPLY, changeable=True),
    _enum("project.building_source", "房屋来源", codes=codes.BUILDING_SOURCE),
    _count("project.self_held_area_m2", "自持面积", unit="平方米", changeable=True),
    _count("project.saleable_area_m2", "可售面积", unit="平方米", changeable=True),
    _count("project.beds", "项目床位", unit="张", changeable=True, visibility=_PUBLIC),
    _bool("project.charges_by_bed", "按床位向社会收费", changeable=True),
    _bool("project.in_demo_zone", "位于示范区", visibility=_PUBLIC),
    _bool("project.on_key_list", "列入重点项目", changeable=True, visibility=_PUBLIC),
    _attested("project.stable_cash_flow", "建成后现金流稳定", attested_by="放款银行或承销机构"),
    _attested("project.risk_controllable", "项目风险可控", attested_by="放款银行"),
    _attested("project.lawful_compliant", "项目依法合规"),
    _attested("project.planning_conforms", "符合国土空间规划和用途管制", attested_by="自然资源部门"),
    _attested("project.within_land_catalogue", "项目符合划拨用地目录", attested_by="自然资源部门"),
    _attested("project.building_safe", "改建房屋安全", attested_by="住房城乡建设部门"),
    _attested("project.meets_detailed_rules", "项目符合该项政策的相关规定", per_programme=True),
)

_NEED = (
    _yuan("need.amount_yuan", "资金需求", changeable=True, visibility=Visibility.LISTED),
    _count("need.term_months", "需求期限", unit="个月", changeable=True),
    _enum("need.purpose", "资金用途", codes=codes.PURPOSE, changeable=True),
    _enum("need.security_property", "担保财产", codes=codes.SECURITY_PROPERTY, changeable=True),
    _set("need.securities", "可提供的担保方式", codes=codes.SECURITIES, changeable=True),
)

_LOAN = (
    _yuan("loan.principal_yuan", "贷款本金"),
    _yuan("loan.balance_yuan", "贷款余额"),
    _date("loan.contracted_on", "合同签订日", visibility=_CONSENT),
    _date("loan.drawn_on", "首次放款日", visibility=_CONSENT),
    _date("loan.due_on", "到期日", visibility=_CONSENT),
    _percent("loan.contract_rate_percent", "合同年利率", visibility=_CONSENT),
    _percent("loan.project_share_percent", "用于项目的比例", visibility=_CONSENT),
    _bool("loan.overdue", "贷款逾期", changeable=True, visibility=_CONSENT),
    _bool("loan.extended", "贷款展期", visibility=_CONSENT),
    # The codes are programme slugs, which are data: any slug may stand here.
    _set("loan.other_interest_subsidy", "已享受的其他贴息", visibility=_CONSENT),
)

_WHITELIST = (
    _enum("whitelist.status", "白名单状态", codes=codes.WHITELIST_STATUS, visibility=_PUBLIC),
    _date("whitelist.listed_on", "列入白名单日期", visibility=_PUBLIC),
)

CATALOGUE: Final = Catalogue(_INSTITUTION + _PROJECT + _NEED + _LOAN + _WHITELIST)
