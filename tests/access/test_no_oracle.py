"""A bank that asks in every way it can learns nothing of a figure that nobody let it see.

The registry is asked, the hidden figures are changed in their rows, and it is asked again: all answers are the same.
An office that asks the same is told the difference, and so is a bank with a consent: the questions do bite.
"""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import update

from app.access.scope import FEW
from app.programmes.seeds import Seeds
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType, Subject, Visibility
from app.store.fact_columns import column_name
from app.store.tables import Consent, institution_version, loan_version
from tests.access.people import Person, a_consent
from tests.access.town import CROWD, REVENUE, Town, a_town, leaf, offer, terms
from tests.databases import Databases

HIDDEN: Final = tuple(fact for fact in CATALOGUE if fact.visibility is Visibility.CONSENT)
OF_INSTITUTIONS: Final = tuple(fact for fact in HIDDEN if fact.subject is Subject.INSTITUTION)
THRESHOLDS: Final = ("2000000", "3000000")
Answers = dict[str, Any]


@pytest.fixture(scope="module")
def market(databases: Databases, seeds: Seeds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town whose hidden figures are changed between two questions; with products that ask them."""
    with a_town(databases, seeds, tmp_path_factory.mktemp("attachments")) as town:
        yield town


@pytest.fixture(scope="module")
def products(market: Town) -> list[str]:
    """Published products: the revenue from both sides, negated, known, checked; every hidden fact at once; internal."""
    rules: list[dict[str, Any]] = [{"requires": leaf("revenue", "ge", REVENUE, value=value)} for value in THRESHOLDS]
    rules += [
        {"requires": leaf("revenue", "le", REVENUE, value="3000000")},
        {"applies": leaf("revenue", "ge", REVENUE, value="3000000")},
        {"requires": {"op": "not", "of": leaf("revenue", "ge", REVENUE, value="3000000")}},
        {"requires": leaf("told", "known", REVENUE)},
        {"requires": {**leaf("revenue", "ge", REVENUE, value="3000000"), "checked": True}},
        {"requires": {"op": "all", "of": [_asks(fact) for fact in OF_INSTITUTIONS]}},
        {"requires": {"op": "any", "of": [_asks(fact) for fact in OF_INSTITUTIONS]}},
        {"requires": leaf("revenue", "ge", REVENUE, value="3000000"), "internal": ["revenue"]},
    ]
    return [
        offer(market, f"xugou-oracle-{number}", subjects=["need", "institution"], **rule)
        for number, rule in enumerate(rules)
    ]


def _asks(fact: Fact) -> dict[str, Any]:
    name = column_name(fact)
    if fact.type is FactType.BOOL:
        return leaf(name, "eq", fact.key, value=True)
    return leaf(name, "ge", fact.key, value="50")


# Two states of everything that is hidden: on both sides of every threshold, and known or not.
POOR: Final[dict[FactType, Any]] = {
    FactType.BOOL: False,
    FactType.DECIMAL: Decimal(10),
    FactType.DATE: date(2025, 1, 1),
    FactType.SET: [],
}
RICH: Final[dict[FactType, Any]] = {
    FactType.BOOL: True,
    FactType.DECIMAL: Decimal(90),
    FactType.DATE: date(2026, 1, 1),
    FactType.SET: ["kangyang-interest-subsidy"],
}


def set_hidden(town: Town, values: dict[FactType, Any], revenue: Decimal | None, telephone: str) -> None:
    """Write other figures into the rows themselves, so that no version and no instant tells."""
    tables = {Subject.INSTITUTION: institution_version, Subject.LOAN: loan_version}
    contact = {"telephone": telephone, "contact_person": telephone, "legal_representative": telephone}
    with town.house.owner.writing() as session:
        for subject, table in tables.items():
            facts = {column_name(fact): values[fact.type] for fact in HIDDEN if fact.subject is subject}
            own = {**contact, **facts, "annual_revenue_yuan": revenue} if subject is Subject.INSTITUTION else facts
            session.execute(update(table).values(checked=list(facts) if revenue else [], **own))
        terms_row = {"terms": {"principal": telephone}}
        session.execute(update(loan_version).values(**terms_row))


STATES: Final[tuple[tuple[dict[FactType, Any], Decimal | None, str], ...]] = (
    (POOR, Decimal("1500000"), "0351-0000001"),
    (RICH, Decimal("3000000"), "0351-0000002"),
    (POOR, None, "0351-0000003"),
)


def ask(town: Town, one: Person, path: str, **params: Any) -> Any:
    answer = town.house.call(one, "GET", path, params=params)
    assert answer.status_code == 200, answer.text
    body = answer.json() if answer.headers["content-type"] == "application/json" else answer.text
    return body, answer.headers.get("etag"), answer.headers.get("link"), answer.headers.get("content-length")


def candidates(town: Town, one: Person, products: list[str]) -> Iterator[tuple[str, Any]]:
    """Every product's list, in every order and under every filter, whole and cut, and as a file."""
    for key in products:
        path = f"/products/{key}/candidates"
        for sort, outcome in (("outcome", "needs_info"), ("amount", "eligible"), ("name", "near_miss")):
            yield f"{key} {sort}", ask(town, one, path, sort=sort, outcome=outcome, page_size=4, total=True)
        past = "2026-06-01T00:00:00Z"
        yield f"{key} past", ask(town, one, path, sort="registered", known_at=past, total=True, expand="conditions")
        yield f"{key} file", ask(town, one, f"{path}/export", format="csv")


def registry(town: Town, one: Person) -> Iterator[tuple[str, Any]]:
    """The institution and all that hangs on it, and the lists that can be filtered."""
    for part in ("", "/projects", "/needs", "/loans", f"/loans/{town.loan}", "/attestations", "/duplicates"):
        yield part, ask(town, one, f"{town.path}{part}")
    yield "past", ask(town, one, town.path, known_at="2026-06-01T00:00:00Z")
    for filters in ({}, {"q": "康宁"}, {"beds_min": 100}, {"list_status": "listed"}, {"grade": 3}):
        yield str(filters), ask(town, one, "/institutions", total=True, page_size=200, **filters)


def impacts(town: Town, one: Person, products: list[str]) -> Iterator[tuple[str, Any]]:
    """Drafted terms on the revenue, bisected, against nothing and against the product in force."""
    rules = [leaf("revenue", op, REVENUE, value=value) for op in ("ge", "eq") for value in THRESHOLDS]
    rules.append({"op": "any", "of": [_asks(fact) for fact in OF_INSTITUTIONS]})
    for number, rule in enumerate(rules):
        drafted = terms(subjects=["need", "institution"], requires=rule)
        for against in (None, products[0]):
            body = {"terms": drafted, "product_id": against}
            answer = town.house.call(one, "POST", "/products/impact", json=body)
            assert answer.status_code == 200, answer.text
            yield f"impact {number} {against}", answer.json()


def in_every_state(town: Town, asked: Callable[[], Answers]) -> list[Answers]:
    answers: list[Answers] = []
    for state in STATES:
        set_hidden(town, *state)
        answers.append(asked())
    return answers


def differing(answers: list[Answers]) -> set[str]:
    """The questions whose answers tell two states apart."""
    return {name for name in answers[0] if any(one[name] != answers[0][name] for one in answers)}


def test_a_bank_without_consent_learns_nothing_of_any_hidden_figure(market: Town, products: list[str]) -> None:
    bank = market.people.bank

    def asked() -> Answers:
        return dict([*candidates(market, bank, products), *registry(market, bank), *impacts(market, bank, products)])

    answers = in_every_state(market, asked)
    assert len(answers[0]) > 70
    assert differing(answers) == set()


def test_the_same_questions_tell_an_office_the_difference(market: Town, products: list[str]) -> None:
    pboc = market.people.pboc
    told = differing(
        in_every_state(market, lambda: dict([*candidates(market, pboc, products), *registry(market, pboc)]))
    )
    for key in products:
        assert any(name.startswith(key) for name in told), key
    assert {"", "/loans"} <= told


def test_a_bank_with_a_consent_learns_that_figure_and_no_other(market: Town, products: list[str]) -> None:
    bank = market.people.bank
    with market.house.owner.writing() as session:
        consent: UUID = a_consent(session, market.home, market.bank_id, market.people.home.account_id, REVENUE).id

    def asked() -> Answers:
        return dict([*candidates(market, bank, products[:1]), *registry(market, bank)])

    told = differing(in_every_state(market, asked))
    assert "" in told
    assert any(name.startswith(products[0]) for name in told)
    assert "/loans" not in told
    shown: list[Any] = []
    for values, _, telephone in STATES:
        set_hidden(market, values, Decimal(3_000_000), telephone)
        shown.append(dict(registry(market, bank))[""])
    # With the revenue kept as it is, whatever else is hidden stays hidden.
    assert all(one == shown[0] for one in shown)
    with market.house.owner.writing() as session:
        session.execute(
            update(Consent).where(Consent.id == consent).values(valid_to=date(2026, 1, 2)),
            execution_options={"synchronize_session": False},
        )


def test_small_counts_are_not_exact_for_a_bank_and_samples_bear_no_names(market: Town) -> None:
    listed = CROWD + 2
    everybody = {"terms": terms(subjects=["need"])}
    few = {"terms": terms(subjects=["need"], regions=["140105"])}

    def tried(one: Person, body: dict[str, Any]) -> dict[str, Any]:
        return market.house.post(one, "/products/impact", body, status=200)

    many, handful = tried(market.people.bank, everybody), tried(market.people.bank, few)
    assert many["fewer_than"] == handful["fewer_than"] == FEW
    assert many["institutions"]["gain"] == many["cases"]["gain"] == listed
    assert (many["cases"]["lose"], many["before"]["eligible"]) == (None, None)
    assert many["sample"]
    assert all((row["name"], row["case_id"], row["institution_id"]) == (None, None, None) for row in many["sample"])
    assert (handful["cases"]["gain"], handful["after"]["eligible"], handful["sample"]) == (None, None, [])


def test_candidate_counts_are_not_exact_for_a_bank_either(market: Town) -> None:
    few = offer(market, "xugou-few", subjects=["need"], regions=["140105"])
    many = offer(market, "xugou-many", subjects=["need"])

    def counted(one: Person, key: str) -> tuple[Any, Any, Any]:
        answer = market.house.get(one, f"/products/{key}/candidates", total=True)
        return answer["total"], answer["counts"]["eligible"]["cases"], answer["fewer_than"]

    assert counted(market.people.bank, many) == (CROWD + 2, CROWD + 2, FEW)
    assert counted(market.people.bank, few) == (None, None, FEW)
    assert counted(market.people.pboc, few) == (1, 1, None)


def test_no_attestation_needs_a_consent() -> None:
    """Those are read past the columns that hide figures, where one that needs a consent would have to be hidden."""
    assert not [fact.key for fact in HIDDEN if fact.type is FactType.ATTESTATION]
