"""Human numbers without gaps: each region counts for itself and begins anew every year."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.tables.counter import Counter


def take_numbers(session: Session, kind: str, region_code: str, year: int, count: int = 1) -> int:
    """The first of `count` consecutive numbers that nobody else gets. A rolled-back unit of work gives them back.

    The row stays locked until the unit of work ends, so whoever takes from several regions takes them in order.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    added = insert(Counter).values(kind=kind, region_code=region_code, year=year, value=count)
    statement = added.on_conflict_do_update(
        index_elements=[Counter.kind, Counter.region_code, Counter.year],
        set_={"value": Counter.value + count},
    ).returning(Counter.value)
    last: int = session.execute(statement).scalar_one()
    return last - count + 1
