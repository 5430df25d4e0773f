"""What may be done, which roles may do it, and how a route says which of it it needs.

    @router.post("/institutions", …)
    @permits(Permission.REGISTER)
    @writes
    def register_institution(session: Session, …) -> RegisteredOut: ...

A route without a permission has to stand in PUBLIC, or the application does not start.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Final, TypeVar

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

F = TypeVar("F", bound=Callable[..., Any])

_DECLARED = "__yinqiao_permission__"


class Role(StrEnum):
    """What somebody is at his or her organisation. The three administrators are three people."""

    CIVIL_AFFAIRS = "civil_affairs"
    PBOC = "pboc"
    BANK = "bank"
    INSTITUTION = "institution"
    FINANCE = "finance"
    AUDITOR = "auditor"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


class Permission(StrEnum):
    """One thing that a route lets somebody do. A stable code: keys of machines name them."""

    SIGNED_IN = "account.own"
    READ_INBOX = "inbox.read"
    READ_REGISTRY = "registry.read"
    READ_FILES = "registry.files"
    REGISTER = "registry.register"
    AMEND_REGISTRY = "registry.amend"
    ATTEST = "registry.attest"
    IMPORT = "registry.import"
    READ_MATCHES = "matches.read"
    READ_CANDIDATES = "candidates.read"
    READ_ASSESSMENTS = "assessments.read"
    ASSESS = "assessments.make"
    READ_DRAFTS = "programmes.drafts"
    WRITE_PROGRAMMES = "programmes.write"
    WRITE_RATES = "rates.write"
    CHECK_RULES = "rules.check"
    WRITE_BANKS = "banks.write"
    WRITE_PRODUCTS = "products.write"
    READ_CONSENTS = "consents.read"
    GRANT_CONSENT = "consents.grant"
    READ_ORGANISATIONS = "organisations.read"
    WRITE_ORGANISATIONS = "organisations.write"
    WRITE_ACCOUNTS = "accounts.write"
    GRANT_ROLES = "accounts.roles"
    HAND_OVER = "accounts.handover"
    ISSUE_CODES = "institutions.codes"
    WRITE_KEYS = "keys.write"
    NOMINATE = "whitelist.nominate"
    REVIEW_NOMINATIONS = "whitelist.review"
    READ_WHITELIST = "whitelist.read"
    READ_BATCHES = "whitelist.batches"
    READ_ENTRIES = "whitelist.entries"
    KEEP_LIST = "whitelist.keep"
    READ_EVENTS = "events.read"
    WRITE_WEBHOOKS = "webhooks.write"
    PUSH = "pushes.push"
    READ_PUSHES = "pushes.read"
    READ_REFERRALS = "referrals.read"
    FOLLOW_UP = "referrals.follow_up"
    ASK_CONSENT = "consents.ask"
    # No role has it: every key has, for itself.
    ROTATE_OWN_KEY = "keys.rotate_own"
    READ_STATISTICS = "statistics.read"
    READ_AUDIT = "audit.read"
    SEAL_AUDIT = "audit.seal"


_P = Permission
_OFFICE: Final = {_P.READ_REGISTRY, _P.READ_FILES, _P.READ_MATCHES, _P.READ_ASSESSMENTS, _P.READ_ORGANISATIONS} | {
    *(_P.READ_WHITELIST, _P.READ_BATCHES, _P.READ_ENTRIES, _P.READ_STATISTICS)
}
_READ_ALL: Final = (
    _OFFICE | {_P.READ_CANDIDATES, _P.READ_CONSENTS, _P.READ_DRAFTS} | {*(_P.READ_PUSHES, _P.READ_REFERRALS)}
)

# Who may do what. Read it as a table: each line is a role, each word a thing it may do within its scope.
GRANTS: Final[dict[Role, frozenset[Permission]]] = {
    Role.CIVIL_AFFAIRS: frozenset(
        _OFFICE
        | {_P.REGISTER, _P.IMPORT, _P.AMEND_REGISTRY, _P.ATTEST, _P.ASSESS, _P.CHECK_RULES, _P.READ_CONSENTS}
        | {_P.READ_DRAFTS, _P.WRITE_PROGRAMMES, _P.ISSUE_CODES, _P.HAND_OVER, _P.READ_INBOX}
        | {_P.NOMINATE, _P.REVIEW_NOMINATIONS, _P.KEEP_LIST, _P.READ_PUSHES, _P.READ_REFERRALS}
    ),
    Role.PBOC: frozenset(
        _READ_ALL
        | {_P.CHECK_RULES, _P.WRITE_BANKS, _P.WRITE_RATES, _P.WRITE_PROGRAMMES, _P.HAND_OVER, _P.READ_INBOX, _P.PUSH}
    ),
    Role.BANK: frozenset(
        {_P.READ_REGISTRY, _P.READ_CANDIDATES, _P.CHECK_RULES, _P.WRITE_PRODUCTS, _P.READ_CONSENTS}
        | {_P.READ_ORGANISATIONS, _P.HAND_OVER, _P.READ_INBOX, _P.READ_ENTRIES, _P.READ_STATISTICS}
        | {_P.READ_EVENTS, _P.WRITE_WEBHOOKS, _P.READ_PUSHES, _P.READ_REFERRALS, _P.FOLLOW_UP, _P.ASK_CONSENT}
    ),
    Role.INSTITUTION: frozenset(
        {_P.READ_REGISTRY, _P.READ_FILES, _P.AMEND_REGISTRY, _P.READ_MATCHES, _P.READ_ASSESSMENTS, _P.ASSESS}
        | {_P.READ_CONSENTS, _P.GRANT_CONSENT, _P.READ_INBOX, _P.NOMINATE, _P.READ_WHITELIST, _P.READ_ENTRIES}
        | {_P.READ_REFERRALS}
    ),
    Role.FINANCE: frozenset(
        _OFFICE | {_P.ASSESS, _P.CHECK_RULES, _P.READ_DRAFTS, _P.WRITE_PROGRAMMES, _P.HAND_OVER, _P.READ_INBOX}
    ),
    Role.AUDITOR: frozenset(_READ_ALL | {_P.READ_AUDIT}),
    Role.SYSTEM_ADMIN: frozenset({_P.READ_ORGANISATIONS, _P.WRITE_ORGANISATIONS, _P.WRITE_ACCOUNTS, _P.HAND_OVER}),
    Role.SECURITY_ADMIN: frozenset({_P.READ_ORGANISATIONS, _P.GRANT_ROLES, _P.WRITE_KEYS}),
    Role.AUDIT_ADMIN: frozenset({_P.READ_ORGANISATIONS, _P.READ_AUDIT, _P.SEAL_AUDIT}),
}

# Everything that answers anybody, signed in or not. Nothing else does.
PUBLIC: Final = frozenset(
    {
        "get_health",
        "get_readiness",
        "get_metrics",
        "list_policies",
        "get_policy",
        "list_programmes",
        "get_programme",
        "list_reference_rates",
        "get_reference_rate",
        "list_facts",
        "list_regions",
        "list_relending",
        "list_banks",
        "list_products",
        "get_product",
        "list_product_versions",
        "get_product_version",
        "list_public_entries",
        "check_eligibility",
        "quote_interest_subsidy",
        "redeem_institution_code",
        "sign_in",
        "console_sign_in",
        "begin_oidc_sign_in",
        "complete_oidc_sign_in",
        # The documentation of the API, which has no operation ids.
        "/docs",
        "/docs/start.js",
        "/openapi.json",
    }
)

# Pages that anybody sees. What they show of the API is held to what the API shows to nobody.
PUBLIC_PAGES: Final = frozenset(
    {
        *("page_start", "page_sign_in", "page_give_password", "page_type_size", "page_demo_sign_in"),
        *("page_first_time", "page_make_account"),
        *("page_check", "page_check_question", "page_check_result", "page_calculator"),
        *("page_policies", "page_policy", "page_programme", "page_whitelist"),
    }
)

# What watches the service asks as often as it likes, or a busy address would be taken for a dead service.
UNCOUNTED: Final = frozenset({"get_health", "get_readiness", "get_metrics"})


class UndeclaredPermission(RuntimeError):
    """Routes that say neither what they need nor that anybody may use them, or say both."""


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Everything that somebody with these roles may do. Every signed-in person has his or her own account."""
    return frozenset({Permission.SIGNED_IN}).union(*(GRANTS[role] for role in roles))


def permits(permission: Permission) -> Callable[[F], F]:
    """Declare what a caller of the endpoint has to be allowed."""

    def declare(endpoint: F) -> F:
        setattr(endpoint, _DECLARED, permission)
        return endpoint

    return declare


def needed_by(endpoint: Callable[..., Any]) -> Permission | None:
    """What an endpoint was declared with; None for a public one."""
    declared: Permission | None = getattr(endpoint, _DECLARED, None)
    return declared


def declared_routes(app: FastAPI) -> dict[str, Permission | None]:
    """What each route of an application needs, by operation id (by path where it has none); None for a public one."""
    routes = [context for context in iter_route_contexts(app.routes) if isinstance(context.original_route, APIRoute)]
    return {one.operation_id or str(one.path): one.endpoint and needed_by(one.endpoint) for one in routes}


def check_declarations(app: FastAPI) -> None:
    """Called as the application is made. Raises UndeclaredPermission, which names the routes."""
    routes = declared_routes(app).items()
    wrong = [name for name, needed in routes if (name in PUBLIC | PUBLIC_PAGES) == (needed is not None)]
    if wrong:
        raise UndeclaredPermission(f"接口须声明权限，或列入公开接口，二者取其一：{', '.join(wrong)}")
