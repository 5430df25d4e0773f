"""Liveness and readiness, for load balancers and containers."""

from typing import Literal

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from app.errors import NotMigrated, StoreUnavailable
from app.http.openapi import problem_responses
from app.http.schemas import OutputSchema
from app.store.engine import Database, read_only
from app.store.migrate import head_revision, revision_of

router = APIRouter(tags=["health"])


class HealthOut(OutputSchema):
    status: Literal["ok"]


class ReadinessOut(OutputSchema):
    status: Literal["ok"]
    database: Literal["sqlite", "postgresql"]
    revision: str


@router.get("/healthz", operation_id="get_health", summary="进程是否存活")
def get_health() -> HealthOut:
    """The process answers."""
    return HealthOut(status="ok")


@router.get(
    "/readyz",
    operation_id="get_readiness",
    summary="能否提供服务：数据库可用且结构为当前版本",
    responses=problem_responses(StoreUnavailable, NotMigrated),
)
def get_readiness(request: Request) -> ReadinessOut:
    """The database answers and is migrated to the newest revision."""
    database: Database = request.app.state.database
    try:
        with read_only(database.engine).connect() as connection:
            revision = _migrated(connection)
    except OperationalError:
        raise StoreUnavailable("数据库无法连接，请检查 YINQIAO_DATABASE_URL 和数据库服务") from None
    name = database.engine.dialect.name
    return ReadinessOut(status="ok", database="sqlite" if name == "sqlite" else "postgresql", revision=revision)


def _migrated(connection: Connection) -> str:
    current, head = revision_of(connection), head_revision()
    if current != head:
        raise NotMigrated("数据库结构不是当前版本，请先运行 yinqiao migrate")
    return head
