"""`yinqiao user …`: help from the host for whoever is locked out. All else is done over the API by the right person."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit.events import writing_as_service
from app.access.bootstrap import account_of, close_from_host
from app.access.guesses import forgive
from app.access.offices import ROLE_LABELS
from app.access.permissions import Role
from app.access.start_passwords import StartPassword, give_start_password, take_second_factor
from app.config import read_settings
from app.http.clock import CHINA, now
from app.store.engine import open_database
from app.store.tables import Account, Organisation

users = typer.Typer(help="账号：列出、解锁、重置、停用（用于无人能登录时；平时由管理员办理）", no_args_is_help=True)
Login = Annotated[str, typer.Argument(help="登录名")]


@contextmanager
def _changing(action: str) -> Iterator[Session]:
    """A transaction that the trail shows as the command line's."""
    database = open_database(read_settings())
    try:
        with writing_as_service(database, action) as session:
            yield session
    finally:
        database.dispose()


@users.command(name="list")
def list_users() -> None:
    """列出仍在使用的账号"""
    database = open_database(read_settings())
    query = select(Account, Organisation.name).join(Organisation, Organisation.id == Account.organisation_id)
    try:
        with database.reading() as session:
            for account, office in session.execute(query.where(Account.closed_at.is_(None)).order_by(Account.login)):
                roles = "、".join(ROLE_LABELS[Role(one)] for one in account.roles) or "没有角色"
                typer.echo(f"{account.login}\t{account.name}\t{office}\t{roles}")
    finally:
        database.dispose()


@users.command(name="reset-password")
def reset_password(login: Login) -> None:
    """发一个首次登录用的密码，只显示这一次；原密码和登录随之失效"""
    settings = read_settings()
    with _changing("reset_user_password") as session:
        given = give_start_password(session, account_of(session, login), now(), settings)
    typer.echo(told(login, given))


@users.command(name="reset-second-factor")
def reset_second_factor(login: Login) -> None:
    """取消第二因素（如手机丢失），下次登录时重新设置"""
    with _changing("reset_user_second_factor") as session:
        take_second_factor(session, account_of(session, login), now())
    typer.echo(f"{login} 下次登录时须重新设置第二因素")


@users.command()
def unlock(login: Login) -> None:
    """清除登录失败的计数"""
    with _changing("unlock_user") as session:
        forgive(session, account_of(session, login).login)
    typer.echo(f"{login} 可以再次登录")


@users.command()
def close(login: Login) -> None:
    """立即停用账号，其登录和密钥随之失效（如账号被盗用）"""
    with _changing("close_user") as session:
        close_from_host(session, login, now())
    typer.echo(f"{login} 已停用")


def told(login: str, start: StartPassword) -> str:
    """A start password as the command line shows it."""
    until = start.expires_at.astimezone(CHINA)
    return f"{login}\t{start.text}\t（首次登录须另设密码；{until:%Y-%m-%d %H:%M} 前有效）"
