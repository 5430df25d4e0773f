"""A small fictional registry with gaps, and products that ask it all kinds of things."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from sqlalchemy import Table, insert, update
from sqlalchemy.orm import Session

from app.cases.select import CaseKind
from app.products.models import ProductRecord
from app.programmes.load import content_hash
from app.rules.facts import FactType, Subject
from app.store.fact_columns import column_name, stored_facts
from app.store.tables import (
    Attestation,
    Bank,
    Institution,
    Loan,
    Need,
    Product,
    ProductVersion,
    Project,
    institution_version,
    loan_version,
    need_version,
    project_version,
)

RECORDED: Final = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF: Final = date(2026, 11, 20)
Json = dict[str, Any]

_VERSIONS: Final[Mapping[Subject, Table]] = {
    Subject.INSTITUTION: institution_version,
    Subject.PROJECT: project_version,
    Subject.NEED: need_version,
    Subject.LOAN: loan_version,
}
_REGIONS: Final = ("140105", "140302", "140321", "140902")


@dataclass
class Registry:
    """Writes nouns with their facts, and remembers them by kind."""

    session: Session
    ids: dict[CaseKind, list[uuid.UUID]] = field(default_factory=lambda: {kind: [] for kind in CaseKind})
    owners: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    closed: set[uuid.UUID] = field(default_factory=set)

    def institution(self, *, region: str = "140302", name: str | None = None, **facts: Any) -> uuid.UUID:
        """An institution; `checked` among the facts names those that an office has checked."""
        number = len(self.ids[CaseKind.INSTITUTION]) + 1
        row = Institution(
            region_code=region,
            provisional_number=f"虚构-{number}",
            name=name or f"虚构养老院{number}号",
            created_at=RECORDED,
        )
        facts = {"region_code": region, **facts}
        columns = {"institution_id": row.id, "name": row.name, "list_status": "none"}
        return self._add(CaseKind.INSTITUTION, row, facts, columns)

    def project(self, owner: uuid.UUID, *, region: str = "140302", **facts: Any) -> uuid.UUID:
        """A project of an institution."""
        number = len(self.ids[CaseKind.PROJECT]) + 1
        row = Project(region_code=region, institution_id=owner, name=f"虚构康养项目{number}", created_at=RECORDED)
        columns = {"name": row.name, "list_status": "none"}
        return self._add(CaseKind.PROJECT, row, {"region_code": region, **facts}, columns, owner)

    def need(
        self, owner: uuid.UUID, project: uuid.UUID | None = None, *, status: str = "open", **facts: Any
    ) -> uuid.UUID:
        """A need of an institution, for one of its projects where one is named."""
        region = self._region(owner)
        row = Need(region_code=region, institution_id=owner, project_id=project, status=status, created_at=RECORDED)
        need_id = self._add(CaseKind.NEED, row, facts, {"status": status, "project_id": project}, owner)
        self.closed |= set() if status == "open" else {need_id}
        return need_id

    def loan(self, owner: uuid.UUID, project: uuid.UUID | None = None, **facts: Any) -> uuid.UUID:
        """A loan of an institution, for one of its projects where one is named."""
        row = Loan(
            region_code=self._region(owner),
            institution_id=owner,
            project_id=project,
            lender="虚构银行",
            created_at=RECORDED,
        )
        return self._add(CaseKind.LOAN, row, facts, {"project_id": project}, owner)

    def attest(self, subject: uuid.UUID, fact: str, *, programme: str = "", granted: bool = True) -> None:
        """An attestation, given before any day that the tests ask about."""
        owner = self.owners.get(subject, subject)
        row = {
            "institution_id": owner,
            "project_id": subject if subject != owner else None,
            "subject_id": subject,
            "fact": fact,
            "programme": programme,
            "granted": granted,
            "office": "虚构局",
            "person": "虚构人",
            "attested_on": date(2024, 1, 1),
            "recorded_from": RECORDED,
        }
        self.session.execute(insert(Attestation).values(row))

    def change(self, kind: CaseKind, case_id: uuid.UUID, at: datetime, **facts: Any) -> None:
        """Another version of a noun's facts from an instant on."""
        table, owner = _VERSIONS[Subject(kind.value)], f"{kind}_id"
        mine = (table.c[owner] == case_id) & table.c.recorded_to.is_(None)
        before = self.session.execute(table.select().where(mine)).mappings().one()
        self.session.execute(update(table).where(mine).values(recorded_to=at))
        changed = {**before, **facts, "id": uuid.uuid4(), "recorded_from": at, "recorded_to": None}
        self.session.execute(insert(table).values(changed))

    def _region(self, owner: uuid.UUID) -> str:
        """Money is wanted, and was lent, where its institution lies."""
        return self.session.get_one(Institution, owner).region_code

    def _add(self, kind: CaseKind, row: Any, facts: Json, columns: Json, owner: uuid.UUID | None = None) -> uuid.UUID:
        row.id = uuid.uuid4() if row.id is None else row.id
        self.session.add(row)
        self.session.flush()
        values = {f"{kind}_id": row.id, "recorded_from": RECORDED, "checked": [], "registry": []}
        self.session.execute(insert(_VERSIONS[Subject(kind.value)]).values({**columns, **values, **facts}))
        self.ids[kind].append(row.id)
        self.owners[row.id] = owner or row.id
        case_id: uuid.UUID = row.id
        return case_id


