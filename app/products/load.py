"""The relending lists of the seed folder, brought into the database. Loading them twice changes nothing."""

from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.products.models import BankFile, RelendingRecord
from app.programmes.queries import clause_labels
from app.programmes.seeds import SeedRefused, read_record
from app.store.tables import RelendingLender, RelendingList

FILE = "banks.yaml"


def load_banks(session: Session, folder: Path) -> int:
    """Writes the relending tools and their lenders; how many lenders there are. Raises SeedRefused.

    To be called after the policy documents were loaded, whose clauses the lists cite. The file is the whole truth
    about the lists: a lender that it no longer names is removed, so a bank that leaves gets a `valid_to` instead.
    """
    file = read_record(folder / FILE, BankFile)
    known = clause_labels(session)
    for record in file.relending:
        if (record.cite.document or "", record.cite.clause or "") not in known:
            raise SeedRefused(folder / FILE, None, f"“{record.name}”引用的条款不存在")
        _load(session, record)
    return sum(len(record.lenders) for record in file.relending)


def _load(session: Session, record: RelendingRecord) -> None:
    tool = session.scalars(select(RelendingList).where(RelendingList.code == record.code)).one_or_none()
    if tool is None:
        tool = RelendingList(code=record.code)
        session.add(tool)
    tool.name, tool.note, tool.citation = record.name, record.note, record.cite.model_dump(mode="json")
    session.flush()  # The lenders refer to the tool by its key.
    session.execute(delete(RelendingLender).where(RelendingLender.list_id == tool.id))
    session.add_all(
        RelendingLender(list_id=tool.id, bank_code=lender.code, **lender.model_dump(exclude={"code"}))
        for lender in record.lenders
    )
