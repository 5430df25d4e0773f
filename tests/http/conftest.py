"""A small app with the whole edge and no database."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from fastapi import APIRouter, FastAPI, Path, Query
from fastapi.testclient import TestClient
from pydantic import Field

from app.errors import NotFound
from app.http.edge import install_edge
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.schemas import InputSchema, IsoDate, OutputSchema, PositiveYuan, Text

BODY_LIMIT = 2_000_000
router = APIRouter(route_class=StrictRoute)


class LoanNotFound(NotFound):
    """No loan of this number."""

    code = "loan_not_found"


class Monthly(InputSchema):
    kind: Literal["monthly"]
    months: Annotated[int, Field(ge=1, le=36)]


class Once(InputSchema):
    kind: Literal["once"]
    on: IsoDate


class LoanIn(InputSchema):
    principal_yuan: PositiveYuan
    drawn_on: IsoDate
    repayment: Annotated[Monthly | Once, Field(discriminator="kind")] | None = None
    notes: dict[Text, Text] | None = None


class LoanOut(OutputSchema):
    principal_yuan: PositiveYuan
    drawn_on: date


@router.post("/loans", operation_id="add_loan", status_code=201)
def add_loan(body: LoanIn) -> LoanOut:
    return LoanOut(principal_yuan=body.principal_yuan, drawn_on=body.drawn_on)


@router.get("/loans", operation_id="list_loans")
def list_loans(as_of: Annotated[IsoDate | None, Query()] = None) -> LoanOut:
    return LoanOut(principal_yuan=Decimal(1), drawn_on=as_of or date(2026, 11, 20))


@router.get("/loans/{number}", operation_id="get_loan", responses=problem_responses(LoanNotFound))
def get_loan(number: Annotated[int, Path(ge=1)]) -> LoanOut:
    raise LoanNotFound(f"没有编号为 {number} 的贷款")


@router.get("/failure", operation_id="fail")
def fail() -> LoanOut:
    raise RuntimeError("secret of the house")


@pytest.fixture(scope="session")
def edge() -> FastAPI:
    app = FastAPI()
    app.include_router(router, prefix="/api")
    install_edge(app, body_limit=BODY_LIMIT)
    return app


@pytest.fixture(scope="session")
def client(edge: FastAPI) -> Iterator[TestClient]:
    with TestClient(edge, raise_server_exceptions=False) as client:
        yield client