def populate(registry: Registry, random: Random, size: int = 20) -> None:
    """`size` institutions with as many projects and needs, a third of all facts unknown, and a few loans."""
    for number in range(size):
        owner = registry.institution(region=random.choice(_REGIONS), **_facts(random, Subject.INSTITUTION))
        project = registry.project(owner, region=random.choice(_REGIONS), **_facts(random, Subject.PROJECT))
        registry.need(owner, random.choice((None, project)), **_facts(random, Subject.NEED))
        if number % 5 == 0:
            registry.need(owner, status="withdrawn", **_facts(random, Subject.NEED))
            registry.loan(owner, project, **_facts(random, Subject.LOAN))
        if random.random() < 0.5:
            registry.attest(owner, "institution.stable_cash_flow", granted=random.random() < 0.7)


# Values on both sides of what the products below ask; facts that none of them asks are drawn by type.
_POOLS: Final[Mapping[str, tuple[Any, ...]]] = {
    "institution.beds_total": (40, 49, 50, 120),
    "institution.for_profit": (True, False),
    "institution.established_on": (date(2020, 1, 1), date(2025, 11, 20), date(2025, 11, 21)),
    "institution.annual_revenue_yuan": (Decimal("999999.99"), Decimal(1000000), Decimal(5000000)),
    "institution.grade": (1, 3, 5),
    "institution.kinds": (("elderly_home",), ("nursing_home", "day_care"), ()),
    "institution.debt_ratio_percent": (Decimal("59.99"), Decimal(60), Decimal("60.01")),
    "project.stage": ("construction", "operation"),
    "project.beds": (0, 99, 100, 300),
    "need.amount_yuan": (Decimal(100000), Decimal(1000000), Decimal(5000000), Decimal("5000000.01")),
    "need.term_months": (12, 36, 37),
    "need.purpose": ("equipment", "working_capital"),
    "need.securities": (("receivables",), ("real_estate",), ("credit", "guarantor"), ()),
    "need.security_property": ("care_facility", "other"),
}  # fmt: skip


def _facts(random: Random, subject: Subject) -> Json:
    facts: Json = {"checked": [], "registry": []}
    for fact in stored_facts(subject):
        pool = _POOLS.get(fact.key) or ((True, False) if fact.type is FactType.BOOL else ())
        name = column_name(fact)
        if pool and random.random() < 0.85:
            facts[name] = random.choice(pool)
            if random.random() < 0.5:
                facts["checked"].append(name)
    return facts


def a_bank(session: Session) -> uuid.UUID:
    """A bank that does not exist."""
    bank = Bank(
        id=uuid.uuid4(),
        code="xugou-bank",
        name="虚构银行",
        kind="city_commercial",
        region_code="140100",
        national=False,
        created_at=RECORDED,
    )
    session.add(bank)
    session.flush()
    return bank.id


