"""All tables, in the order of their foreign keys. Importing this module registers them on the metadata."""

from app.store.tables.assessment import Assessment
from app.store.tables.attestation import Attachment, Attestation
from app.store.tables.audit import AuditEvent, AuditHead, AuditSeal
from app.store.tables.bank import Bank, RelendingLender, RelendingList
from app.store.tables.batch import (
    Batch,
    BatchRow,
    EntrySnapshot,
    EntryTransition,
    Objection,
    WhitelistEntry,
    WhitelistEvent,
)
from app.store.tables.consent import Consent, ConsentField
from app.store.tables.counter import Counter
from app.store.tables.credential import ApiKey, FailedSignIn, PendingOidc, SignInSession
from app.store.tables.department import Department
from app.store.tables.idempotency import IdempotentAnswer
from app.store.tables.import_job import ImportJob, ImportRow, Operation
from app.store.tables.institution import Institution, SearchGram, institution_version
from app.store.tables.loan import Loan, loan_version
from app.store.tables.message import Message
from app.store.tables.need import Need, need_version
from app.store.tables.nomination import Nomination, NominationActor, NominationStep, NominationTransition
from app.store.tables.organisation import Account, Handover, InstitutionCode, Organisation, PasswordHistory
from app.store.tables.parameter_value import ParameterValue
from app.store.tables.policy_document import Clause, ClauseText, PolicyDocument
from app.store.tables.product import Product, ProductVersion
from app.store.tables.programme import Programme, ProgrammeVersion
from app.store.tables.programme_draft import ProgrammeDraft
from app.store.tables.project import Project, project_version
from app.store.tables.rate_series import RatePoint, RateSeries
from app.store.tables.whitelist_rule import WhitelistReason, WhitelistRule

ALL_TABLES = (
    PolicyDocument,
    Clause,
    ClauseText,
    Programme,
    ProgrammeVersion,
    ProgrammeDraft,
    ParameterValue,
    RateSeries,
    RatePoint,
    Department,
    Institution,
    SearchGram,
    Project,
    Need,
    Loan,
    Attestation,
    Attachment,
    Counter,
    Bank,
    RelendingList,
    RelendingLender,
    Product,
    ProductVersion,
    Assessment,
    Organisation,
    Account,
    PasswordHistory,
    Handover,
    InstitutionCode,
    SignInSession,
    ApiKey,
    FailedSignIn,
    PendingOidc,
    Consent,
    ConsentField,
    AuditEvent,
    AuditHead,
    AuditSeal,
    IdempotentAnswer,
    Message,
    ImportJob,
    ImportRow,
    Operation,
    NominationTransition,
    Nomination,
    NominationActor,
    NominationStep,
    WhitelistRule,
    WhitelistReason,
    Batch,
    BatchRow,
    Objection,
    EntryTransition,
    WhitelistEntry,
    EntrySnapshot,
    WhitelistEvent,
)

__all__ = [
    "ALL_TABLES",
    "Account",
    "ApiKey",
    "Assessment",
    "Attachment",
    "Attestation",
    "AuditEvent",
    "AuditHead",
    "AuditSeal",
    "Bank",
    "Batch",
    "BatchRow",
    "Clause",
    "ClauseText",
    "Consent",
    "ConsentField",
    "Counter",
    "Department",
    "EntrySnapshot",
    "EntryTransition",
    "FailedSignIn",
    "Handover",
    "IdempotentAnswer",
    "ImportJob",
    "ImportRow",
    "Institution",
    "InstitutionCode",
    "Loan",
    "Message",
    "Need",
    "Nomination",
    "NominationActor",
    "NominationStep",
    "NominationTransition",
    "Objection",
    "Operation",
    "Organisation",
    "ParameterValue",
    "PasswordHistory",
    "PendingOidc",
    "PolicyDocument",
    "Product",
    "ProductVersion",
    "Programme",
    "ProgrammeDraft",
    "ProgrammeVersion",
    "Project",
    "RatePoint",
    "RateSeries",
    "RelendingLender",
    "RelendingList",
    "SearchGram",
    "SignInSession",
    "WhitelistEntry",
    "WhitelistEvent",
    "WhitelistReason",
    "WhitelistRule",
    "institution_version",
    "loan_version",
    "need_version",
    "project_version",
]
