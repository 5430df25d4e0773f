"""What a consent can open: facts of the catalogue that need one, contacts, and the contract of a loan."""

from typing import Final

from app.rules.catalogue import CATALOGUE
from app.rules.facts import Subject, Visibility

# Contacts are no facts for rules; a bank must be able to find the house, so the address needs no consent.
CONTACT: Final = {
    "contact.legal_representative": "法定代表人",
    "contact.contact_person": "联系人",
    "contact.telephone": "联系电话",
}
# The whole of a contract: whose loan it is, its number and its terms, from which every fact of the loan follows.
LOAN_CONTRACT: Final = "loan.contract"

FIELDS: Final[dict[str, str]] = {
    **{fact.key: fact.label for fact in CATALOGUE if fact.visibility is Visibility.CONSENT},
    **CONTACT,
    LOAN_CONTRACT: "贷款合同（贷款银行、合同编号和条款）",
}
"""Key and label of everything that is kept back from banks without a consent."""


def fields_of(subject: Subject) -> frozenset[str]:
    """Those that stand in the answer about a noun."""
    own = frozenset(key for key in FIELDS if key.startswith(f"{subject}."))
    return own | frozenset(CONTACT) if subject is Subject.INSTITUTION else own
