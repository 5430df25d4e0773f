"""Maker and checker: what one person drafted, another puts into force. The database holds it too."""

from uuid import UUID

from app.access.caller import Caller
from app.errors import Conflict


class OwnDraft(Conflict):
    """Whoever wrote a draft last does not publish it."""

    code = "own_draft"
    title = "起草人不能自己发布"


def check_second_person(drafted_by: UUID | None, caller: Caller) -> None:
    """Raise OwnDraft where the caller wrote it; a key of a machine is its account. Unknown ids (None) are nobody's."""
    if drafted_by is not None and drafted_by == caller.account_id:
        raise OwnDraft("这份草稿最后由您（或您账号的密钥）写成，请本单位另一位同事核对后发布")
