"""`yinqiao deliver`: a sender as a process of its own, put together from the settings and stopped by a signal."""

import signal
import ssl
from typing import Annotated

import anyio
import httpx
import typer

from app.config import Settings, read_settings
from app.http.clock import now
from app.http.logs import configure_logs
from app.referrals.sender import Sender, World
from app.referrals.targets import Policy, system_resolver
from app.referrals.webhook_notices import Tell, tell_bank
from app.referrals.webhook_secrets import Cupboard
from app.store.engine import Database, open_database


def deliver(
    once: Annotated[
        bool, typer.Option("--once", help="把此刻到期的推送发完即结束；不写则一直运行，直到收到停止信号")
    ] = False,
) -> None:
    """发送推送；可以同时运行几个，互不重复。serve 只登记，不发送，须另外运行本命令"""
    settings = read_settings()
    configure_logs(settings.log_level)
    database = open_database(settings)
    try:
        anyio.run(_deliver, the_world(settings, database), once)
    finally:
        database.dispose()


def the_world(settings: Settings, database: Database, tell: Tell = tell_bank) -> World:
    """The sender's world as the settings describe it. Raises SettingsRefused where there is no secret key."""
    return World(
        database=database,
        cupboard=Cupboard(settings),
        policy=Policy(settings.allowed_networks),
        resolve=system_resolver,
        trust=trusted(),
        clock=now,
        tell=tell,
    )


def trusted() -> ssl.SSLContext:
    """The certificates that browsers trust; nothing of the environment."""
    return httpx.create_ssl_context(trust_env=False)


async def _deliver(world: World, once: bool) -> None:
    sender = Sender(world)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_stop_on_signal, sender)
        await sender.run(once=once)
        tasks.cancel_scope.cancel()


async def _stop_on_signal(sender: Sender) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            sender.stop()
