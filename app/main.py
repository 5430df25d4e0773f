"""The application: settings, database and rooms put together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache

import structlog
from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from app.access import account_routes as users
from app.access import consent_routes as consents
from app.access import console_routes as console
from app.access import handover_routes as handovers
from app.access import institution_code_routes as institution_codes
from app.access import key_routes as keys
from app.access import oidc_routes as oidc
from app.access import organisation_routes as organisations
from app.access import own_account_routes as own_account
from app.access import session_routes as sessions
from app.access.audit import routes as audit
from app.access.audit.export import SealExport
from app.access.documented import declare_access
from app.access.gate import AccessGate
from app.access.oidc import Provider, use_oidc
from app.access.permissions import check_declarations
from app.access.row_security import APP_ROLE
from app.config import Settings, read_settings
from app.console.install import LARGER_BODIES, install_console, show_missing_pages
from app.http import health, metrics
from app.http.clock import now
from app.http.documentation import serve_documentation
from app.http.edge import install_edge
from app.http.gate import Gate, use_gate
from app.http.installation import use_settings
from app.http.key_header import declare_keys
from app.http.logs import configure_logs
from app.http.paging import use_pages
from app.http.unit_of_work import limit_threads, use_database
from app.inbox import routes as inbox
from app.institutions import attachment_routes as attachments
from app.institutions import attestation_routes as attestations
from app.institutions import loan_routes as loans
from app.institutions import need_routes as needs
from app.institutions import project_routes as projects
from app.institutions import routes as institutions
from app.institutions.attachments import LARGER_BODY
from app.institutions.imports import routes as imports
from app.institutions.imports.runner import Runner
from app.institutions.storage import Folder
from app.matching import assessment_routes as assessments
from app.matching import candidate_routes as candidates
from app.matching import institution_matches, rule_checks
from app.matching import routes as matching
from app.products import bank_routes as banks
from app.products import routes as products
from app.programmes import draft_routes as programme_drafts
from app.programmes import rate_routes as rate_entries
from app.programmes import routes as programmes
from app.referrals import consent_request_routes as consent_requests
from app.referrals import outbox_routes as events
from app.referrals import pushes_routes as pushes
from app.referrals import referral_bulk_routes as referral_answers
from app.referrals import referral_routes as referrals
from app.referrals import webhook_delivery_routes as webhook_deliveries
from app.referrals import webhook_routes as webhooks
from app.referrals.targets import Policy
from app.referrals.webhook_registration import Registrar, use_registrar
from app.reporting import routes as statistics
from app.store.engine import Database, open_database
from app.whitelist import batches_routes as batches
from app.whitelist import entries_routes as entries
from app.whitelist import nomination_routes as nominations
from app.whitelist import objection_routes as objections
from app.whitelist import printing_routes as printing

API = "/api/v1"
DESCRIPTION = (
    "山西养老金融对接服务：政策条款、扶持政策、贴息测算。金额为元的十进制文本，百分比为十进制文本，日期为 ISO 格式。"
    "结果依据公布的条款自动得出，以主管部门和银行的决定为准。"
)
# Every room below the base of the API; the order is that of the document, and the first is found soonest.
ROOMS = (
    institution_matches,
    *(programmes, programme_drafts, rate_entries, banks, products, matching, rule_checks),
    *(imports, institutions, projects, needs, loans, attestations, attachments),
    *(candidates, assessments, consents, audit),
    *(organisations, users, handovers, keys, institution_codes, inbox),
    *(nominations, batches, objections, entries, printing),
    *(pushes, referral_answers, referrals, consent_requests, events, webhooks, webhook_deliveries),
    *(statistics,),
)


@cache
def _routes() -> Sequence[BaseRoute]:
    """What every application answers. Put together once: it takes longer than all else that an application needs."""
    service = APIRouter()
    for outside in (health, metrics, console, oidc):
        service.include_router(outside.router)
    for room in (sessions, own_account, *ROOMS):
        service.include_router(room.router, prefix=API)
    return tuple(service.routes)


def create_app(settings: Settings | None = None, database: Database | None = None, gate: Gate | None = None) -> FastAPI:
    """The service. Without arguments it runs on the environment (`YINQIAO_…`), behind the gate of `app.access`."""
    settings = settings or read_settings()
    store = database or open_database(settings, APP_ROLE)
    if not structlog.is_configured():
        # The library's own default prints tracebacks with local variables, which hold what people typed.
        configure_logs(settings.log_level)

    storage = Folder(settings.attachments_path)
    runner = Runner(store, storage, now, timedelta(seconds=settings.operation_lease_seconds))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        limit_threads(settings.worker_threads)
        runner.wake()
        yield
        await run_in_threadpool(runner.stop)
        if database is None:
            store.dispose()

    # A slash too many is an unknown address like any other: a redirect is no answer that the document declares.
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        title="银桥 Yinqiao",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
    )
    use_database(app, store)
    use_gate(app, gate or AccessGate(store, settings))
    use_pages(app, settings.cursor_secret)
    use_settings(app, settings)
    attachments.use_storage(app, storage)
    imports.use_runner(app, runner)
    audit.use_seal_export(app, SealExport.of(settings))
    use_registrar(app, Registrar(Policy(settings.allowed_networks)))
    use_oidc(app, Provider.of(settings))
    app.router.routes.extend(_routes())
    serve_documentation(app)
    install_console(app, settings)
    check_declarations(app)
    install_edge(
        app,
        body_limit=settings.body_limit_bytes,
        larger=(*LARGER_BODIES, LARGER_BODY, imports.LARGER_BODY, referral_answers.LARGER_BODY),
        body_seconds=settings.body_seconds,
    )
    show_missing_pages(app)
    declare_keys(app)
    declare_access(app)
    return app
