"""Liveness and readiness, for load balancers and containers."""

from typing import Literal

from fastapi import APIRouter, Request
from sqlalchemy import Connection, exists, select
from sqlalchemy.exc import OperationalError

from app.errors import NotMigrated, NotSeeded, StoreUnavailable
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.schemas import OutputSchema
from app.store.engine import Database, read_only
from app.store.migrate import head_revision, revision_of
from app.store.tables import PolicyDocument

router = APIRouter(route_class=StrictRoute, tags=["health"])


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
    summary="能否提供服务：数据库可用、结构为当前版本且已装入政策",
    responses=problem_responses(StoreUnavailable, NotMigrated, NotSeeded),
)
def get_readiness(request: Request) -> ReadinessOut:
    """The database answers, is migrated to the newest revision, and holds the policies of the seeds."""
    database: Database = request.app.state.database
    try:
        with read_only(database.engine).connect() as connection:
            revision = _migrated(connection)
            _check_seeded(connection)
    except OperationalError:
        raise StoreUnavailable("数据库无法连接，请检查 YINQIAO_DATABASE_URL 和数据库服务") from None
    name = database.engine.dialect.name
    return ReadinessOut(status="ok", database="sqlite" if name == "sqlite" else "postgresql", revision=revision)


def _migrated(connection: Connection) -> str:
    current, head = revision_of(connection), head_revision()
    if current != head:
        raise NotMigrated("数据库结构不是当前版本，请先运行 yinqiao migrate")
    return head


def _check_seeded(connection: Connection) -> None:
    if not connection.scalar(select(exists().where(PolicyDocument.id.is_not(None)))):
        raise NotSeeded("数据库里还没有政策、参数和利率，请先运行 yinqiao seed")
