"""An operator's own official texts, split into the clauses of the library.

The service holds summaries only. Whoever has the official text may load it: one UTF-8 file a document, named by
its slug. Headings (一、 二、 …) name the parts; within a part a clause begins at its number, written (一) or
1. at the start of a line. Line breaks that only the page made are taken out.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from app.programmes.queries import list_clauses, list_documents
from app.store.tables import Clause, ClauseText, PolicyDocument

_LARGEST: Final = 2_000_000
_NUMERALS: Final = "一二三四五六七八九十"
_PART: Final = re.compile(rf"([{_NUMERALS}]{{1,3}})、")
_CLAUSE: Final = re.compile(rf"(\([{_NUMERALS}]{{1,3}}\))|([0-9]{{1,2}})[.、](?![0-9])")
# Headings of converted documents carry these in front and around.
_MARKUP: Final = re.compile(r"^[#*\s]+|\*\*")
# A clause ends with the offices that carry it; what follows is the signature, a footnote or the next heading.
_OFFICES: Final = re.compile(r"[(（](?:责任单位[^()（）]*|[^()（）]*(?:负责|落实))[)）]\s?[。.]?")
_BETWEEN_LETTERS: Final = re.compile(r"(?<![A-Za-z])\s+|\s+(?![A-Za-z])")


class TextRefused(ValueError):
    """A folder or file that cannot be loaded; the message says why in Chinese."""


@dataclass(frozen=True, slots=True)
class TextReport:
    """What was found in one file: how many clauses, and which of the library's are missing in it."""

    number: str
    loaded: int
    missing: tuple[str, ...]

    def __str__(self) -> str:
        found = f"{self.number}：装入 {self.loaded} 条"
        return f"{found}，没有找到 {'、'.join(self.missing)}" if self.missing else found


def load_texts(session: Session, folder: Path, now: datetime) -> list[TextReport]:
    """Loads every `<slug>.txt` of a folder, replacing what was loaded before. Raises TextRefused."""
    files = sorted(folder.glob("*.txt")) if folder.is_dir() else []
    if not files:
        raise TextRefused(f"{folder} 里没有 .txt 文件")
    documents = {document.slug: document for document in list_documents(session)}
    if unknown := [file.name for file in files if file.stem not in documents]:
        known = "、".join(f"{slug}.txt" for slug in documents)
        raise TextRefused(f"认不出 {'、'.join(unknown)}：文件名应是政策代码，可用的有 {known}")
    return [_load_one(session, documents[file.stem], file, now) for file in files]


def _load_one(session: Session, document: PolicyDocument, file: Path, now: datetime) -> TextReport:
    raw = file.read_bytes()
    clauses = list_clauses(session, document)
    texts = split_clauses(_decoded(file, raw), [clause.key for clause, _ in clauses])
    if not texts:
        raise TextRefused(f"{file.name} 里没有找到任何条款，请核对是不是 {document.number or document.title}")
    digest = hashlib.sha256(raw).hexdigest()
    for clause, stored in clauses:
        if clause.key in texts:
            _put(session, clause, stored, ClauseText(text=texts[clause.key], source_sha256=digest, loaded_at=now))
    missing = tuple(clause.key for clause, _ in clauses if clause.key not in texts)
    return TextReport(document.number or document.title, len(texts), missing)


def _decoded(file: Path, raw: bytes) -> str:
    if len(raw) > _LARGEST:
        raise TextRefused(f"{file.name} 超过 {_LARGEST // 1_000_000} MB，不像一份文件的文本")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TextRefused(f"{file.name} 不是 UTF-8 或 GB18030 文本，请另存为 UTF-8 文本")


def _put(session: Session, clause: Clause, stored: ClauseText | None, new: ClauseText) -> None:
    new.clause_id = clause.id
    if stored is None:
        session.add(new)
    elif stored.text != new.text or stored.source_sha256 != new.source_sha256:
        session.merge(new)


def split_clauses(text: str, keys: Sequence[str]) -> dict[str, str]:
    """The text of each clause by key, for those of `keys` (in document order) that the text holds, in that order."""
    order = {key: place for place, key in enumerate(keys)}
    pieces: dict[str, list[str]] = {}
    current, last = None, -1
    for key, line in _marked_lines(text):
        if key is not None and order.get(key, -1) > last:
            current, last = key, order[key]
        elif key is not None and key not in order:
            current = None
        if current is not None:
            pieces.setdefault(current, []).append(line)
    return {key: _joined(lines) for key, lines in pieces.items()}


def _marked_lines(text: str) -> Iterator[tuple[str | None, str]]:
    """Every line with the key of the clause that begins in it; a part's heading comes as the empty key."""
    part = ""
    for line in text.splitlines():
        content = _MARKUP.sub("", line).strip()
        normal = unicodedata.normalize("NFKC", content)
        if heading := _PART.match(normal):
            part = heading[1]
            yield "", content
        elif marker := _CLAUSE.match(normal):
            yield part + (marker[1] or marker[2]), content
        else:
            yield None, content


def _joined(lines: Sequence[str]) -> str:
    """The lines as one paragraph: pages and columns broke them anywhere."""
    text = _BETWEEN_LETTERS.sub("", " ".join(line for line in lines if line))
    offices = _OFFICES.search(text)
    return text[: offices.end()] if offices else text
