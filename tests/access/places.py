"""One institution of each kind with a row of everything, and the callers whose reach is told apart by them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import Connection, insert

from app.access.scope import FULL, NOTHING, Scope
from app.store.base import Base
from app.store.types import new_key
from tests.access.deliveries import deliver_places

TODAY = date(2026, 11, 21)
AT = datetime(2026, 11, 1, tzinfo=UTC)
META = Base.metadata.tables


@dataclass(frozen=True)
class Place:
    """An institution with one row of everything."""

    id: UUID
    region: str
    listed: bool = False
    project_region: str | None = None
    project_listed: bool = False
    consents_to: UUID | None = None
    until: date = date(2027, 1, 1)
    withdrawn: bool = False


LENDER, OTHER_LENDER = new_key(), new_key()
COUNTY, SIBLING, ELSEWHERE = "140302", "140303", "140105"
PLACES = [
    Place(new_key(), COUNTY),
    Place(new_key(), SIBLING, listed=True),
    Place(new_key(), ELSEWHERE, project_region=COUNTY),
    Place(new_key(), ELSEWHERE, project_region=ELSEWHERE, project_listed=True),
    Place(new_key(), COUNTY, consents_to=LENDER),
    Place(new_key(), COUNTY, consents_to=LENDER, withdrawn=True),
    Place(new_key(), SIBLING, consents_to=LENDER, until=TODAY),
    Place(new_key(), SIBLING, consents_to=OTHER_LENDER),
]
OWN = PLACES[0]
SCOPES = {
    "county": Scope(COUNTY),
    "sibling county": Scope(SIBLING),
    "city": Scope("1403"),
    "other city": Scope("1401"),
    "province": Scope("14"),
    "everything": FULL,
    "nobody": NOTHING,
    "own institution": Scope("", OWN.id),
    "bank": Scope("14", None, LENDER, TODAY),
    "other bank": Scope("14", None, OTHER_LENDER, TODAY),
    "city branch": Scope("1403", None, LENDER, TODAY),
}


def write_banks(connection: Connection) -> None:
    common = {"kind": "joint_stock", "region_code": "140000", "national": False, "created_at": AT}
    for key, code in ((LENDER, "one"), (OTHER_LENDER, "two")):
        connection.execute(insert(META["bank"]).values(id=key, code=code, name=f"虚构{code}银行", **common))
        product = new_key()
        connection.execute(insert(META["product"]).values(id=product, slug=code, bank_id=key, created_at=AT))
        for number, published in ((1, AT), (2, None)):
            connection.execute(
                insert(META["product_version"]).values(
                    id=new_key(),
                    product_id=product,
                    number=number,
                    revision=1,
                    body={},
                    content_hash="0" * 64,
                    regions="",
                    valid_from=TODAY,
                    created_at=AT,
                    published_at=published,
                    published_on=published and TODAY,
                )
            )


def write_person(connection: Connection, place: Place) -> UUID:
    office, person = new_key(), new_key()
    connection.execute(
        insert(META["organisation"]).values(
            id=office,
            code=str(office),
            name="虚构机构",
            kind="institution",
            region_code=place.region,
            institution_id=place.id,
            version=1,
            created_at=AT,
        )
    )
    connection.execute(
        insert(META["account"]).values(
            id=person,
            organisation_id=office,
            login=str(person),
            name="虚构人",
            roles=("institution",),
            role_stamp=1,
            must_change_password=False,
            version=1,
            created_at=AT,
        )
    )
    return person


def write_place(connection: Connection, place: Place) -> None:
    key, own = place.id, {"institution_id": place.id}
    recorded = {"recorded_from": AT, "checked": (), "registry": ()}
    here = {"region_code": place.region, "created_at": AT, "version": 1}
    connection.execute(
        insert(META["institution"]).values(
            id=key,
            provisional_number=str(key)[:32],
            name="虚构养老院",
            site_number=1,
            list_status="listed" if place.listed else "none",
            **here,
        )
    )
    connection.execute(insert(META["institution_version"]).values(name="虚构养老院", **own, **recorded))
    connection.execute(insert(META["search_gram"]).values(gram=str(key)[-16:], **own))
    for noun, extra in (("need", {"status": "open"}), ("loan", {"lender": "虚构银行"})):
        one = new_key()
        connection.execute(insert(META[noun]).values(id=one, **own, **here, **extra))
        connection.execute(insert(META[f"{noun}_version"]).values(**{f"{noun}_id": one}, **recorded))
    connection.execute(
        insert(META["assessment"]).values(
            region_code=place.region,
            kind="institution",
            case_id=key,
            name="虚构",
            as_of=TODAY,
            assessed_at=AT,
            frozen={},
            results={},
            **own,
        )
    )
    connection.execute(
        insert(META["attestation"]).values(
            subject_id=key,
            fact="institution.stable_cash_flow",
            programme="",
            granted=True,
            office="虚构局",
            person="虚构人",
            attested_on=TODAY,
            recorded_from=AT,
            **own,
        )
    )
    connection.execute(
        insert(META["attachment"]).values(
            name="虚构.pdf", media_type="application/pdf", size=1, sha256="0" * 64, created_at=AT, **own
        )
    )
    write_project(connection, place, recorded)
    write_consent(connection, place)
    if place.listed or place.project_listed:
        deliver_places(connection, place.id, (LENDER, OTHER_LENDER))


def write_project(connection: Connection, place: Place, recorded: dict[str, object]) -> None:
    if place.project_region is None:
        return
    project = new_key()
    connection.execute(
        insert(META["project"]).values(
            id=project,
            region_code=place.project_region,
            institution_id=place.id,
            name="虚构项目",
            version=1,
            list_status="listed" if place.project_listed else "none",
            created_at=AT,
        )
    )
    connection.execute(insert(META["project_version"]).values(project_id=project, name="虚构项目", **recorded))


def write_consent(connection: Connection, place: Place) -> None:
    if place.consents_to is None:
        return
    consent, person = new_key(), write_person(connection, place)
    connection.execute(
        insert(META["consent"]).values(
            id=consent,
            region_code=place.region,
            institution_id=place.id,
            bank_id=place.consents_to,
            purpose="matching",
            valid_from=date(2026, 1, 1),
            valid_to=place.until,
            evidence="虚构",
            granted_by=person,
            granted_at=AT,
            withdrawn_by=person if place.withdrawn else None,
            withdrawn_at=AT if place.withdrawn else None,
            version=1,
        )
    )
    fact = "institution.annual_revenue_yuan"
    connection.execute(insert(META["consent_field"]).values(consent_id=consent, fact=fact))
