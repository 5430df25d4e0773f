"""The application: settings, database and rooms put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app.config import Settings, read_settings
from app.http import health
from app.http.edge import install_edge
from app.http.unit_of_work import limit_threads, use_database
from app.matching import routes as matching
from app.matching import rule_checks
from app.programmes import routes as programmes
from app.store.engine import Database, open_database

API = "/api/v1"
DESCRIPTION = (
    "山西养老金融对接服务：政策条款、扶持政策、贴息测算。金额为元的十进制文本，百分比为十进制文本，日期为 ISO 格式。"
    "结果依据公布的条款自动得出，以主管部门和银行的决定为准。"
)


def create_app(settings: Settings | None = None, database: Database | None = None) -> FastAPI:
    """The service. Without arguments it runs on the environment (`YINQIAO_…`)."""
    settings = settings or read_settings()
    store = database or open_database(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        limit_threads(settings.worker_threads)
        yield
        if database is None:
            store.dispose()

    # The documentation page comes from the installed package: an intranet reaches no CDN.
    # A slash too many is an unknown address like any other: a redirect is no answer that the document declares.
    app = FastAPIOffline(
        redoc_url=None,
        redirect_slashes=False,
        title="银桥 Yinqiao",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
    )
    use_database(app, store)
    app.include_router(health.router)
    for room in (programmes, matching, rule_checks):
        app.include_router(room.router, prefix=API)
    install_edge(app, body_limit=settings.body_limit_bytes)
    return app
