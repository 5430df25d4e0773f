"""Chinese search: names found by any two of their characters, by pinyin and by initials; names that are nearly equal.

Two-character words defeat the trigram indexes of both databases, so each institution brings its own grams: every two
adjacent characters of its name, every two adjacent initials, and from every syllable the next letters of its pinyin.
A gram narrows, the search key decides.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, chain, pairwise
from typing import Any, Final, TypeVar
from uuid import UUID

from pypinyin import lazy_pinyin, load_phrases_dict
from pypinyin.seg.simpleseg import seg
from rapidfuzz import fuzz, process
from sqlalchemy import ColumnElement, and_, delete, insert, or_, select
from sqlalchemy.orm import Session

from app.store.bulk import bound, insert_bound
from app.store.tables import Institution, SearchGram

MIN_QUERY: Final = 2
# From this likeness on (0 to 100, share of characters in common order) two names in one county are worth a look:
# one character apart in seven.
NEAR: Final = 85.0
_MOST_NEAR: Final = 5
_PAIR: Final = 2
_PINYIN_GRAM: Final = 6
# Sorts after every pinyin gram that begins with the same letters; grams of pinyin are a to z and digits only.
_LAST: Final = "z" * _PINYIN_GRAM

# Place names of the province that the dictionary of common words reads differently.
load_phrases_dict(
    {
        "长治": [["cháng"], ["zhì"]],
        "洪洞": [["hóng"], ["tóng"]],
        "繁峙": [["fán"], ["shì"]],
        "万柏林": [["wàn"], ["bǎi"], ["lín"]],
    }
)

K = TypeVar("K")


def plain(name: str) -> str:
    """Letters, digits and characters only, half-width and in lower case."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))


def search_key(name: str) -> str:
    """What a name is found by: its characters, its pinyin and its initials, separated by blanks."""
    syllables = _syllables(plain(name))
    return f"{plain(name)} {''.join(syllables)} {''.join(syllable[0] for syllable in syllables)}"


def search_grams(name: str) -> set[str]:
    """The grams of a name."""
    syllables = _syllables(plain(name))
    pinyin = "".join(syllables)
    starts = [0, *accumulate(len(syllable) for syllable in syllables)][:-1]
    initials = "".join(syllable[0] for syllable in syllables)
    return {*_pairs(plain(name)), *_pairs(initials), *(pinyin[start : start + _PINYIN_GRAM] for start in starts)}


@lru_cache(maxsize=4_096)
def _syllables(name: str) -> tuple[str, ...]:
    """The reading of each character; other letters and digits stand for themselves, one by one.

    Kept for a while: key and grams of a name are asked for in turn, and a reading costs more than both.
    """
    return tuple(chain.from_iterable(map(_reading, _words(name))))


@lru_cache(maxsize=1 << 14)
def _reading(word: str) -> Sequence[str]:
    """The reading of a word of the package's own: the names of a province are made of a few thousand of them."""
    return word if word.isascii() else tuple(_read([word], errors=list))


# The package's own annotations know neither that a handler may answer a list nor that lists come back.
_words: Final[Callable[[str], list[str]]] = seg
_read: Final[Callable[..., Any]] = lazy_pinyin


def _pairs(word: str) -> Iterable[str]:
    return map("".join, pairwise(word))


def replace_grams(session: Session, institution_id: UUID, name: str) -> None:
    """Let an institution be found by this name alone."""
    session.execute(delete(SearchGram).where(SearchGram.institution_id == institution_id))
    rows = [{"gram": gram, "institution_id": institution_id} for gram in sorted(search_grams(name))]
    if rows:
        session.execute(insert(SearchGram), rows)


def add_grams(session: Session, names: Mapping[UUID, str]) -> None:
    """Add the grams of institutions that have none. Sorted, so that the index grows page by page."""
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for at, name in enumerate(names.values()):
        for gram in search_grams(name):
            holders[gram].append(at)
    table = SearchGram.metadata.tables[SearchGram.__tablename__]
    # Each key as the driver takes it is made once, not once for each of its some thirty grams.
    keys = bound(session.connection(), table.c.institution_id, list(names))
    by_gram = sorted(holders.items())
    grams = [gram for gram, holding in by_gram for _ in holding]
    owners = [keys[at] for _, holding in by_gram for at in holding]
    insert_bound(session, table, {"gram": grams, "institution_id": owners})


def found_by(query: str) -> ColumnElement[bool]:
    """SQL: every word of the query is in the institution's name, pinyin or initials, or begins one of its numbers."""
    return and_(*(_found_by_word(word) for word in words_of(query)))


def words_of(query: str) -> list[str]:
    """The words of a query as they are looked for."""
    return [word for word in map(plain, query.replace("ü", "v").replace("Ü", "v").split()) if word]


def _found_by_word(word: str) -> ColumnElement[bool]:
    named: ColumnElement[bool] = Institution.search_key.contains(word, autoescape=True)
    if len(word) >= MIN_QUERY:
        named = and_(named, Institution.id.in_(select(SearchGram.institution_id).where(_gram_of(word))))
    if not word.isascii():
        return named
    number = word.upper()
    numbers: list[Any] = [Institution.uscc, Institution.provisional_number]
    return or_(named, *(column.startswith(number, autoescape=True) for column in numbers))


def _gram_of(word: str) -> ColumnElement[bool]:
    pair = SearchGram.gram == word[:_PAIR]
    if not word.isascii():
        return pair
    first = word[:_PINYIN_GRAM]
    return or_(pair, SearchGram.gram.between(first, first + _LAST))


def near_names(name: str, others: Mapping[K, str], ignored: Sequence[str] = ()) -> list[tuple[K, float]]:
    """The others whose names are nearly equal, the nearest first, with their likeness (0 to 100).

    `ignored` are the names of places, which all names of a county share and which say nothing.
    """
    return nearest(bare_name(name, ignored), {key: bare_name(other, ignored) for key, other in others.items()})


def nearest(bare: str, others: Mapping[K, str]) -> list[tuple[K, float]]:
    """The same among names that are bare already, for whoever compares many names with the same others."""
    found = process.extract(bare, others, scorer=fuzz.ratio, score_cutoff=NEAR, limit=_MOST_NEAR, processor=None)
    return [(key, round(score, 1)) for _, score, key in found]


def bare_name(name: str, ignored: Sequence[str]) -> str:
    """What distinguishes a name: without the names of its places."""
    bare = plain(name)
    for place in ignored:
        bare = bare.replace(place, "")
    return bare or plain(name)