def a_record(slug: str, **changes: Any) -> ProductRecord:
    """A loan for needs of 100,000 to 5,000,000 yuan and up to three years."""
    content: Json = {
        "slug": slug,
        "bank": "xugou-bank",
        "name": f"虚构贷款 {slug}",
        "summary": "虚构产品",
        "subjects": ["need"],
        "amount": {"low_yuan": "100000", "high_yuan": "5000000"},
        "term": {"low_months": 1, "high_months": 36},
        "rate": {"kind": "lpr", "tenor": "1y", "low_basis_points": 50, "high_basis_points": 120},
        "repayment_styles": ["bullet"],
        "valid_from": "2026-01-01",
    }
    return ProductRecord.model_validate(content | changes)


def publish(session: Session, bank_id: uuid.UUID, record: ProductRecord, number: int = 1) -> uuid.UUID:
    """A published version of a product; of a new one where the slug is new."""
    product = session.query(Product).filter_by(slug=record.slug).one_or_none()
    if product is None:
        product = Product(id=uuid.uuid4(), slug=record.slug, bank_id=bank_id, created_at=RECORDED)
        session.add(product)
        session.flush()
    body = record.model_dump(mode="json")
    version = ProductVersion(
        product_id=product.id,
        number=number,
        body=body,
        content_hash=content_hash(body),
        regions="",
        valid_from=record.valid_from,
        valid_to=record.valid_to,
        created_at=RECORDED,
        published_at=RECORDED + timedelta(days=number),
        published_on=RECORDED.date(),
    )
    session.add(version)
    session.flush()
    return product.id


def _leaf(id_: str, op: str, fact: str, **operands: Any) -> Json:
    return {"op": op, "fact": fact, **operands, "id": id_, "cite": {"own": f"第 {id_} 条"}}


def _all(*parts: Json) -> Json:
    return {"op": "all", "of": list(parts)}


def _any(*parts: Json) -> Json:
    return {"op": "any", "of": list(parts)}


BEDS: Final = _leaf("beds", "ge", "institution.beds_total", value=50)
FILED: Final = _leaf("filed", "eq", "institution.filed", value=True)
OLD: Final = _leaf("age", "at_least_months_ago", "institution.established_on", months=12)
REVENUE: Final = _leaf("revenue", "ge", "institution.annual_revenue_yuan", value="1000000")
DEBT: Final = _leaf("debt", "le", "institution.debt_ratio_percent", value="60")
GRADE: Final = _leaf("grade", "in", "institution.grade", values=[3, 4, 5])
KIND: Final = _leaf("kinds", "overlaps", "institution.kinds", values=["elderly_home", "nursing_home"])
STEADY: Final = _leaf("steady", "attested", "institution.stable_cash_flow")
OVERDUE: Final = _leaf("overdue", "eq", "institution.loan_overdue", value=False)
BUILT: Final = _leaf("built", "eq", "project.stage", value="operation")
PLACES: Final = _leaf("places", "between", "project.beds", low=100, high=400)
EVERYWHERE: Final = ["institution", "project", "need"]


def products() -> list[ProductRecord]:
    """Twelve that between them ask every kind of condition, of every kind of case."""
    checked = {**REVENUE, "checked": True}
    return [
        a_record("plain"),
        a_record("all-kinds", subjects=EVERYWHERE, requires=_all(BEDS, FILED)),
        a_record("institutions", subjects=["institution"], requires=_any(BEDS, GRADE)),
        a_record("projects", subjects=["project"], applies=BUILT, requires=PLACES),
        a_record("aged", applies=KIND, requires=_all(OLD, {"op": "not", "of": _all(DEBT, OVERDUE)})),
        a_record("secured", securities=["real_estate"], purposes=["equipment"]),
        a_record("credit", securities=["credit", "guarantor"], regions=["140300"]),
        a_record("checked", requires=_all(checked, _any(STEADY, DEBT))),
        a_record("internal", requires=_all(BEDS, DEBT), internal=["debt"]),
        a_record("steady", subjects=["institution", "need"], requires=STEADY),
        a_record("known", applies=_leaf("told", "known", "institution.grade"), requires=_any(_all(BEDS, DEBT), FILED)),
        a_record("nowhere", regions=["141100"], subjects=EVERYWHERE),
    ]
