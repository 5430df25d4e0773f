"""Letters as people read them."""

import pytest

from app.console.mine.inbox_pages import plain


@pytest.mark.parametrize(
    ("letter", "read"),
    [
        ("同意的请办理授权（POST /api/v1/consents），不同意的请拒绝", "同意的请办理授权，不同意的请拒绝"),
        ("测算不等于获批；逐年明细：/api/v1/institutions/x/matches?loan=y&expand=conditions", "测算不等于获批"),
        ("请在 11 月 20 日前答复：还有 3 天", "请在 11 月 20 日前答复：还有 3 天"),
    ],
)
def test_letters_are_shown_without_addresses_of_the_api(letter: str, read: str) -> None:
    assert plain(letter) == read
