"""The fact catalogue holds what the domain names, and every entry can be asked, shown and filled in."""

from decimal import Decimal

import pytest

from app.rules.catalogue import CATALOGUE
from app.rules.facts import Catalogue, Fact, FactType, Subject, UnknownFact, Visibility
from app.rules.operators import OPERATORS

INSTITUTION = [
    "region_code",
    "urban_rural",
    "legal_form",
    "ownership",
    "for_profit",
    "kinds",
    "filed",
    "filed_on",
    "established_on",
    "grade",
    "inclusive",
    "beds_total",
    "beds_nursing",
    "beds_dementia",
    "home_beds",
    "occupancy_percent",
    "medical_integration",
    "fire_safety_passed",
    "food_licensed",
    "liability_insured",
    "staff_total",
    "carers_certified",
    "staff_trained_this_year",
    "prepaid_fee_compliant",
    "enterprise_size",
    "tax_credit_grade",
    "dishonest_debtor",
    "abnormal_operation",
    "serious_violation",
    "illegal_fundraising",
    "loan_overdue",
    "annual_revenue_yuan",
    "eldercare_revenue_percent",
    "total_assets_yuan",
    "total_liabilities_yuan",
    "debt_ratio_percent",
    "operating_cash_flow_yuan",
    "receivables_yuan",
    "smart_demo",
    "in_product_directory",
    "technology_sme",
    "specialised_new",
    "trainees",
    "training_modes",
    "trains_for_care_institutions",
    "stable_cash_flow",
    "risk_controllable",
    "lawful_compliant",
    "within_land_catalogue",
    "meets_detailed_rules",
]
PROJECT = [
    "is_kangyang",
    "carrier",
    "formats",
    "region_code",
    "investment_yuan",
    "investor",
    "social_capital_percent",
    "approval_filed",
    "approved_on",
    "permits_complete",
    "stage",
    "construction",
    "land_supply",
    "building_source",
    "self_held_area_m2",
    "saleable_area_m2",
    "beds",
    "charges_by_bed",
    "in_demo_zone",
    "on_key_list",
    "stable_cash_flow",
    "risk_controllable",
    "lawful_compliant",
    "within_land_catalogue",
    "meets_detailed_rules",
]
NEED = ["amount_yuan", "term_months", "purpose", "security_property", "securities"]
LOAN = ["principal_yuan", "balance_yuan", "drawn_on", "due_on", "overdue", "extended", "other_interest_subsidy"]
WHITELIST = ["status", "listed_on"]
NAMED = {"institution": INSTITUTION, "project": PROJECT, "need": NEED, "loan": LOAN, "whitelist": WHITELIST}

# The applicant cannot move, be founded at another time, or become something else within a year.
IMMUTABLE = [
    "institution.region_code",
    "institution.filed_on",
    "institution.established_on",
    "institution.legal_form",
    "institution.ownership",
    "institution.kinds",
    "project.region_code",
    "project.formats",
    "project.carrier",
    "loan.drawn_on",
    "whitelist.status",
]
CHANGEABLE = [
    "institution.beds_total",
    "institution.beds_nursing",
    "institution.staff_total",
    "institution.carers_certified",
    "institution.filed",
    "institution.food_licensed",
    "institution.fire_safety_passed",
    "project.investment_yuan",
    "project.permits_complete",
    "need.amount_yuan",
    "need.securities",
    "institution.stable_cash_flow",
]
# Money, credit and contact: seen by a bank only with a live consent.
WITH_CONSENT = [
    "institution.annual_revenue_yuan",
    "institution.total_assets_yuan",
    "institution.total_liabilities_yuan",
    "institution.debt_ratio_percent",
    "institution.operating_cash_flow_yuan",
    "institution.receivables_yuan",
    "institution.dishonest_debtor",
    "institution.loan_overdue",
    "loan.principal_yuan",
    "loan.balance_yuan",
    "loan.overdue",
]
CONTACTS = ("institution.legal_representative", "institution.contact_person", "institution.telephone")

_ALL = [pytest.param(fact, id=fact.key) for fact in CATALOGUE]


@pytest.mark.parametrize("subject", list(Subject))
def test_every_fact_that_the_domain_names_is_there(subject: Subject) -> None:
    held = {fact.key.partition(".")[2] for fact in CATALOGUE if fact.subject is subject}
    assert held >= set(NAMED[subject])


@pytest.mark.parametrize("key", CONTACTS)
def test_no_rule_asks_for_a_person_or_a_telephone(key: str) -> None:
    assert key not in CATALOGUE


@pytest.mark.parametrize("fact", _ALL)
def test_a_fact_has_a_chinese_label_and_can_be_asked_by_some_operator(fact: Fact) -> None:
    assert not fact.label.isascii()
    assert any(fact.type in operator.types for key, operator in OPERATORS.items() if key != "known")


def test_no_two_facts_of_a_subject_have_one_label() -> None:
    labels = [(fact.subject, fact.label) for fact in CATALOGUE]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("fact", _ALL)
def test_numbers_have_bounds_that_hold_and_money_and_shares_have_their_unit(fact: Fact) -> None:
    if fact.type in {FactType.INT, FactType.DECIMAL}:
        assert fact.minimum is not None
        assert fact.maximum is not None
        assert fact.minimum < fact.maximum
        assert fact.quantum == (Decimal(1) if fact.type is FactType.INT else Decimal("0.01"))
    units = {
        "_yuan": "元",
        "_percent": "%",
        "_months": "个月",
        "_m2": "平方米",
        "beds_total": "张",
        "staff_total": "人",
    }
    for ending, unit in units.items():
        assert not fact.key.endswith(ending) or fact.unit == unit


@pytest.mark.parametrize("fact", _ALL)
def test_codes_are_english_and_their_labels_chinese_and_each_is_used_once(fact: Fact) -> None:
    takes_codes = fact.type in {FactType.ENUM, FactType.SET} and fact.key != "loan.other_interest_subsidy"
    assert bool(fact.codes) is takes_codes
    assert len(set(fact.codes.values())) == len(fact.codes)
    for code, label in fact.codes.items():
        assert code.isascii()
        assert code.replace("_", "").isalnum()
        assert code == code.lower()
        assert label


@pytest.mark.parametrize("key", IMMUTABLE)
def test_what_the_applicant_cannot_change_within_a_year_is_immutable(key: str) -> None:
    assert not CATALOGUE[key].changeable


@pytest.mark.parametrize("key", CHANGEABLE)
def test_what_the_applicant_can_change_within_a_year_is_changeable(key: str) -> None:
    assert CATALOGUE[key].changeable


@pytest.mark.parametrize("key", WITH_CONSENT)
def test_money_and_credit_need_consent(key: str) -> None:
    assert CATALOGUE[key].visibility is Visibility.CONSENT


def test_the_wording_of_one_programme_is_attested_for_that_programme() -> None:
    own = {fact.key for fact in CATALOGUE if fact.per_programme}
    assert own == {"institution.meets_detailed_rules", "project.meets_detailed_rules"}
    assert CATALOGUE["project.meets_detailed_rules@kangyang-town-grant"].per_programme
    for key in ("project.meets_detailed_rules", "project.meets_detailed_rules@", "project.risk_controllable@a"):
        assert key not in CATALOGUE
        with pytest.raises(UnknownFact):
            CATALOGUE[key]


def test_a_catalogue_has_no_key_twice() -> None:
    fact = Fact("need.term_months", "期限", FactType.INT)
    with pytest.raises(ValueError, match=r"need\.term_months"):
        Catalogue((fact, Fact("need.term_months", "另一期限", FactType.INT)))
