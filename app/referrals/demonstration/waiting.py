"""What waits today: nominations at every desk, lists on notice, an objection, and a bank that asks for consent."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, case, select
from sqlalchemy.orm import Session

from app.access.consent_schemas import Purpose
from app.institutions.history import recorded_at
from app.referrals.consent_request_schemas import ConsentRequestIn
from app.referrals.consent_requests import ask
from app.referrals.demonstration.cast import BANKS, WAY, Cast, Step
from app.referrals.demonstration.lists import on_notice
from app.rules.catalogue import CATALOGUE
from app.store.fact_columns import column_name
from app.store.tables import Institution, Organisation, institution_version
from app.whitelist.objections import object_to
from app.whitelist.states import Action, Level

# At the county's desk the second clerk has sent it in, so that the first may recommend it.
_SENT_IN: Final = Step(Action.SUBMIT, Level.APPLICANT, "county-checker")


class Desk(NamedTuple):
    """Nominations that have come this far: one for each number of days ago on which it was begun."""

    way: Sequence[Step]
    days_ago: Sequence[int]


class Notice(NamedTuple):
    """A batch on notice since so many days: its title, how many lines, and what is objected to the first."""

    title: str
    days_ago: int
    size: int
    objection: str | None = None


# At each desk the first has been lying too long, the next is due soon, the last has just come.
_COUNTY: Final = Desk((_SENT_IN,), (12, 6, 1))
_ABOVE: Final = (Desk(WAY[:2], (11, 5, 3)), Desk(WAY[:3], (13, 6, 4)))
_APPROVED: Final = Desk(WAY, (9, 8))
# The first may be published today; to the second somebody objects.
NOTICES: Final = (
    Notice("虚构的第四批养老金融白名单", 8, 3),
    Notice("虚构的第五批养老金融白名单", 3, 3, "虚构的异议：院内床位数与公示的不符"),
)
_REVIEWS: Final = 6
_MOST: Final = 40
_A_YEAR: Final = timedelta(days=365)
_FACTS: Final = ("institution.filed", "institution.fire_safety_passed")
_FILED, _SAFE = (institution_version.c[column_name(CATALOGUE[key])] for key in _FACTS)


def fill_desks(session: Session, cast: Cast) -> int:
    """As many of them as there are institutions for it; how many. The county's own come to its desk, fit or not."""
    clerks = cast.people["county"].organisation_id
    county = session.get_one(Organisation, clerks).region_code
    here = session.scalars(_unlisted(cast).where(Institution.region_code == county).limit(_MOST))
    fit = iter(_fit(session, cast, county))
    made = _wait(session, cast, _COUNTY, iter(here.all())) + sum(_wait(session, cast, one, fit) for one in _ABOVE)
    noticed = sum(_notice(session, cast, one, fit) for one in NOTICES)
    return made + noticed + _wait(session, cast, _APPROVED, fit)


def _wait(session: Session, cast: Cast, desk: Desk, found: Iterator[Institution]) -> int:
    made = [cast.nominate(session, one, desk.way, days) for days, one in zip(desk.days_ago, found, strict=False)]
    return len(made)


def _unlisted(cast: Cast) -> Select[Institution]:
    """Those with a number that may be nominated, but not the one that is shown: to nominate it is what one tries."""
    free = Institution.list_status == "none", Institution.uscc.is_not(None), Institution.id.is_distinct_from(cast.shown)
    return select(Institution).where(*free).order_by(Institution.id)


def _fit(session: Session, cast: Cast, county: str) -> Sequence[Institution]:
    """Filed and safe from fire, in another county: those of the same city first."""
    version = institution_version
    near = case((Institution.region_code.startswith(county[:4]), 0), else_=1)
    query = _unlisted(cast).order_by(None).order_by(near, Institution.id).limit(_MOST)
    query = query.join(version, version.c.institution_id == Institution.id)
    fit = recorded_at(version, None), _FILED.is_(True), _SAFE.is_(True), Institution.region_code != county
    return session.scalars(query.where(*fit)).all()


def _notice(session: Session, cast: Cast, notice: Notice, fit: Iterator[Institution]) -> int:
    """A batch on notice, with an objection to its first line if it still runs; how many lines."""
    began = notice.days_ago + _REVIEWS
    approved = [cast.nominate(session, one, WAY, began).id for one in islice(fit, notice.size)]
    if not approved:
        return 0
    on_notice(session, cast, notice.title, approved, notice.days_ago)
    if notice.objection is not None:
        clerk, at = cast.people["city"], cast.on(notice.days_ago - 1)
        object_to(session, approved[0], "虚构的来电群众", notice.objection, clerk, at, at.date())
    return len(approved)


def ask_consent(session: Session, cast: Cast, institution_id: UUID) -> None:
    """The second bank asks the shown institution for what it may only see with its consent."""
    body = ConsentRequestIn(
        institution_id=institution_id,
        purpose=Purpose.LOAN_APPLICATION,
        fields=["institution.annual_revenue_yuan", "institution.total_assets_yuan"],
        valid_from=cast.today,
        valid_to=cast.today + _A_YEAR,
        reason="虚构的说明：测算可贷额度需要近一年的收入和资产",
    )
    ask(session, body, cast.people[BANKS[1]], cast.on(0), cast.today)
