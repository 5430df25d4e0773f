"""Enum codes and their Chinese labels. Codes are append-only: stored bit masks and old rules rely on their order."""

from typing import Final, TypeAlias

Codes: TypeAlias = dict[str, str]

LEGAL_FORM: Final[Codes] = {
    "enterprise": "企业",
    "individual_business": "个体工商户",
    "private_non_enterprise": "民办非企业单位",
    "public_institution": "事业单位",
    "social_group": "社会团体",
    "foundation": "基金会",
    "cooperative": "农民专业合作社",
}

OWNERSHIP: Final[Codes] = {
    "public": "公办",
    "private": "民办",
    "public_built_private_run": "公建民营",
    "private_run_public_aided": "民办公助",
}

URBAN_RURAL: Final[Codes] = {"urban": "城镇", "rural": "农村"}

KINDS: Final[Codes] = {
    "elderly_home": "养老院",
    "welfare_institute": "社会福利院",
    "rural_home": "敬老院",
    "senior_apartment": "老年公寓",
    "nursing_home": "护理院",
    "rehabilitation_hospital": "康复医院",
    "hospice": "安宁疗护机构",
    "regional_centre": "区域养老服务中心",
    "day_care": "日间照料中心",
    "mutual_aid": "互助点或幸福院",
    "meal_service": "老年助餐",
    "home_visit": "居家上门服务",
    "property_eldercare": "物业加养老",
    "product_maker": "老年用品制造",
    "assistive_device_maker": "康复辅具制造",
    "travel_stay": "康养或旅居运营",
    "training_body": "培训机构",
}

MEDICAL_INTEGRATION: Final[Codes] = {
    "in_house": "内设医疗机构",
    "contracted": "与医疗机构签约",
    "adjacent": "与医疗机构毗邻",
    "insurance_designated": "医保定点",
}

ENTERPRISE_SIZE: Final[Codes] = {"large": "大型", "medium": "中型", "small": "小型", "micro": "微型"}

TAX_CREDIT_GRADE: Final[Codes] = {"a": "A 级", "b": "B 级", "m": "M 级", "c": "C 级", "d": "D 级"}

TRAINING_MODES: Final[Codes] = {"order_based": "订单式", "project_based": "项目制"}

CARRIER: Final[Codes] = {
    "town": "康养小镇",
    "community": "康养社区",
    "village": "康养村落",
    "park": "康养园区",
    "single": "单体项目",
}

FORMATS: Final[Codes] = {
    "summer_retreat": "避暑康养",
    "hot_spring": "温泉康养",
    "forest": "森林康养",
    "rural": "乡村康养",
    "sports": "运动康养",
    "tcm": "中医药康养",
    "culture": "文化康养",
}

INVESTOR: Final[Codes] = {"social": "社会力量", "government": "政府", "mixed": "混合"}

STAGE: Final[Codes] = {
    "preparation": "前期",
    "construction": "在建",
    "structure_complete": "主体完工",
    "trial": "试运营",
    "operation": "运营",
}

CONSTRUCTION: Final[Codes] = {"new": "新建", "rebuild": "改扩建", "operation": "运营"}

LAND_SUPPLY: Final[Codes] = {
    "allocated": "划拨",
    "granted": "出让",
    "leased": "租赁",
    "lease_then_grant": "先租后让",
    "collective": "集体建设用地",
}

BUILDING_SOURCE: Final[Codes] = {
    "new_build": "新建房屋",
    "idle_commercial": "闲置商业用房",
    "idle_office": "闲置办公用房",
    "idle_industrial": "闲置工业用房",
    "idle_storage": "闲置仓储用房",
    "village_collective": "村集体房屋",
    "rented": "租用房屋",
    "other": "其他",
}

PURPOSE: Final[Codes] = {
    "construction": "固定资产或建设",
    "equipment": "设备购置",
    "working_capital": "流动资金",
    "age_friendly_retrofit": "适老化改造",
    "product_development": "产品研发制造",
    "acquisition": "并购",
    "refinancing": "置换",
}

SECURITY_PROPERTY: Final[Codes] = {"care_facility": "养老设施", "other": "其他财产"}

SECURITIES: Final[Codes] = {
    "credit": "信用",
    "real_estate": "房产",
    "paid_land_use_right": "有偿土地使用权",
    "construction_in_progress": "在建工程",
    "receivables": "应收账款",
    "income_rights": "收费权或收益权",
    "bed_operation_rights": "床位经营权",
    "movables": "动产或设备",
    "intellectual_property": "知识产权",
    "equity": "股权",
    "guarantor": "保证",
    "government_guarantee": "政府性融资担保",
}

WHITELIST_STATUS: Final[Codes] = {
    "none": "未列入",
    "listed": "已列入",
    "suspended": "已暂停",
    "removed": "已移出",
    "expired": "已到期",
}
