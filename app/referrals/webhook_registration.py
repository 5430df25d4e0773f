"""Checking an address before it is registered: outside of any transaction, because the resolver may be slow."""

from typing import Annotated, Final

import anyio
import anyio.to_thread
from fastapi import Depends, FastAPI, Request

from app.referrals.targets import NameNotFound, Policy, Resolve, addresses_of, parse_target, system_resolver
from app.referrals.webhook_schemas import EndpointIn, EndpointPatch

# A name that is not found by then may be registered; the sender asks again before each connection.
LOOKUP_SECONDS: Final = 3.0
_LOOKUPS: Final = 4


class Registrar:
    """What the web process asks about addresses; one for each application."""

    def __init__(self, policy: Policy, resolve: Resolve = system_resolver) -> None:
        self._policy = policy
        self._resolve = resolve
        self._lookups: anyio.CapacityLimiter | None = None

    async def check(self, url: str) -> None:
        """Raises TargetRefused where the address leads where nothing may go."""
        target = parse_target(url)
        # Made in the loop that uses it; threads of its own, so that slow names keep nobody else's request waiting.
        self._lookups = self._lookups or anyio.CapacityLimiter(_LOOKUPS)
        found = []
        with anyio.move_on_after(LOOKUP_SECONDS):
            found = await anyio.to_thread.run_sync(
                addresses_of, target, self._resolve, limiter=self._lookups, abandon_on_cancel=True
            )
        try:
            self._policy.checked(target, found)
        except NameNotFound:
            self._policy.check_unresolved(target)


def use_registrar(app: FastAPI, registrar: Registrar) -> None:
    """Let the endpoints of `app` ask `registrar`."""
    app.state.webhook_registrar = registrar


async def checked_endpoint(request: Request, body: EndpointIn) -> EndpointIn:
    """A new endpoint whose address may be registered."""
    await _registrar_of(request).check(body.url)
    return body


async def checked_patch(request: Request, body: EndpointPatch) -> EndpointPatch:
    """A change whose address, if it gives one, may be registered."""
    if body.url is not None:
        await _registrar_of(request).check(body.url)
    return body


def _registrar_of(request: Request) -> Registrar:
    registrar: Registrar = request.app.state.webhook_registrar
    return registrar


CheckedEndpoint = Annotated[EndpointIn, Depends(checked_endpoint)]
CheckedPatch = Annotated[EndpointPatch, Depends(checked_patch)]
