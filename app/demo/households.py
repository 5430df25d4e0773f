"""A sample institution with all that is its own, ready to be written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from app.demo.attestations import attestation_rows
from app.demo.bodies import FICTIONAL, Bodies, Site
from app.demo.chance import Chance, Keys
from app.demo.institutions import institution_facts
from app.demo.models import Province
from app.demo.money import lent, need_facts
from app.demo.places import short_name
from app.demo.projects import project_facts, project_name
from app.demo.statements import Record, declared, stated
from app.institutions.bulk import NewLoan, NewNeed, NewProject
from app.institutions.register import NewInstitution
from app.rules.facts import Subject

T = TypeVar("T")
SHOWN: Final = 0


@dataclass(slots=True)
class Household:
    """One institution, and its project, need, loan and attestations, as far as it has any."""

    institution: NewInstitution
    key: UUID
    projects: list[NewProject] = field(default_factory=list)
    needs: list[NewNeed] = field(default_factory=list)
    loans: list[NewLoan] = field(default_factory=list)
    attestations: list[dict[str, Any]] = field(default_factory=list)
    listed_on: date | None = None


class Households:
    """Makes the institutions of one seed by their numbers."""

    def __init__(self, province: Province, lenders: list[str], seed: int) -> None:
        self._province, self._lenders = province, lenders
        self._bodies, self._keys = Bodies(province, seed), Keys(seed, province.recorded_at)

    def key(self, number: int) -> UUID:
        """The key of an institution."""
        return self._keys.of("institution", number)

    def make(self, number: int) -> Household:
        """Institution `number` with all that is its own."""
        return _Maker(self._province, self._lenders, self._keys, self._bodies, number).household()


class _Maker:
    """Makes one household; a project, if there is one, is what need and loan may be for."""

    def __init__(self, province: Province, lenders: list[str], keys: Keys, bodies: Bodies, number: int) -> None:
        self._province, self._lenders, self._keys, self._number = province, lenders, keys, number
        self._site = bodies.site(number)
        self._chance = bodies.chance("facts", number)
        self._record = _record(self._site, province, self._chance)
        self._investment: Decimal | None = None
        self._truth = institution_facts(self._site, province, self._chance)
        self._project: UUID | None = None

    def household(self) -> Household:
        site, province, chance = self._site, self._province, self._chance
        new = NewInstitution(
            site.name,
            stated(self._truth, self._record, province, chance),
            site.body.uscc,
            site.site_number,
            site.contact,
            self._keys.of("institution", self._number),
        )
        made = Household(new, self._key("institution"))
        made.listed_on = self._listed_on()
        kind = site.body.kind
        made.projects += self._one(kind.project, self._new_project)
        made.needs += self._one(kind.need, self._need)
        made.loans += self._one(kind.loan, self._loan)
        made.attestations += self._attestations()
        return made

    def _one(self, share: float, make: Callable[[], T]) -> list[T]:
        # The first has one of everything: it is the one that is shown.
        return [make()] if self._chance.happens(share) or self._number == SHOWN else []

    def _listed_on(self) -> date | None:
        """On the white list since: only what is filed and safe from fire stands there."""
        province, truth = self._province, self._truth
        fit = truth["institution.filed"] and truth["institution.fire_safety_passed"]
        # What is shown stands beside the list: putting it there is what one tries out.
        if not (fit and self._chance.happens(province.shares.listed) and self._number != SHOWN):
            return None
        return province.recorded_on - timedelta(days=self._chance.whole(10, 300))

    def _key(self, noun: str) -> UUID:
        return self._keys.of(noun, self._number)

    def _new_project(self) -> NewProject:
        site, province, chance = self._site, self._province, self._chance
        truth = project_facts(site, province, chance)
        self._project, self._investment = self._key("project"), truth["project.investment_yuan"]
        facts = stated(truth, self._record, province, chance)
        return NewProject(self._key("institution"), project_name(site, province, chance), facts, self._project)

    def _need(self) -> NewNeed:
        investment = self._investment if self._chance.happens(0.7) else None
        purposes, assets = self._site.body.kind.purposes, self._truth["institution.total_assets_yuan"]
        facts = need_facts(purposes, assets, investment, self._province, self._chance)
        return NewNeed(
            self._key("institution"),
            self._site.region_code,
            declared(facts, self._record, self._province, self._chance),
            self._project if investment else None,
            self._chance.draw(self._province.need_status),
            self._key("need"),
        )

    def _loan(self) -> NewLoan:
        investment = self._investment if self._chance.happens(0.7) else None
        loan = lent(self._number, self._lenders, investment, self._site.opened_on, self._province, self._chance)
        return NewLoan(
            self._key("institution"),
            self._site.region_code,
            loan.lender,
            loan.terms,
            declared(loan.facts, self._record, self._province, self._chance),
            loan.contract_number,
            self._project if investment else None,
            self._key("loan"),
        )

    def _attestations(self) -> Iterator[dict[str, Any]]:
        shares, owner = self._province.shares, self._key("institution")
        if self._chance.happens(shares.attested):
            yield from self._attested(Subject.INSTITUTION, owner, None)
        if self._project and self._chance.happens(6 * shares.attested):
            yield from self._attested(Subject.PROJECT, owner, self._project)

    def _attested(self, subject: Subject, owner: UUID, project: UUID | None) -> Iterator[dict[str, Any]]:
        rows = attestation_rows(subject, owner, project, self._site.region_code, self._province, self._chance)
        for place, row in enumerate(rows):
            yield {"id": self._key(f"{subject}-attestation-{place}"), **row}


def _record(site: Site, province: Province, chance: Chance) -> Record:
    """How well the institution keeps its record, and who inspected it within the last year and a half."""
    diligence = float(chance.draw(province.gaps.diligence))
    if not chance.happens(province.shares.inspected):
        return Record(diligence, site.body.uscc is not None, None, None)
    earliest = max(site.opened_on, province.recorded_on - timedelta(days=540))
    office = f"{FICTIONAL}{short_name(site.region_code)}民政局"
    return Record(diligence, site.body.uscc is not None, office, chance.day(earliest, province.recorded_on))
