"""What only the demonstration's pages say: the code of a second factor, since nobody has an authenticator at hand."""

from starlette.concurrency import run_in_threadpool

from app.console.page import Page
from app.demo.codes import code_of, is_demonstration
from app.http.clock import now
from app.http.unit_of_work import database_of


async def code_for(page: Page) -> str | None:
    """The code that whoever looks at the page would type now; None wherever this is no demonstration."""
    if page.caller.account_id is None or not is_demonstration(page.settings):
        return None
    return await run_in_threadpool(
        code_of, await database_of(page.request), page.caller.account_id, now(), page.settings
    )
