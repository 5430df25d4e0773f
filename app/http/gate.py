"""Who stands at the door: the seam by which the house's access rules meet every route, without HTTP knowing them.

request ─▶ admit (before the body is read) ─▶ enter (transaction open) ─▶ endpoint ─▶ leave (before the commit)
                                                                           └ raises ─▶ refused (own transaction)
"""

from typing import Protocol

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session

from app.errors import AppError


class Gate(Protocol):
    """What the edge asks of the access rules. One per application."""

    async def admit(self, request: Request, route: APIRoute) -> None:
        """Find out who calls and whether they may use the route, before its body is read.

        What is found stands in `request.state`. Raises Unauthenticated or Forbidden.
        """

    def enter(self, session: Session, request: Request) -> None:
        """Bind a transaction that has just begun to the caller."""

    def leave(self, session: Session, request: Request) -> None:
        """Last act of a transaction that writes, before its commit: what it did is put on record."""

    def left_reading(self, session: Session, request: Request) -> None:
        """After a transaction that read, before its answer leaves: what it showed is put on record, if need be."""

    def refused(self, request: Request, error: AppError) -> None:
        """An attempt that was refused, its transaction rolled back."""


def use_gate(app: FastAPI, gate: Gate) -> None:
    """Let `gate` stand at the door of `app`."""
    app.state.gate = gate


def gate_of(request: Request) -> Gate | None:
    """The gate of the running app; None where an application has none, as in tests of the edge alone."""
    gate: Gate | None = getattr(request.app.state, "gate", None)
    return gate
