"""Passwords that others try first: frequent ones, Chinese ones among them, dressed up with digits or not.

The frequent ones of the world are the list that the library zxcvbn carries; those in pinyin stand in the seed folder.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from pypinyin import lazy_pinyin
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.access.password_profiles import FOLDER
from app.config import Settings

# The usual disguises of letters; undone before a word is looked up.
_DISGUISES: Final = str.maketrans("@$013457!", "asoieasti")
_EDGES: Final = re.compile(r"^[\d\W_]+|[\d\W_]+$")
_SEQUENCES: Final = (
    *("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba"),
    *("qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm"),
)
# What is left beside a word that everybody guesses has to be at least as long as a short password.
_REST: Final = 8
_SHORTEST_OWN: Final = 3
_FEW: Final = 4


def is_common(password: str, settings: Settings, about: Iterable[str] = ()) -> bool:
    """Whether somebody who knows the lists, and the words `about` its owner, would try it early."""
    folded = password.casefold()
    words = _common(settings.seed_path / FOLDER / "common.txt")
    if _is_monotonous(folded) or any(form in words for form in _forms(folded)):
        return True
    own = {word for one in about for word in _own_words(one)}
    return any(word in folded and len(folded) - len(word) < _REST for word in own)


def _forms(folded: str) -> set[str]:
    """The password itself, without its edges, undisguised, and what it repeats."""
    bare = _EDGES.sub("", folded)
    forms = {folded, bare, folded.translate(_DISGUISES), bare.translate(_DISGUISES)}
    forms |= {_EDGES.sub("", form) for form in forms}
    return {_unrepeated(form) for form in forms} | forms - {""}


def _is_monotonous(folded: str) -> bool:
    return len(set(folded)) <= _FEW or any(_unrepeated(folded) in sequence for sequence in _SEQUENCES)


def _unrepeated(text: str) -> str:
    """abab → ab: the shortest text of which it is made."""
    period = (text + text).find(text, 1)
    return text[:period] if text else text


def _own_words(text: str) -> set[str]:
    pinyin = "".join(lazy_pinyin(text)).casefold()
    return {word for word in (text.casefold(), pinyin) if len(word) >= _SHORTEST_OWN}


@cache
def _common(file: Path) -> frozenset[str]:
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    ours = {line for line in lines if line and not line.startswith("#")}
    return frozenset(ours | set(FREQUENCY_LISTS["passwords"]))
