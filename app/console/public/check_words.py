"""How the self-check asks: a question and a word of help for each fact. A fact without any is asked by its label."""

from typing import Final

# Fact: question, help.
_OF_INSTITUTIONS: Final = {
    "institution.region_code": ("机构在哪个县（市、区）？", "有的政策只在一个市适用"),
    "institution.kinds": ("机构是做什么的？", "一家机构有几样的，都选上"),
    "institution.urban_rural": ("机构在城镇还是农村？", ""),
    "institution.legal_form": ("登记的是哪一类法人？", "看营业执照或登记证书"),
    "institution.ownership": ("机构是公办还是民办？", ""),
    "institution.for_profit": ("登记为营利性吗？", "民办非企业单位一般是非营利性的"),
    "institution.filed": ("已经在民政部门备案了吗？", ""),
    "institution.filed_on": ("哪一天备案的？", "看备案回执"),
    "institution.established_on": ("哪一天成立的？", "看营业执照或登记证书"),
    "institution.grade": ("评定的是几级养老机构？", "填 1 到 5；没有评过的跳过"),
    "institution.inclusive": ("是普惠养老机构吗？", "民政部门或发展改革部门认定的"),
    "institution.beds_total": ("一共有多少张床位？", "核定的床位数，没有就填 0"),
    "institution.beds_nursing": ("其中护理型床位多少张？", "没有就填 0"),
    "institution.beds_dementia": ("其中失智照护床位多少张？", "没有就填 0"),
    "institution.home_beds": ("家庭养老床位多少张？", "没有就填 0"),
    "institution.occupancy_percent": ("入住率是多少？", "入住的老人除以床位数，例如 71.6"),
    "institution.medical_integration": ("医养结合怎么做的？", "可以多选"),
    "institution.fire_safety_passed": ("消防合格吗？", "有消防验收、备案或合格证明"),
    "institution.food_licensed": ("有食品经营许可吗？", "自己办食堂的要有"),
    "institution.liability_insured": ("投保了养老机构责任险吗？", ""),
    "institution.staff_total": ("一共有多少员工？", ""),
    "institution.carers_certified": ("有证的护理员多少人？", "没有就填 0"),
    "institution.staff_trained_this_year": ("今年有多少员工参加过培训？", "没有就填 0"),
    "institution.prepaid_fee_compliant": ("预收费合规吗？", "不收预收费，或按规定存管的，选“是”"),
    "institution.enterprise_size": ("企业是什么规模？", "按国家统计局的划型"),
    "institution.tax_credit_grade": ("纳税信用是哪一级？", "可在电子税务局查到"),
    "institution.dishonest_debtor": ("机构是失信被执行人吗？", "可在中国执行信息公开网查到"),
    "institution.abnormal_operation": ("机构在经营异常名录里吗？", "可在国家企业信用信息公示系统查到"),
    "institution.serious_violation": ("机构在严重违法失信名单里吗？", "可在国家企业信用信息公示系统查到"),
    "institution.illegal_fundraising": ("机构涉及非法集资吗？", ""),
    "institution.loan_overdue": ("机构有逾期的贷款吗？", ""),
    "institution.annual_revenue_yuan": ("一年营业收入多少？", ""),
    "institution.eldercare_revenue_percent": ("养老业务占收入多少？", ""),
    "institution.smart_demo": ("是智慧健康养老示范企业吗？", "国家部委公布的示范名单"),
    "institution.in_product_directory": ("产品列入老年用品推广目录了吗？", ""),
    "institution.technology_sme": ("是科技型中小企业吗？", ""),
    "institution.specialised_new": ("是专精特新企业吗？", ""),
    "institution.trainees": ("这次培训多少人？", ""),
    "institution.training_modes": ("培训是怎么做的？", "可以多选"),
    "institution.trains_for_care_institutions": ("是为养老护理机构培训用工吗？", ""),
}
_OF_PROJECTS: Final = {
    "project.region_code": ("项目在哪个县（市、区）？", "有的政策只在一个市适用"),
    "project.is_kangyang": ("是康养项目吗？", ""),
    "project.carrier": ("项目是哪一种载体？", ""),
    "project.formats": ("项目有哪些康养业态？", "可以多选"),
    "project.investment_yuan": ("项目总投资多少？", "按立项文件"),
    "project.investor": ("项目由谁投资？", "企业、社会组织和个人出资的，是社会力量"),
    "project.social_capital_percent": ("社会资本占多少？", "全部是社会资本的填 100"),
    "project.approval_filed": ("立项备案或核准了吗？", ""),
    "project.approved_on": ("哪一天立项的？", ""),
    "project.permits_complete": ("建设的各项许可齐全吗？", ""),
    "project.stage": ("项目到哪一步了？", ""),
    "project.construction": ("是新建、改扩建，还是已经运营？", ""),
    "project.land_supply": ("土地是怎么取得的？", ""),
    "project.building_source": ("房屋从哪里来？", ""),
    "project.self_held_area_m2": ("自己持有的面积多少？", ""),
    "project.saleable_area_m2": ("可以出售的面积多少？", "没有就填 0"),
    "project.beds": ("项目有多少张床位？", ""),
    "project.charges_by_bed": ("按床位向社会收费吗？", ""),
    "project.in_demo_zone": ("项目在示范区里吗？", ""),
    "project.on_key_list": ("列入重点项目清单了吗？", "省或市公布的重点工程、重点项目"),
}
_OF_MONEY: Final = {
    "need.amount_yuan": ("需要多少资金？", "想贷款的数额"),
    "need.term_months": ("要用多久？", "按月填，3 年填 36"),
    "need.purpose": ("资金用来做什么？", ""),
    "need.security_property": ("用哪一种财产担保？", ""),
    "need.securities": ("能提供哪些担保？", "可以多选；打算信用贷款的选“信用”"),
    "loan.principal_yuan": ("已有的贷款本金多少？", "没有银行贷款的跳过"),
    "loan.balance_yuan": ("贷款还剩多少没有还？", ""),
    "loan.contracted_on": ("贷款合同哪一天签的？", ""),
    "loan.drawn_on": ("第一次放款是哪一天？", ""),
    "loan.due_on": ("贷款哪一天到期？", ""),
    "loan.contract_rate_percent": ("合同年利率多少？", "例如 4.35"),
    "loan.project_share_percent": ("贷款有多少用在这个项目上？", "全部用于项目的填 100"),
    "loan.overdue": ("这笔贷款逾期了吗？", ""),
    "loan.extended": ("这笔贷款展期了吗？", ""),
    "whitelist.status": ("在养老融资白名单上吗？", "可以在“公布的名单”里查"),
    "whitelist.listed_on": ("哪一天列入白名单的？", ""),
}
WORDS: Final = _OF_INSTITUTIONS | _OF_PROJECTS | _OF_MONEY
# Of a project the institution is whoever runs it.
_OF_A_PROJECTS_OWNER: Final = {
    "institution.region_code": ("办这个项目的机构登记在哪个县（市、区）？", ""),
    "institution.kinds": ("办这个项目的机构是做什么的？", "有几样的，都选上"),
}


def question_of(key: str, label: str, *, of_project: bool) -> tuple[str, str]:
    """What is asked for a fact, and what helps to answer it."""
    owners = _OF_A_PROJECTS_OWNER.get(key) if of_project else None
    return owners or WORDS.get(key) or (f"{label}？", "")
