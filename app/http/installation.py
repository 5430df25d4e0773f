"""The settings of the running app, for endpoints that decide by them."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from app.config import Settings


def use_settings(app: FastAPI, settings: Settings) -> None:
    """Let the endpoints of `app` decide by `settings`."""
    app.state.settings = settings


async def settings_of(request: Request) -> Settings:
    """Async, so that FastAPI resolves it without a thread hop of its own."""
    settings: Settings = request.app.state.settings
    return settings


Configured = Annotated[Settings, Depends(settings_of)]
