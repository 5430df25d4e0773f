"""Whose pages an institution's are: its own address in the API, and the cases of which its pages may speak."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from app.console.page import Page
from app.console.words import wan
from app.errors import NotFound
from app.rules.codes import PURPOSE

Json = Mapping[str, Any]

# The institution itself, where an address names a case.
ITSELF: Final = "institution"
_KINDS: Final = ("project", "need", "loan")
# The facts of an institution as its pages group them; what stands in none of the groups belongs to the last.
FACT_GROUPS: Final[dict[str, tuple[str, str]]] = {
    "identity": (
        "基本情况",
        "region_code urban_rural legal_form ownership for_profit kinds filed filed_on established_on registration_until"
        " grade grade_until inclusive",
    ),
    "service": (
        "床位和服务",
        "beds_total beds_nursing beds_dementia home_beds occupancy_percent medical_integration",
    ),
    "safety": (
        "安全和规范",
        "fire_safety_passed fire_safety_until food_licensed food_licence_until liability_insured prepaid_fee_compliant",
    ),
    "staff": (
        "人员和培训",
        "staff_total carers_certified staff_trained_this_year trainees training_modes trains_for_care_institutions",
    ),
    "credit": (
        "信用",
        "enterprise_size tax_credit_grade dishonest_debtor abnormal_operation serious_violation illegal_fundraising"
        " loan_overdue",
    ),
    "finance": (
        "财务",
        "annual_revenue_yuan eldercare_revenue_percent total_assets_yuan total_liabilities_yuan debt_ratio_percent"
        " operating_cash_flow_yuan receivables_yuan",
    ),
    "recognition": ("示范和名录", "smart_demo in_product_directory technology_sme specialised_new"),
}
_LAST_GROUP: Final = "recognition"
_MOST_PARTS: Final = 50


class NotAnInstitution(NotFound):
    """These pages are those of an institution's own people."""

    code = "not_an_institution"
    title = "这是机构自己的页面"


@dataclass(frozen=True, slots=True)
class CaseChoice:
    """One case that may be looked at: in words, and as what the API and the address of a page call it."""

    kind: str
    key: str
    label: str
    is_chosen: bool = False

    @property
    def asked(self) -> dict[str, str]:
        """For the API; nothing for the institution itself."""
        return {} if self.kind == ITSELF else {self.kind: self.key}

    @property
    def query(self) -> str:
        """For the address of a page."""
        return "of=institution" if self.kind == ITSELF else urlencode({self.kind: self.key})


@dataclass(frozen=True, slots=True)
class Parts:
    """What an institution has, as the API lists it."""

    projects: tuple[Json, ...]
    needs: tuple[Json, ...]
    loans: tuple[Json, ...]

    @property
    def open_needs(self) -> tuple[Json, ...]:
        """Needs that banks may still meet."""
        return tuple(one for one in self.needs if one["status"] == "open")


def own(page: Page) -> str:
    """The address of the caller's institution in the API. Raises NotAnInstitution for everybody else."""
    if page.caller.institution_id is None:
        raise NotAnInstitution("您登录的账号不属于养老机构，没有这一页。请从首页进入")
    return f"/institutions/{page.caller.institution_id}"


async def parts_of(page: Page) -> Parts:
    """Its projects, needs and loans."""
    found = [
        tuple((await page.get(f"{own(page)}/{kind}", page_size=_MOST_PARTS))["items"])
        for kind in ("projects", "needs", "loans")
    ]
    return Parts(*found)


def choices_of(page: Page, parts: Parts) -> list[CaseChoice]:
    """Every case of the institution, of which one is chosen.

    Where the address names none, the latest open need: what somebody wants money for says most about loans.
    """
    every = [CaseChoice(ITSELF, "", "机构本身"), *_needs(parts), *_projects(parts), *_loans(parts)]
    chosen = _chosen(page, every)
    return [CaseChoice(one.kind, one.key, one.label, one is chosen) for one in every]


def group_of_fact(key: str) -> str:
    """The group of an institution's fact."""
    name = key.partition(".")[2]
    return next((group for group, (_, names) in FACT_GROUPS.items() if name in names.split()), _LAST_GROUP)


def address_of_fact(key: str, case: CaseChoice) -> str:
    """Where somebody at the institution fills a fact in; empty for what has no form."""
    noun = key.partition(".")[0]
    if noun == ITSELF:
        return f"/mine/facts/{group_of_fact(key)}#f-facts-{key.replace('.', '-')}"
    return f"/mine/facts/{noun}s/{case.key if case.kind == noun else 'new'}" if noun in _KINDS else ""


def amiss(conditions: Sequence[Json]) -> list[Json]:
    """The conditions that stand in the way; of several that are alternatives all of them, unless one is met."""
    met = {
        one["any_of"]
        for one in conditions
        if one["any_of"]
        and all(each["truth"] == "true" for each in conditions if each["alternative"] == one["alternative"])
    }
    return [one for one in conditions if one["truth"] != "true" and one["any_of"] not in met]


def need_words(need: Json) -> str:
    """How much and for what."""
    facts = need["facts"]
    amount, purpose = facts.get("need.amount_yuan"), facts.get("need.purpose")
    said = [wan(amount["value"])] if amount else ["金额未填"]
    return "，".join([*said, *([PURPOSE[purpose["value"]]] if purpose else [])])


def loan_words(loan: Json) -> str:
    """From whom and how much."""
    principal = loan["facts"].get("loan.principal_yuan")
    return f"{loan['lender']}{' ' + wan(principal['value']) if principal else ''}"


def _needs(parts: Parts) -> Iterable[CaseChoice]:
    return (CaseChoice("need", one["id"], f"融资需求：{need_words(one)}") for one in reversed(parts.open_needs))


def _projects(parts: Parts) -> Iterable[CaseChoice]:
    return (CaseChoice("project", one["id"], f"项目：{one['name']}") for one in parts.projects)


def _loans(parts: Parts) -> Iterable[CaseChoice]:
    return (CaseChoice("loan", one["id"], f"贷款：{loan_words(one)}") for one in parts.loans)


def _chosen(page: Page, every: list[CaseChoice]) -> CaseChoice:
    query = page.request.query_params
    for kind in _KINDS:
        named = [one for one in every if one.kind == kind and one.key == query.get(kind)]
        if named:
            return named[0]
    by_default = [] if query.get("of") == ITSELF else [one for one in every if one.kind == "need"]
    return by_default[0] if by_default else every[0]
